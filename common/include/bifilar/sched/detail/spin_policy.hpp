// How long a worker without work looks on before it sleeps. A policy that its worker feeds; knows neither clock nor
// thread.
//
// A wake through the kernel costs both sides more than a short wait does, so a worker waits a little where other
// threads have woken it soon after it fell asleep. Two workers that wake each other in turn may both sleep for ever
// though: each is woken late, because the other had to wake up first. So after some short sleeps in a row a worker
// waits for longer than a wake takes; when the other one does so too, wakes come at once, and short waits do.
#pragma once

#include <bifilar/sched/detail/tuning.hpp>
#include <algorithm>
#include <cstdint>

namespace bifilar::sched {

/// One thread's.
class spin_policy {
public:
    static constexpr std::uint32_t max_pauses = 128;  ///< Of a short wait: a few microseconds.
    /// Of a long one, unless told otherwise: more than a wake through the kernel takes.
    static constexpr std::uint32_t long_pauses = tuning{}.longest_wait_pauses;

    /// No wait is longer than `longest_pauses`.
    explicit spin_policy(wait_before_sleep policy = wait_before_sleep::adaptive,
                       std::uint32_t longest_pauses = long_pauses) noexcept
        : policy_{policy}, longest_pauses_{longest_pauses} {}

    /// For how many pauses of the processor to wait now.
    [[nodiscard]] std::uint32_t pauses() const noexcept {
        if (policy_ == wait_before_sleep::none) return 0;
        return is_long() ? longest_pauses_ : std::min(pauses_, longest_pauses_);
    }

    /// Work came after so many pauses.
    void caught(std::uint32_t after_pauses) noexcept {
        if (!is_long()) return;
        if (after_pauses <= max_pauses) {
            pauses_ = max_pauses;
            row_ = late_ = 0;
            enough_ = first_enough;
        } else if (++late_ == max_late) {
            end_long();
        }
    }
    /// None came; the worker falls asleep.
    void missed() noexcept {
        if (is_long())
            end_long();
        else
            pauses_ /= 2;
    }
    /// The worker slept, and was woken by another thread soon. A short sleep that ended otherwise says nothing.
    void woken_soon() noexcept {
        ++row_;
        // Grows slowly and halves with each miss, so that wakes which come a little too late for it cost little.
        pauses_ = std::min(pauses_ + 16, max_pauses);
    }
    /// The worker slept for longer.
    void slept_long() noexcept { row_ = 0; }

    /// Whether the next wait is a long one.
    [[nodiscard]] bool is_long() const noexcept { return policy_ == wait_before_sleep::always || row_ >= enough_; }

private:
    static constexpr std::uint32_t first_enough = 4;
    static constexpr std::uint32_t max_enough = 4096;
    static constexpr std::uint32_t max_late = 16;

    // Long waits do not pay: more sleeps until the next.
    void end_long() noexcept {
        row_ = late_ = 0;
        enough_ = std::min(2 * enough_, max_enough);
    }

    const wait_before_sleep policy_;
    const std::uint32_t longest_pauses_;
    std::uint32_t pauses_ = 0;  // Of the next short wait.
    std::uint32_t row_ = 0;     // Short sleeps in a row.
    std::uint32_t enough_ = first_enough;
    std::uint32_t late_ = 0;  // Long waits in a row that were worth it, but for longer than a short one.
};

}  // namespace bifilar::sched
