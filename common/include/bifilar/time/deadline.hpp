// A future that has until a moment, and so have all tasks that it spawns, directly or not.
// Built on timeout for the future itself and on the task's local_store for what is inherited.
#pragma once

#include <bifilar/future/detail/made_at_poll.hpp>
#include <bifilar/local/detail/local_store.hpp>
#include <bifilar/task/outcome.hpp>
#include <bifilar/time/timeout.hpp>
#include <algorithm>
#include <optional>

namespace bifilar {

namespace detail {

/// While it lives the deadline is in force for the running task, unless a nearer one is.
class deadline_scope {
public:
    /// Throws std::bad_alloc when the task keeps nothing else yet.
    explicit deadline_scope(base::instant_ns moment) : own_{&own_locals()}, outer_{own_->deadline()} {
        own_->set_deadline(std::min(outer_, moment));
    }
    deadline_scope(const deadline_scope&) = delete;
    deadline_scope& operator=(const deadline_scope&) = delete;
    ~deadline_scope() { own_->set_deadline(outer_); }

private:
    local_store* own_;  // The task's or the thread's, which outlive a poll.
    base::instant_ns outer_;
};

/// Whether the moment has come, by the clock that timers use.
[[nodiscard]] bool deadline_has_come(base::instant_ns moment) noexcept;

}  // namespace detail

/// What deadline makes.
template <future F>
class [[nodiscard]] deadline_future {
public:
    using output = std::expected<output_of<F>, timed_out>;

    deadline_future(F f, sleep limit) : moment_{limit.deadline()}, future_{std::move(f), std::move(limit)} {}

    polled<output> poll(context& cx) {
        const detail::deadline_scope in_force{moment_};
        try {
            return future_.poll(cx);
        } catch (const task_cancelled&) {
            // A task that it waited for has the same deadline and was a little faster.
            if (!detail::deadline_has_come(moment_)) throw;
            return output{std::unexpected{timed_out{}}};
        }
    }
    [[nodiscard]] bool is_promised() const noexcept { return future_.is_promised(); }
    polled<void> poll_cancel(context& cx) {
        const detail::deadline_scope in_force{moment_};
        return future_.poll_cancel(cx);
    }

private:
    base::instant_ns moment_;
    timeout_future<F> future_;
};

/// The output of `f`, which is asked first.
///
/// While `f` runs the deadline is in force: current_deadline() gives it, and every task that is spawned meanwhile, in
/// any form and on any backend, inherits it, as do that task's own children, detached ones too. A task that still lives
/// at its inherited deadline is asked to cancel; one that has not begun by then does not begin; a spawn_blocking job
/// that has begun goes on. A nearer deadline that was in force already stays so: nested ones can only shorten.
/// spawn_options::inherit_locals = false makes a task that is not concerned.
/// Throws: what `f` throws; std::bad_alloc, in the first poll.
/// Errors: timed_out when `moment` came first, once `f` is at rest, as by timeout; also in place of a task_cancelled of
/// a task that `f` waited for, and that had the same deadline.
/// Cancellation: brings `f` to rest.
/// Suspends: until `f` is ready, or at rest.
/// Allocates: a small block from the frame pool for the first deadline of a task, in the first poll, and two for each
/// task that inherits one.
template <future F>
deadline_future<F> deadline(F f, base::steady::time_point moment) {
    return deadline_future<F>{std::move(f), sleep_until(moment)};
}

/// The same with a moment that lies `duration` after this call.
template <future F, class Rep, class Period>
deadline_future<F> deadline(F f, std::chrono::duration<Rep, Period> duration) {
    return deadline_future<F>{std::move(f), sleep_for(duration)};
}

/// The same for a callable that returns a future (`when` is a moment, or a duration that counts from this call): it is
/// called by the first poll, when the deadline is in force. So that `[&] { return spawn(backend::stackful, f); }`
/// starts a fiber that inherits it.
template <class Make, class When>
    requires(!future<Make> && future<std::invoke_result_t<Make&>>)
auto deadline(Make make, When when) {
    return deadline(detail::made_at_poll<Make>{std::move(make)}, when);
}
/// What is left is a mistake: says which.
template <class F, class When>
    requires(!future<F> && !requires { requires future<std::invoke_result_t<F&>>; })
void deadline(F, When) {
    static_assert(future<F>,
                  "deadline takes a future, or a callable without parameters that returns one, which a lambda makes of "
                  "plain code: deadline([&] { return spawn(backend::stackful, f, x); }, limit)");
}

/// The nearest deadline in force for the calling task, or on a plain thread; empty when there is none. A few
/// nanoseconds.
[[nodiscard]] inline std::optional<base::steady::time_point> current_deadline() noexcept {
    const detail::local_store* const own = detail::running_locals(detail::this_thread());
    if (own == nullptr || own->deadline() == base::never) return std::nullopt;
    return base::steady::time_point{std::chrono::nanoseconds{own->deadline()}};
}

}  // namespace bifilar
