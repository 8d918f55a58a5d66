// Tells a process from one that was forked from it: threads, rings and registrations do not come along.
// It builds on pthread_atfork; a vfork or a posix_spawn is not seen, and need not be.
#pragma once

#include <bifilar/base/detail/atomic.hpp>
#include <cstdint>

namespace bifilar::base {

// Written in a forked child before its fork returns, when it has one thread; read by all.
extern atomic<std::uint32_t> forks;
/// How many forks lead from the program's start to the calling process: what was made under another number belongs to
/// an ancestor. Any thread, signal handlers too.
[[nodiscard]] inline std::uint32_t fork_count() noexcept {
    return forks.load(relaxed);  // Relaxed: no other thread of the process writes it.
}

/// For checks of what belongs to the process that made it.
inline constexpr const char* used_in_forked_child =
    "a runtime was used in a forked child, which has no workers; call exec or _exit there, or make a new runtime on "
    "the "
    "thread that forked";

}  // namespace bifilar::base
