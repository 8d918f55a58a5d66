// Sleeping until a moment of the steady clock, or of the simulated clock of the task's runtime.
// Built on the polling thread's timer_queue; waiting allocates nothing, but for a plain thread's first, which makes its
// timers.
#pragma once

#include <bifilar/base/detail/clock.hpp>
#include <bifilar/future/future.hpp>
#include <bifilar/time/detail/timer_queue.hpp>
#include <bifilar/time/now.hpp>
#include <chrono>
#include <memory>

namespace bifilar {

/// Ready once its deadline has passed: never early, late by at most timer_tick_ns and scheduling, or by
/// busy_timer_tick_ns where it shares a wake with others.
/// Throws: std::bad_alloc, where it makes a plain thread's timers.
/// Cancellation: loses nothing; its destructor does it all.
/// Suspends: until the deadline.
/// Allocates: nothing, but for a plain thread's first wait.
class [[nodiscard]] sleep {
public:
    using output = void;

    /// Until that many nanoseconds of the clock that it goes by.
    explicit sleep(base::instant_ns deadline) noexcept : deadline_{deadline} {}
    sleep(sleep&&) noexcept = default;
    sleep& operator=(sleep&&) = delete;
    ~sleep() {
        // Once it has fired, the queue may be gone with its thread.
        if (node_.where() == detail::timer_node::place::waiting) (void)queue_->remove(node_);
    }

    polled<void> poll(context& cx) {
        if (node_.where() == detail::timer_node::place::fired) return done;
        if (queue_ != nullptr) {
            if (queue_->renew(node_, cx)) return not_ready;
            return done;
        }
        const simulated_clock* const simulated = detail::timer_clock();
        const base::instant_ns now = simulated == nullptr ? near_now() : simulated->now_ns();
        if (deadline_ <= now) {
            if (!cx.take_budget()) return not_ready;
            return done;
        }
        queue_ = &detail::this_thread_timers();
        queue_->insert(node_, deadline_, now, cx);
        return not_ready;
    }

    /// A new deadline, later or earlier, also after the old one has passed; another part of the task that waits for it
    /// goes on waiting. Not while it moves. As an arm of a `select`, which leaves it where it is, it is a limit on
    /// silence. Allocates nothing.
    /// Thread: the task whose sleep it is.
    void reset(base::steady::time_point moment) noexcept { restart(base::to_ns(moment)); }
    /// The same, counted from this call, as sleep_for.
    template <class Rep, class Period>
    void reset(std::chrono::duration<Rep, Period> duration) noexcept {
        restart(base::after(detail::timer_now_ns(), base::to_wait_ns(duration)));
    }

    /// Nanoseconds of the clock that the sleep goes by.
    [[nodiscard]] base::instant_ns deadline() const noexcept { return deadline_; }
    void describe_wait(task_visitor& to) const noexcept { detail::visit_facts<sleep>(to, wait_fact::due(deadline_)); }

private:
    void restart(base::instant_ns deadline) noexcept {
        deadline_ = deadline;
        if (queue_ == nullptr) return;
        if (node_.where() == detail::timer_node::place::waiting) queue_->remove_and_wake(node_);
        // A node that has fired stays so; the next poll needs a fresh one.
        std::destroy_at(&node_);
        std::construct_at(&node_);
        queue_ = nullptr;
    }

    // The cheap clock is right but for its last tick, which matters for near deadlines alone.
    [[nodiscard]] base::instant_ns near_now() const noexcept {
        constexpr base::instant_ns coarse_ns = 10'000'000;  // The longest tick of a kernel.
        const base::instant_ns now = base::coarse_now_ns();
        return deadline_ < now + coarse_ns ? base::now_ns() : now;
    }

    base::instant_ns deadline_;
    detail::timer_queue* queue_ = nullptr;
    detail::timer_node node_;
};

/// Ready when `moment` has passed on the clock of the runtime that polls it: the steady clock, or the simulated one. A
/// moment in the past is ready at once.
[[nodiscard]] inline sleep sleep_until(base::steady::time_point moment) noexcept { return sleep{base::to_ns(moment)}; }

/// Ready when `duration`, counted from this call, has passed. Saturates: a huge duration means for ever. Counts from
/// now() of the calling thread: a sleep for a runtime with a simulated clock is made inside of that runtime.
template <class Rep, class Period>
[[nodiscard]] sleep sleep_for(std::chrono::duration<Rep, Period> duration) noexcept {
    return sleep{base::after(detail::timer_now_ns(), base::to_wait_ns(duration))};
}

}  // namespace bifilar
