// What a worker measures where its runtime was asked to: see runtime_options::metrics.
//
// A clock costs more than a switch, so few polls are timed: at most one in a quarter of a millisecond, and one in
// sixteen. Which ones is decided before the worker knows what it polls next, and each counts for all since the one
// before, so that shares, counts and sums are those of all polls, as far as a sample tells.
#pragma once

#include <bifilar/base/detail/clock.hpp>
#include <bifilar/base/detail/counter.hpp>
#include <bifilar/sched/detail/queue_probe.hpp>
#include <bifilar/sched/worker_times.hpp>
#include <bifilar/time/detail/live_histogram.hpp>
#include <cstdint>
#include <utility>

namespace bifilar::sched {

/// One worker's. All but read() is for its thread.
class worker_metrics {
public:
    /// Whether a poll is due to be timed: `polled` have begun, and it is `now`.
    [[nodiscard]] bool is_due(std::uint64_t polled, base::instant_ns now) const noexcept {
        return polled - sampled_polls_ >= fewest_polls && now - sampled_ns_ >= pause_ns;
    }
    /// The next poll is timed, from now on.
    void begin_poll(base::instant_ns now) noexcept {
        sampled_ns_ = now;
        times_poll_ = true;
    }
    /// It was not what comes next.
    void drop_poll() noexcept { times_poll_ = false; }
    /// Whether one is timed.
    [[nodiscard]] bool times_poll() const noexcept { return times_poll_; }
    /// It has ended; `polled` have begun.
    void end_poll(std::uint64_t polled, base::instant_ns now) noexcept {
        times_poll_ = false;
        polls_.add(now - sampled_ns_, polled - sampled_polls_);
        sampled_polls_ = polled;
    }

    /// A task came out of the queue in which it was for so long, where this stands for `polls` of them.
    void add_queue_delay(base::instant_ns delay, std::uint64_t polls) noexcept { queue_.add(delay, polls); }
    /// The worker has run a probe, its own or another's: a poll that was none of a task.
    void end_probe(base::instant_ns delay, std::uint64_t polls) noexcept {
        probes_.add();
        drop_poll();
        add_queue_delay(delay, polls);
    }
    /// A delay begins now, and stands for all polls since the one before; returns how many.
    [[nodiscard]] std::uint64_t begin_queue_delay(std::uint64_t polled) noexcept {
        return polled - std::exchange(delayed_polls_, polled);
    }
    [[nodiscard]] queue_probe& probe() noexcept { return probe_; }

    void add_sleep(base::instant_ns duration) noexcept { sleeps_.add(duration); }
    [[nodiscard]] detail::live_histogram& timers() noexcept { return timers_; }

    /// Any thread, and so are those below: polls that were none of a task.
    [[nodiscard]] std::uint64_t probes() const noexcept { return probes_.get(); }
    [[nodiscard]] worker_times read() const { return {polls_.read(), queue_.read(), sleeps_.read(), timers_.read()}; }

private:
    static constexpr std::uint64_t fewest_polls = 16;
    static constexpr base::instant_ns pause_ns = 250'000;

    bool times_poll_ = false;
    base::instant_ns sampled_ns_ = 0;  // When the last timed poll began.
    std::uint64_t sampled_polls_ = 0;  // How many had begun at its end.
    std::uint64_t delayed_polls_ = 0;  // How many had begun when the last delay began.
    queue_probe probe_;
    base::counter probes_;
    detail::live_histogram polls_, queue_, sleeps_, timers_;
};

}  // namespace bifilar::sched
