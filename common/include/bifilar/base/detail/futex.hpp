// Sleeping on a word of memory, and waking who does: the kernel's futex, within this process. Async-signal-safe.
#pragma once

#include <bifilar/base/detail/atomic.hpp>
#include <cstdint>
#include <ctime>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace bifilar::base {

/// Sleeps while the word has this value, and until futex_wake, `limit_ns` (below 0: none) or no reason at all. What the
/// call answers is not told: whoever waits looks again.
inline void futex_wait(atomic<std::uint32_t>& word, std::uint32_t value, std::int64_t limit_ns = -1) noexcept {
    constexpr std::int64_t second_ns = 1'000'000'000;
    const timespec limit{static_cast<time_t>(limit_ns / second_ns), static_cast<long>(limit_ns % second_ns)};
    (void)::syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), FUTEX_WAIT_PRIVATE, value,
                    limit_ns >= 0 ? &limit : nullptr, nullptr, 0);
}

/// Wakes as many as sleep there, at most `count`. The word may be gone: then others wake for no reason.
inline void futex_wake(atomic<std::uint32_t>* word, int count) noexcept {
    (void)::syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(word), FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0);
}

}  // namespace bifilar::base
