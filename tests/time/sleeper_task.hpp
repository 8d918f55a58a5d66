// A bare task for tests of timers, which counts how often it was scheduled, and when timers are due.
#pragma once

#include <bifilar/task/context.hpp>
#include <bifilar/time/detail/timer_queue.hpp>

#include <atomic>
#include <vector>

namespace tests {

namespace bf = bifilar;
using bf::base::instant_ns;
using bf::base::never;

inline constexpr instant_ns tick = bf::detail::timer_tick_ns;
inline constexpr instant_ns second = 1'000'000'000;
inline constexpr instant_ns day = 86'400 * second;
inline constexpr instant_ns range_ms_36 =
    (instant_ns{1} << 36) * 1'000'000;  // Where a wheel of six 6-bit levels wraps.

// When a timer with this deadline fires: at the first tick that is not before it.
inline instant_ns due(instant_ns deadline) {
    if (deadline <= 0) return 0;
    const instant_ns ticks = deadline / tick + (deadline % tick != 0 ? 1 : 0);
    return ticks > never / tick ? never : ticks * tick;
}

// Stands parked between its wakes. A wake is noted in the order of the schedules and the task is parked again.
class sleeper_task : public bf::detail::task_header {
public:
    explicit sleeper_task(std::vector<sleeper_task*>* order = nullptr) noexcept : task_header{kind, 0}, order_{order} {
        (void)state_.end_pending();
    }

    // As many wakes as schedules: the queue wakes a parked task.
    [[nodiscard]] int wakes() const noexcept { return wakes_.load(); }

private:
    static bf::detail::run_result run(task_header&, bf::context&) noexcept { return bf::detail::run_result::done; }
    static void schedule(task_header& task) noexcept {
        auto& self = static_cast<sleeper_task&>(task);
        ++self.wakes_;
        if (self.order_ != nullptr) self.order_->push_back(&self);
        (void)self.state_.begin_run();
        (void)self.state_.end_pending();
    }
    static void destroy(task_header&) noexcept {}
    static constexpr bf::detail::operations kind{&run, &schedule, &destroy};

    std::vector<sleeper_task*>* order_;
    std::atomic<int> wakes_{0};
};

}  // namespace tests
