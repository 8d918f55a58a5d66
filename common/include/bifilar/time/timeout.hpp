// A future, or a task, with a limit on its time; plain code has it in runtime/timeout_call.hpp.
// When the time is up the future or task is cancelled, and the answer comes once it is at rest.
#pragma once

#include <bifilar/future/detail/made_at_poll.hpp>
#include <bifilar/future/future.hpp>
#include <bifilar/future/join_handle.hpp>
#include <bifilar/task/outcome.hpp>
#include <bifilar/time/sleep.hpp>
#include <concepts>
#include <expected>
#include <type_traits>
#include <utility>

namespace bifilar {

/// The time was up first.
class timed_out {
public:
    timed_out() noexcept {}
    friend bool operator==(timed_out, timed_out) noexcept { return true; }
};

namespace detail {

/// A join_handle, or what derives from one.
template <class F>
concept task_handle = future<F> && std::derived_from<F, join_handle<output_of<F>>>;

}  // namespace detail

template <future F>
class [[nodiscard]] timeout_future {
public:
    using output = std::expected<output_of<F>, timed_out>;

    timeout_future(F f, sleep limit) : future_{std::move(f)}, limit_{std::move(limit)} {}

    polled<output> poll(context& cx) {
        if (!late_) {
            polled<output_of<F>> answer = bifilar::poll_arm(future_, cx);
            if (answer) {
                if constexpr (std::is_void_v<output_of<F>>)
                    return output{};
                else
                    return output{answer.take()};
            }
            if (!limit_.poll(cx)) return not_ready;
            late_ = true;
        }
        if (!bifilar::poll_cancel(future_, cx)) return not_ready;
        return output{std::unexpected{timed_out{}}};
    }
    [[nodiscard]] bool is_promised() const noexcept { return bifilar::is_promised(future_); }
    polled<void> poll_cancel(context& cx) { return bifilar::poll_cancel(future_, cx); }
    void describe_wait(task_visitor& to) const noexcept {
        if (late_) return bifilar::describe_wait(future_, to);
        describe_arms<timeout_future>(to, task_visitor::arms::any, future_, limit_);
    }

private:
    F future_;
    sleep limit_;
    bool late_ = false;
};

/// What timeout makes of a join_handle: the task belongs to it.
template <class T>
class [[nodiscard]] task_timeout_future {
public:
    using output = std::expected<T, timed_out>;

    task_timeout_future(join_handle<T> task, sleep limit) noexcept : task_{std::move(task)}, limit_{std::move(limit)} {}
    task_timeout_future(task_timeout_future&& other) noexcept
        : task_{std::move(other.task_)},
          limit_{std::move(other.limit_)},
          alive_{std::exchange(other.alive_, false)},
          asked_{other.asked_} {}
    task_timeout_future& operator=(task_timeout_future&&) = delete;
    /// Asks the task to end, and does not wait for it; poll_cancel does.
    ~task_timeout_future() {
        if (alive_) task_.cancel();
    }

    polled<output> poll(context& cx) {
        try {
            polled<T> answer = task_.poll(cx);
            if (!answer) return wait(cx);
            alive_ = false;
            if constexpr (std::is_void_v<T>)
                return output{};
            else
                return output{answer.take()};
        } catch (const task_cancelled&) {
            alive_ = false;
            if (!asked_) throw;
        } catch (...) {
            alive_ = false;
            throw;
        }
        return output{std::unexpected{timed_out{}}};
    }
    polled<void> poll_cancel(context& cx) {
        if (!alive_) return done;
        ask();
        try {
            if (!task_.poll(cx)) return not_ready;
        } catch (...) {
            // Nobody waits for it any more.
        }
        alive_ = false;
        return done;
    }

    /// Whether the task has ended, or was never this future's.
    [[nodiscard]] bool at_rest() const noexcept { return !alive_; }
    void describe_wait(task_visitor& to) const noexcept {
        if (asked_) return task_.describe_wait(to);
        describe_arms<task_timeout_future>(to, task_visitor::arms::any, task_, limit_);
    }

private:
    // The task's end will wake.
    not_ready_t wait(context& cx) {
        if (!asked_ && limit_.poll(cx)) ask();
        return not_ready;
    }
    void ask() noexcept {
        if (!std::exchange(asked_, true)) task_.cancel();
    }

    join_handle<T> task_;
    sleep limit_;
    bool alive_ = true;   // The handle is here and has not answered.
    bool asked_ = false;  // The task was asked to end.
};

/// The output of `f`. `f` is asked first, so a future that is ready in time wins even when the task is late, or when
/// `duration` is 0 or less. Counts by now() of the calling thread, as sleep_for. Allocates nothing.
/// Throws: what `f` throws.
/// Errors: timed_out when `duration`, counted from this call, passed before `f` was ready, once `f` is at rest. What
/// `f` had taken by then is given back or lost, as the operation says.
/// Cancellation: brings `f` to rest.
/// Suspends: until `f` is ready, or at rest.
template <future F, class Rep, class Period>
    requires(!detail::task_handle<F>)
timeout_future<F> timeout(F f, std::chrono::duration<Rep, Period> duration) {
    return timeout_future<F>{std::move(f), sleep_for(duration)};
}

/// The same for a spawned task, which has until then: afterwards it is asked to cancel, and the answer comes once it
/// has ended. A value or an exception that it gives although it was asked to end counts. Takes the handle over.
/// Throws: what the task threw; task_cancelled when somebody else cancelled it.
/// Errors: timed_out, when it was asked to end and then ended as a cancelled task.
/// Cancellation: ends the task too and waits for that; so does losing as an arm of a race.
template <detail::task_handle F, class Rep, class Period>
task_timeout_future<output_of<F>> timeout(F task, std::chrono::duration<Rep, Period> duration) {
    return task_timeout_future<output_of<F>>{std::move(task), sleep_for(duration)};
}

/// The same for a callable that returns a future, a coroutine lambda above all: it is called by the first poll and kept
/// until the future has ended.
template <class Make, class Rep, class Period>
    requires(!future<Make> && future<std::invoke_result_t<Make&>>)
auto timeout(Make make, std::chrono::duration<Rep, Period> duration) {
    return timeout(detail::made_at_poll<Make>{std::move(make)}, duration);
}

}  // namespace bifilar
