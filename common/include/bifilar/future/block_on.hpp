// Drives one future on a plain thread, which sleeps while the future is not ready.
// The thread looks like a task to whoever wakes it: it has a header and a state word of its own.
#pragma once

#include <bifilar/future/detail/must_be_read.hpp>
#include <bifilar/future/future.hpp>
#include <utility>

namespace bifilar {

namespace detail {

/// The calling thread as something that can be woken. Kept per thread and reused; it outlives its thread as long as
/// wakers refer to it. Throws std::logic_error when made inside a task.
class blocked_thread {
public:
    blocked_thread();
    blocked_thread(const blocked_thread&) = delete;
    blocked_thread& operator=(const blocked_thread&) = delete;
    ~blocked_thread();

    [[nodiscard]] task_header& header() noexcept;

    /// After a poll that was not ready: sleeps until woken, serving the thread's timers and driver meanwhile.
    void wait(const context& cx) noexcept;

private:
    class cell;
    cell* cell_;
};

template <future F>
output_of<F> block_thread_on(F& f) {
    blocked_thread self;
    for (;;) {
        context cx{self.header()};
        polled<output_of<F>> answer = f.poll(cx);
        detail::note_wait(f, &self, answer.is_ready());
        if (answer) return answer.take();
        self.wait(cx);
    }
}

}  // namespace detail

/// Polls `f` until it is ready and gives its output. `f` stays where it is.
/// Throws: what `f` threw; std::logic_error inside a task, which says what to use instead; std::bad_alloc.
/// Thread: plain threads, which run no task.
/// Allocates: a small block, once a thread; it is kept for the next call.
/// Blocks: until `f` is ready; the thread serves its timers and its driver meanwhile.
template <class F>
    requires future<std::remove_cvref_t<F>>
output_of<F> block_on(F&& f) {
    return detail::block_thread_on(f);
}
template <class F>
    requires future<std::remove_cvref_t<F>> && detail::must_be_read<output_of<F>>
BIFILAR_MUST_BE_READ output_of<F> block_on(F&& f) {
    return detail::block_thread_on(f);
}
/// What is left is a mistake: says which.
template <class F>
    requires(!future<std::remove_cvref_t<F>>)
void block_on(F&&) {
    static_assert(future<std::remove_cvref_t<F>>,
                  "block_on takes a future: a task, what an operation such as read() or sleep_for() returns, a "
                  "join_handle, or whatever has `output` and `poll`");
}

}  // namespace bifilar
