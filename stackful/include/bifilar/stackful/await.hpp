// await: any future, from a fiber, written once: poll; when not ready, switch out until woken; poll again.
// On a plain thread it blocks; inside a stackless poll it is refused, because it would block the worker.
#pragma once

#include <bifilar/stackful/detail/target.hpp>

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/future/block_on.hpp>
#include <bifilar/future/detail/must_be_read.hpp>
#include <bifilar/future/future.hpp>
#include <bifilar/stackful/detail/fiber.hpp>
#include <bifilar/task/outcome.hpp>
#include <source_location>
#include <stdexcept>
#include <utility>

namespace bifilar {

namespace detail {

/// Throws std::logic_error: `polling` in a future that a fiber polls, else in a stackless task.
[[noreturn]] void refuse_wait(bool polling);

/// The fiber that may wait here; null on a plain thread. Throws std::logic_error inside a poll.
[[nodiscard]] inline stackful::fiber* waiting_fiber() {
    const thread_state& here = this_thread();
    auto* const self = static_cast<stackful::fiber*>(here.fiber);
    // Relaxed: this thread wrote it.
    if (self != nullptr ? self->polls() : here.task.load(base::relaxed) != nullptr) [[unlikely]]
        refuse_wait(self != nullptr);
    return self;
}

/// Brings `f` to rest and unwinds the fiber.
template <future F>
[[noreturn]] void cancel_await(stackful::fiber& self, F& f, const stackful::awaited& wait) {
    for (;;) {
        context& cx = self.poll_context();
        cx.start_poll();
        const auto poll = [&] {
            const stackful::fiber::poll_scope inside{self};
            return poll_cancel(f, cx);
        };
        if (poll()) break;
        self.wait_on(wait);
        self.suspend();
    }
    self.unwind();
}

/// A future of which nothing is left to cancel: `await` gives its output, cancelled or not.
template <class F>
inline constexpr bool outlasts_cancel = requires { requires F::outlasts_cancel; };

/// Waits for `f` whether the fiber is cancelled or not; for destructors that must not leave before. When it is,
/// on_cancel() is called, at least once. On a fiber or a plain thread.
template <future F, class OnCancel>
output_of<F> await_through(F f, OnCancel on_cancel, const std::source_location& at = std::source_location::current()) {
    stackful::fiber* const self = stackful::fiber::current();
    if (self == nullptr) return block_on(f);
    BIFILAR_CHECK(!self->polls(), "a fiber would wait inside a future's poll; co_await there");
    for (;;) {
        context& cx = self->poll_context();
        cx.start_poll();
        polled<output_of<F>> answer = f.poll(cx);
        if (answer) return answer.take();
        if (cx.cancelling()) on_cancel();
        const stackful::awaited wait{f, at};
        self->wait_on(wait);
        self->suspend();
    }
}

// Expanded in place, as await itself is: the processor predicts each return after a switch wrongly, and the worker's
// next one with it. As a function of its own, a wait for a yield took 40 ns instead of 21, and four lines of the cache.
template <future F>
[[gnu::always_inline]] inline output_of<F> await_here(F& f, const std::source_location& at) {
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
        const stackful::awaited wait{f, at};
        self->wait_on(wait);
        if constexpr (!outlasts_cancel<F>)
            if (cx.cancelling() && self->unwinds()) [[unlikely]]
                cancel_await(*self, f, wait);
        self->suspend();
    }
}

}  // namespace detail

/// Waits for `f` and gives its output. `f` stays where it is: pass a temporary or a variable. Not in functions with a
/// target attribute for wider vector registers than their file's: those registers are not saved. `at` is the place that
/// is told of a task that waits.
///
/// In spite of cancellation it waits for a shield(…); while an exception is in flight, so in destructors during
/// unwinding; and while `cancelled` is handled or kept. A destructor on a normal way out, or any other noexcept
/// function, has to say shield(…): compilers do not tell from outside where exceptions may not pass, so one that is
/// cancelled in another wait ends the process, with a sentence that names the task.
///
/// Who catches `cancelled`, or catches (...), throws it again. When no copy of it lives any more and the fiber waits
/// once more, it was swallowed: runtime_options::on_swallowed_cancellation is told, and it is thrown again, by this
/// wait and each further one, after other tasks have run. So a loop that swallows does not hold up others, and is told
/// of at the 1st, 10th, 100th time and so on; nobody ends it by force, because a loop that closes many things looks the
/// same. While a copy lives the first 1,000 waits go on; then it is told, and where no handler is open the next ones
/// throw.
/// Throws: what `f` threw; `cancelled` when the fiber's task is cancelled and `f` was not ready; std::logic_error in a
/// stackless task (use co_await there) and inside a future's poll.
/// Cancellation: `f` is brought to rest, then `cancelled` is thrown; whether what `f` had taken by then is given back
/// or lost, the operation says.
/// Suspends: a fiber, until `f` is ready.
/// Allocates: nothing of its own in a fiber; on a plain thread as block_on.
/// Blocks: a plain thread, until `f` is ready.
template <class F>
    requires future<std::remove_cvref_t<F>>
    [[gnu::always_inline]] inline output_of<F> await(F&& f, std::source_location at = std::source_location::current()) {
        return detail::await_here(f, at);
    }
template <class F>
    requires future<std::remove_cvref_t<F>> && detail::must_be_read<output_of<F>>
    [[gnu::always_inline]] BIFILAR_MUST_BE_READ inline output_of<F> await(
        F&& f, std::source_location at = std::source_location::current()) {
        return detail::await_here(f, at);
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
