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

void fiber::schedule() noexcept {
    if (stays_on_ == nullptr) {
        sched::scheduler::schedule(*task_);
        return;
    }
    if (this_thread().worker == stays_on_)
        stays_on_->pin_front(*task_);
    else
        stays_on_->post(*task_);
}

void fiber::requeue(sched::worker& here) noexcept {
    if (migratable_)
        here.push_back(*task_);
    else
        here.pin_back(*task_);
}

stack_view fiber::take_stack(fiber_home& home, std::size_t bytes) { return home.take(worker_with(home), bytes); }

void fiber::release(fiber_home& home, stack_view stack) noexcept { home.give(worker_with(home), stack); }

}  // namespace bifilar::stackful
