// Tells a process from one that was forked from it: threads, rings and registrations do not come along.
// It builds on pthread_atfork; a vfork or a posix_spawn is not seen, and need not be.
#pragma once

#include <cstdint>

namespace bifilar::base {

/// How many forks led to the calling process since the library was first used: what was made under another number
/// belongs to an ancestor. Any thread, also in a signal handler once it was called before. Neither blocks nor allocates
/// after the first call.
[[nodiscard]] std::uint32_t fork_count() noexcept;

}  // namespace bifilar::base
