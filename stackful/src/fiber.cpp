// A fiber between the scheduler and its stack.
#include <bifilar/stackful/detail/fiber.hpp>

#include <bifilar/future/yield.hpp>
#include <bifilar/sched/detail/scheduler.hpp>
#include <bifilar/stackful/detail/fiber_home.hpp>
#include <bifilar/stackful/detail/stack_pool.hpp>

namespace bifilar::stackful {

constinit const awaited yielding{
    [](const void*, task_visitor& to) noexcept { to.visit_wait(detail::type_name<yield_future>, {}); }};

namespace {

// The calling thread's worker, if its runtime has that home; else null. A finished task may outlive its runtime, whose
// number may be another's by now; the home lives as long as one of its stacks is out.
sched::worker* worker_with(const fiber_home& home) noexcept {
    sched::worker* const here = detail::this_thread().worker;
    return here != nullptr && here->owner().resources() == &home ? here : nullptr;
}

}  // namespace

// Until it waits or ends: true when it ended. Expanded in place, for the reason given at switch.hpp.
[[gnu::always_inline]] inline bool fiber::resume(context& cx) noexcept {
    detail::thread_state& here = detail::this_thread();  // The worker's own frame: it does not move.
    context_ = &cx;
    // Tasks that nested here would run on the fiber's stack, which is not measured for them.
    cx.forbid_nesting();
    if (!started_) {
        started_ = true;
        if (!migratable_) stays_on_ = here.worker;
    }
    here.fiber = this;
    switch_.resume(*here.exceptions, here.control);
    here.fiber = nullptr;
    return switch_.finished();
}

// As requeue, on the worker that has just run it. False when the fiber may move.
[[gnu::always_inline]] inline bool fiber::requeue_here(detail::task_header& task) noexcept {
    if (migratable_) return false;
    stays_on_->pin_back(task, switch_.stack_pointer());
    return true;
}

detail::run_result fiber::run(detail::task_header& task, context& cx,
                              void (*abandon)(detail::task_header&) noexcept) noexcept {
    if (!started_ && cx.cancelling()) [[unlikely]]
        abandon(task);
    else if (!resume(cx))
        return cx.yielding() && requeue_here(task) ? detail::run_result::queued : detail::run_result::pending;
    // As unmark_task: from here on any thread may free the task, so whoever visits all tasks must not find it.
    // Relaxed: those visit while this worker stands still, which orders it.
    task_on(stack_).store(nullptr, base::relaxed);
    return detail::run_result::done;
}

// These get the task from whoever has it, though it stands in the fiber as well: in a line that a switch leaves alone.
void fiber::schedule(detail::task_header& task) noexcept {
    if (stays_on_ == nullptr)
        sched::scheduler::schedule(task);
    else if (detail::this_thread().worker == stays_on_)
        stays_on_->pin_front(task, switch_.stack_pointer());
    else
        stays_on_->post(task);
}

void fiber::requeue(detail::task_header& task, sched::worker& here) noexcept {
    if (!requeue_here(task)) here.push_back(task);
}

void fiber::describe(task_visitor& to) const noexcept {
    using enum task_visitor::extent;
    const task_visitor::extent tells = to.visit_model("fiber");
    if (tells == model || !started_) return;
    if (tells == waits) waits_on_->describe(to);
    if (current() == this) return;  // It goes on meanwhile: its registers are those of its last switch.
    parked_stack stack;
    stack.low = stack_.low;
    stack.top = stack_.top;
    switch_.describe(stack);
    to.visit_stack(stack, tells == waits ? waits_on_->at() : std::source_location{});
}

fiber_home* fiber::home_of(const sched::scheduler& runs) noexcept {
    return static_cast<fiber_home*>(runs.resources());
}

stack_view fiber::take_stack(fiber_home& home, std::size_t bytes) { return home.take(worker_with(home), bytes); }

void fiber::release(fiber_home& home, stack_view stack) noexcept { home.give(worker_with(home), stack); }

}  // namespace bifilar::stackful
