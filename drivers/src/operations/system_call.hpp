// What a system call said, in one number.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <sys/types.h>

namespace bifilar::drivers {

/// What one call moves at most in Linux, which keeps results within an int.
inline constexpr std::size_t max_per_call = 0x7ffff000;

/// The same for a ring's entry.
[[nodiscard]] constexpr unsigned ring_bytes(std::size_t bytes) noexcept {
    return static_cast<unsigned>(std::min(bytes, max_per_call));
}

/// A system call's result, or its negative errno, which is taken right behind it.
inline int result_of(ssize_t result) noexcept { return result >= 0 ? static_cast<int>(result) : -errno; }

/// Whether a call may be one that the kernel does not know, or a container's filter of calls, which answers EPERM.
constexpr bool is_unknown_call(int result) noexcept { return result == -ENOSYS || result == -EPERM; }

}  // namespace bifilar::drivers
