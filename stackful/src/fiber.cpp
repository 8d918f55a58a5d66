// A fiber between the scheduler and its stack.
#include <bifilar/stackful/fiber.hpp>

#include <bifilar/sched/scheduler.hpp>
#include <bifilar/stackful/fiber_home.hpp>

namespace bifilar::stackful {

namespace {

// The calling thread's worker, if its runtime has that home; else null. A finished task may outlive its runtime, whose
// number may be another's by now; the home lives as long as one of its stacks is out.
sched::worker* worker_with(const fiber_home& home) noexcept {
    sched::worker* const here = this_thread().worker;
    return here != nullptr && here->owner().fibers() == &home ? here : nullptr;
}

}  // namespace

// These get the task from whoever has it, though it stands in the fiber as well: in a line that a switch leaves alone.
void fiber::schedule(task_header& task) noexcept {
    if (stays_on_ == nullptr)
        sched::scheduler::schedule(task);
    else if (this_thread().worker == stays_on_)
        stays_on_->pin_front(task, switch_.stack_pointer());
    else
        stays_on_->post(task);
}

void fiber::requeue(task_header& task, sched::worker& here) noexcept {
    if (!requeue_here(task)) here.push_back(task);
}

void fiber::pin_back(task_header& task) noexcept { stays_on_->pin_back(task, switch_.stack_pointer()); }

stack_view fiber::take_stack(fiber_home& home, std::size_t bytes) { return home.take(worker_with(home), bytes); }

void fiber::release(fiber_home& home, stack_view stack) noexcept { home.give(worker_with(home), stack); }

}  // namespace bifilar::stackful
