// Plain code with a limit on its time.
// It runs in a fiber of its own, because only a task can be cancelled wherever it waits.
#pragma once

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/runtime/detail/launch.hpp>
#include <bifilar/runtime/spawn.hpp>
#include <bifilar/time/timeout.hpp>
#include <optional>
#include <type_traits>
#include <utility>

namespace bifilar {

namespace detail {

/// Code that can be called without arguments and waits by itself.
template <class F>
concept plain_call = !future<F> && std::invocable<F&> && !future<std::invoke_result_t<F&>>;

}  // namespace detail

/// What timeout makes of plain code.
template <detail::plain_call F>
class [[nodiscard]] call_timeout_future {
    using task = task_timeout_future<std::invoke_result_t<F&>>;

public:
    using output = typename task::output;

    call_timeout_future(F call, sleep limit) : call_{std::move(call)}, limit_{std::move(limit)} {}
    /// Before its first poll.
    call_timeout_future(call_timeout_future&& other) noexcept(std::is_nothrow_move_constructible_v<F>)
        : call_{std::move(other.call_)}, limit_{std::move(other.limit_)} {
        BIFILAR_CHECK(!other.task_, "a timeout was moved after its first poll");
    }
    call_timeout_future& operator=(call_timeout_future&&) = delete;
    ~call_timeout_future() {
        BIFILAR_CHECK(!task_ || task_->at_rest(),
                      "a timeout was destroyed while its callable runs; await it, or let race, timeout or the end of a "
                      "cancelled task bring it to rest");
    }

    polled<output> poll(context& cx) {
        if (!task_) {
            sched::scheduler& on = detail::current_scheduler("timeout", "await it inside of run()");
            spawn_options options;
            options.on = backend::stackful;
            // The task ends before this future, so the callable may stay here.
            task_.emplace(detail::launch_stackful(on, options, std::ref(call_)), std::move(limit_));
        }
        return task_->poll(cx);
    }
    polled<void> poll_cancel(context& cx) {
        if (!task_) return done;
        return task_->poll_cancel(cx);
    }
    void describe_wait(task_visitor& to) const noexcept {
        if (task_) task_->describe_wait(to);
    }

private:
    F call_;
    sleep limit_;
    std::optional<task> task_;
};

/// The value of call(), plain code. It runs in a fiber of its own, from the first poll on, also when a coroutine waits
/// for it: a stack from the pool, copies of inherited task_local values, and the deadline in force. References to the
/// caller's variables are safe. Code that does not wait cannot be interrupted.
/// Throws: what the code throws; task_cancelled when it was cancelled for another reason than its time; in the first
/// poll what spawn throws for a fiber, so std::logic_error outside of a runtime's task.
/// Errors: timed_out when `duration`, counted from this call, passed before it returned: what it waits for is then
/// brought to rest, it unwinds as a cancelled fiber does, and the answer comes after that. A value or an exception that
/// it gives although it was asked to end counts.
/// Cancellation: as when the time is up; its value is lost.
/// Suspends: until the code has returned or unwound.
/// Allocates: one stack from the stack pool.
template <detail::plain_call F, class Rep, class Period>
call_timeout_future<F> timeout(F call, std::chrono::duration<Rep, Period> duration) {
    return call_timeout_future<F>{std::move(call), sleep_for(duration)};
}

/// What is left is a mistake: says which.
template <class F, class Rep, class Period>
    requires(!future<F> && !std::invocable<F&>)
void timeout(F, std::chrono::duration<Rep, Period>) {
    static_assert(std::invocable<F&>,
                  "timeout takes a future, a join_handle, or a callable without parameters, which a lambda makes of "
                  "any call: timeout([&] { return f(x); }, limit)");
}

}  // namespace bifilar
