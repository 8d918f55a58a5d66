// await: any future, from a fiber, written once: poll; when not ready, switch out until woken; poll again.
// On a plain thread it blocks; inside a stackless poll it is refused, because it would block the worker.
#pragma once

#include <bifilar/stackful/target.hpp>

#include <bifilar/base/assert.hpp>
#include <bifilar/core/block_on.hpp>
#include <bifilar/core/future.hpp>
#include <bifilar/core/must_be_read.hpp>
#include <bifilar/core/outcome.hpp>
#include <bifilar/core/type_name.hpp>
#include <bifilar/stackful/fiber.hpp>
#include <exception>
#include <stdexcept>
#include <utility>

namespace bifilar {

namespace detail {

/// The fiber that may wait here; null on a plain thread. Throws std::logic_error inside a poll.
[[nodiscard]] stackful::fiber* waiting_fiber();

/// Brings `f` to rest and unwinds the fiber.
template <future F>
[[noreturn]] void cancel_await(stackful::fiber& self, F& f) {
    for (;;) {
        context& cx = self.poll_context();
        cx.start_poll();
        const auto poll = [&] {
            const stackful::fiber::poll_scope inside{self};
            return poll_cancel(f, cx);
        };
        if (poll()) break;
        self.wait_on(type_name<F>);
        self.suspend();
    }
    throw cancelled{};
}

/// Waits for `f` whether the fiber is cancelled or not; for destructors that must not leave before. When it is,
/// on_cancel() is called, at least once. On a fiber or a plain thread.
template <future F, class OnCancel>
output_of<F> await_through(F f, OnCancel on_cancel) {
    stackful::fiber* const self = stackful::fiber::current();
    if (self == nullptr) return block_on(f);
    BIFILAR_CHECK(!self->polls(), "a fiber would wait inside a future's poll; co_await there");
    for (;;) {
        context& cx = self->poll_context();
        cx.start_poll();
        polled<output_of<F>> answer = f.poll(cx);
        if (answer) return answer.take();
        if (cx.cancelling()) on_cancel();
        self->wait_on(type_name<F>);
        self->suspend();
    }
}

// Expanded in place, so that await is one function, as it would be if it were written once.
template <future F>
[[gnu::always_inline]] inline output_of<F> await_here(F& f) {
    stackful::fiber* const self = waiting_fiber();
    if (self == nullptr) return block_thread_on(f);
    for (;;) {
        context& cx = self->poll_context();
        cx.start_poll();
        const auto poll = [&] {
            const stackful::fiber::poll_scope inside{*self};
            return f.poll(cx);
        };
        polled<output_of<F>> answer = poll();
        detail::note_wait(f, self, answer.is_ready());
        if (answer) return answer.take();
        BIFILAR_ASSERT(cx.armed(), "a future answered not ready without having stored a waker");
        if (cx.cancelling() && std::uncaught_exceptions() == 0) [[unlikely]]
            cancel_await(*self, f);
        self->wait_on(type_name<F>);
        self->suspend();
    }
}

}  // namespace detail

/// Waits for `f` and gives its output; rethrows what it threw. `f` stays where it is: pass a temporary or a variable.
/// Suspends a fiber; blocks a plain thread; throws std::logic_error in a stackless task (use co_await there) and inside
/// a future's poll. Throws `cancelled` when the fiber's task is cancelled and `f` was not ready; whether what `f`
/// had taken by then is given back or lost, the operation says. Not in functions with a target attribute for wider
/// vector registers than their file's: those registers are not saved. During unwinding it waits in spite of
/// cancellation. Allocates nothing of its own.
template <class F>
    requires future<std::remove_cvref_t<F>>
output_of<F> await(F&& f) {
    return detail::await_here(f);
}
template <class F>
    requires future<std::remove_cvref_t<F>> && detail::must_be_read<output_of<F>>
BIFILAR_MUST_BE_READ output_of<F> await(F&& f) {
    return detail::await_here(f);
}
/// What is left is a mistake: says which.
template <class F>
    requires(!future<std::remove_cvref_t<F>>)
void await(F&&) {
    static_assert(future<std::remove_cvref_t<F>>,
                  "await takes a future: a task, what an operation such as read() or sleep_for() returns, a "
                  "join_handle, or whatever has `output` and `poll`");
}

}  // namespace bifilar
