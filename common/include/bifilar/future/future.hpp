// The protocol of everything that can be waited for. A concept, no base class.
// Shape after Pigweed's pw_async2 and Rust's Future; every rule has its test in tests/both.
#pragma once

#include <bifilar/future/polled.hpp>
#include <bifilar/task/context.hpp>
#include <bifilar/task/task_visitor.hpp>
#include <concepts>
#include <type_traits>

namespace bifilar {

/// A future promises, and may count on, this:
///  1. Not ready implies that a waker was stored, or the task yielded. Debug builds check it and name the task.
///  2. A leaf owns its wait node: waiting allocates nothing; its destructor unlinks the node.
///  3. A wake may be spurious but is never lost. Wakes happen outside of locks, in batches.
///  4. It may be moved before its first poll and never after.
///  5. After it was ready it is not polled again.
///  6. A coroutine chain keeps its leaf: a wake polls the leaf alone and then resumes the innermost frame.
///  7. It reads no thread-local across a suspension.
///  8. Until it is ready or destroyed it belongs to the task that polled it last, which must not end before it: what it
///     waits for knows that task's address.
///  9. What completes is collected first and run afterwards, on the worker's own queue.
template <class F>
concept future = std::is_object_v<F> && requires(F& f, context& cx) {
    /// The type of its result; `void` is allowed.
    typename F::output;
    /// Makes progress. May suspend nothing and block nothing; may throw, which ends the future.
    { f.poll(cx) } -> std::same_as<polled<typename F::output>>;
};

/// A future that needs time to be cancelled: an operation that the kernel still holds, a group, a coroutine.
/// `poll_cancel` is ready when the future may be destroyed. After its first call `poll` is not called again. It throws
/// nothing: nobody waits for the outcome any more, and a coroutine that waits for the future would terminate.
template <class F>
concept cancellable_future = future<F> && requires(F& f, context& cx) {
    { f.poll_cancel(cx) } -> std::same_as<polled<void>>;
};

/// A future that may be completed by another's hand between its polls, as a send is whose value a receiver takes. Asked
/// with `poll_arm` it acts in its polls alone, so whoever gives it up instead of polling again knows that nothing was
/// done. Combinators that choose ask this way.
template <class F>
concept arm_future = future<F> && requires(F& f, context& cx) {
    { f.poll_arm(cx) } -> std::same_as<polled<typename F::output>>;
};

template <class F>
using output_of = typename std::remove_cvref_t<F>::output;

/// Brings any future to rest: at once where its destructor does it all, else by asking it.
template <future F>
polled<void> poll_cancel(F& f, context& cx) {
    if constexpr (cancellable_future<F>)
        return f.poll_cancel(cx);
    else
        return done;
}

/// Polls a future that may be given up for another.
template <future F>
polled<output_of<F>> poll_arm(F& f, context& cx) {
    if constexpr (arm_future<F>)
        return f.poll_arm(cx);
    else
        return f.poll(cx);
}

namespace detail {

/// Whoever stands still for a future that lives elsewhere tells it so after each poll, if it wants to know: `site` is
/// the place that waits, the same for all polls of one wait.
template <class F>
void note_wait(F& f, const void* site, bool ready) noexcept {
    if constexpr (requires { f.note_wait(site, ready); }) f.note_wait(site, ready);
}

}  // namespace detail

/// Whether a future that was asked with poll_arm was completed by another's hand while its task slept. That is done
/// only where a future cannot act in its own poll alone, and to one arm of a task at most until the task runs: that arm
/// has to win. A future that passes poll_arm on passes this on as well.
template <class F>
bool is_promised(const F& f) noexcept {
    if constexpr (requires {
                      { f.is_promised() } -> std::same_as<bool>;
                  })
        return f.is_promised();
    else
        return false;
}

}  // namespace bifilar
