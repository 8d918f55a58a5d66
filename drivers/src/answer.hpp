// How operations tell what a system call said.
#pragma once

#include <cerrno>
#include <cstddef>
#include <sys/types.h>

namespace bifilar::drivers {

/// What one call moves at most in Linux, which keeps results within an int.
inline constexpr std::size_t most_per_call = 0x7ffff000;

/// A system call's result, or its negative errno, which is taken right behind it.
inline int answer(ssize_t result) noexcept { return result >= 0 ? static_cast<int>(result) : -errno; }

/// Whether a call may be one that the kernel does not know, or a container's filter of calls, which answers EPERM.
constexpr bool is_unknown_call(int result) noexcept { return result == -ENOSYS || result == -EPERM; }

}  // namespace bifilar::drivers
