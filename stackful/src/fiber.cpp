// A fiber between the scheduler and its stack.
#include <bifilar/stackful/fiber.hpp>

#include <bifilar/sched/scheduler.hpp>
#include <bifilar/stackful/fiber_home.hpp>

namespace bifilar::stackful {

namespace {

// The calling thread's worker, if it is one of that scheduler, which may be gone; else null.
sched::worker* worker_of(const sched::scheduler* owner) noexcept {
    sched::worker* const here = this_thread().worker;
    return here != nullptr && &here->owner() == owner ? here : nullptr;
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

stack_view fiber::take_stack(fiber_home& home, const sched::scheduler& owner, std::size_t bytes) {
    return home.take(worker_of(&owner), bytes);
}

void fiber::release(fiber_home& home, sched::scheduler* owner, stack_view stack) noexcept {
    home.give(worker_of(owner), stack);
}

}  // namespace bifilar::stackful
