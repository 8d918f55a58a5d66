// A fiber between the scheduler and its stack.
#include <bifilar/stackful/fiber.hpp>

#include <bifilar/sched/scheduler.hpp>

namespace bifilar::stackful {

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

void fiber::release(fiber_home& home, sched::scheduler* owner, stack_view stack) noexcept {
    sched::worker* const here = this_thread().worker;
    const bool own = here != nullptr && &here->owner() == owner;
    home.give(own ? here : nullptr, stack);
}

}  // namespace bifilar::stackful
