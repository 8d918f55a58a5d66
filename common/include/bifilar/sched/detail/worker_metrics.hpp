// What a worker measures where its runtime was asked to: see runtime_options::metrics.
//
// A clock costs more than a switch, so few turns are timed: one in so many that there are a few thousand in a second at
// most, and all of them where there are less. A turn is a poll from the worker's loop, with those of children that run
// inside of it. Each that is timed counts for all since the one before.
#pragma once

#include <bifilar/base/detail/clock.hpp>
#include <bifilar/sched/detail/queue_probe.hpp>
#include <bifilar/sched/worker_times.hpp>
#include <bifilar/time/detail/live_histogram.hpp>
#include <algorithm>
#include <cstdint>
#include <utility>

namespace bifilar::sched {

/// One worker's. All but read() is for its thread.
class worker_metrics {
public:
    /// A turn begins: whether it is timed.
    [[nodiscard]] bool is_due() noexcept { return --until_timed_ == 0; }
    /// It has ended; how many turns it stands for.
    void end_turn(base::instant_ns began, base::instant_ns now) noexcept {
        turns_.add(now - began, turns_each_);
        untold_turns_ += turns_each_;
        const base::instant_ns since = now - std::exchange(timed_ns_, now);
        if (since < shortest_pause_ns)
            turns_each_ = std::min(2 * turns_each_, max_turns_each);
        else if (since > longest_pause_ns)
            turns_each_ = std::max(turns_each_ / 2, 1U);
        until_timed_ = turns_each_;
    }

    /// How many turns a delay that begins now stands for: those since the one before.
    [[nodiscard]] std::uint64_t untold_turns() const noexcept { return untold_turns_; }
    /// One has begun.
    void begin_queue_delay() noexcept { untold_turns_ = 0; }
    /// A task came out of the queue in which it was for so long.
    void add_queue_delay(base::instant_ns delay, std::uint64_t turns) noexcept { queue_.add(delay, turns); }
    [[nodiscard]] queue_probe& probe() noexcept { return probe_; }
    /// Every other time, where tasks wait in both of the worker's queues.
    [[nodiscard]] bool next_is_pinned() noexcept { return pinned_ = !pinned_; }

    void add_sleep(base::instant_ns duration) noexcept { sleeps_.add(duration); }
    [[nodiscard]] detail::live_histogram& timers() noexcept { return timers_; }

    /// Any thread. Throws std::bad_alloc.
    [[nodiscard]] worker_times read() const { return {turns_.read(), queue_.read(), sleeps_.read(), timers_.read()}; }

private:
    static constexpr base::instant_ns shortest_pause_ns = 250'000;
    static constexpr base::instant_ns longest_pause_ns = 1'000'000;
    static constexpr std::uint32_t max_turns_each = 1U << 16;

    std::uint32_t until_timed_ = 1;
    std::uint32_t turns_each_ = 1;
    base::instant_ns timed_ns_ = 0;  // When the last timed turn ended.
    std::uint64_t untold_turns_ = 0;
    bool pinned_ = false;
    queue_probe probe_;
    detail::live_histogram turns_, queue_, sleeps_, timers_;
};

}  // namespace bifilar::sched
