// A spawned coroutine that shares one block with its task: [header, joiner, outcome | coroutine frame].
// The frame leaves room in front of itself when spawn asks for it, so a spawn allocates once.
#pragma once

#include <bifilar/future/join_handle.hpp>
#include <bifilar/memory/detail/frame_pool.hpp>
#include <bifilar/sched/detail/lost_error.hpp>
#include <bifilar/sched/detail/start.hpp>
#include <bifilar/stackless/task.hpp>
#include <bifilar/task/detail/thread_state.hpp>
#include <bifilar/task/task_visitor.hpp>
#include <new>
#include <utility>

namespace bifilar::stackless {

/// Room in front of the next coroutine frame, asked for as long as this lives.
class prefix_request {
public:
    explicit prefix_request(std::size_t bytes) noexcept { detail::this_thread().frame_prefix_bytes = bytes; }
    prefix_request(const prefix_request&) = delete;
    prefix_request& operator=(const prefix_request&) = delete;
    ~prefix_request() { detail::this_thread().frame_prefix_bytes = 0; }
};

/// What the task takes in front of a frame that is aligned to at most 16 bytes.
template <class T>
inline constexpr std::size_t task_prefix = (sizeof(detail::task_cell<T>) + 15) / 16 * 16;

/// `Prefix` is task_prefix, or the wide_prefix of that.
template <class T, std::size_t Prefix = task_prefix<T>>
class coroutine_task : public detail::task_cell<T> {
public:
    static constexpr std::size_t prefix_bytes = Prefix;
    /// Whether the outcome is small enough to share the block, and needs no more alignment than any block has.
    static constexpr bool fits = prefix_bytes <= detail::largest_prefix_bytes && alignof(detail::task_cell<T>) <= 16;
    /// The same for a frame that is aligned to more than 16 bytes.
    using wide = coroutine_task<T, detail::wide_prefix(Prefix)>;

    /// Takes over a coroutine whose frame has the prefix. Starts it on `on`.
    static join_handle<T> start(sched::scheduler& on, const sched::start_options& how, task<T> body) {
        void* const frame = body.release();
        auto* const made = new (static_cast<std::byte*>(frame) - prefix_bytes) coroutine_task;
        link::of(frame).become_top();
        try {
            label_task(*made, how.label);
            sched::start(on, *made, sched::task_place{frame}, how);
        } catch (...) {
            made->~coroutine_task();
            std::coroutine_handle<>::from_address(frame).destroy();
            throw;
        }
        return join_handle<T>{*made};
    }

private:
    coroutine_task() noexcept : detail::task_cell<T>{kind, 1} {}

    static coroutine_task& of(detail::task_header& task) noexcept {
        return static_cast<coroutine_task&>(static_cast<detail::task_cell<T>&>(static_cast<detail::task_core&>(task)));
    }
    void* frame() noexcept { return reinterpret_cast<std::byte*>(this) + prefix_bytes; }

    static detail::run_result run(detail::task_header& task, context& cx) noexcept {
        coroutine_task& self = of(task);
        void* const frame = self.frame();
        link& top = link::of(frame);
        if (!top.cancel_begun() && (top.started() || !cx.cancelling())) {
            chain_run run{cx, &self.outcome_};
            if (top.drive(run)) return finish(frame);
            BIFILAR_ASSERT(cx.armed(), "a future answered not ready without having stored a waker");
            if (!cx.cancelling()) return detail::run_result::pending;
        }
        if (!top.poll_cancel(cx)) return detail::run_result::pending;
        self.outcome_.set_cancelled();
        top.unwind();
        return finish(frame);
    }

    // The frame's locals and arguments end now; its memory stays, for the task is in it.
    static detail::run_result finish(void* frame) noexcept {
        std::coroutine_handle<>::from_address(frame).destroy();
        detail::unmark_task(frame);
        return detail::run_result::done;
    }

    static void describe(const detail::task_header& task, task_visitor& to) noexcept {
        using enum task_visitor::extent;
        const task_visitor::extent tells = to.visit_model("coroutine");
        if (tells == model) return;
        const auto* const block = reinterpret_cast<const std::byte*>(&task);
        link::of(const_cast<std::byte*>(block) + prefix_bytes).describe(to, tells == waits);
    }
    static void destroy(detail::task_header& task) noexcept {
        coroutine_task& self = of(task);
        sched::report_lost_error(self, self.outcome_);
        self.~coroutine_task();
        detail::release_frame(&self);
    }

    static constexpr detail::operations kind{&run, &sched::schedule, &destroy, nullptr, &describe};
};

}  // namespace bifilar::stackless
