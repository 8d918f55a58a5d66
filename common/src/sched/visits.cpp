// Visits to all tasks of a runtime, for those who look at them: whole, or in portions between which workers go on.
#include <bifilar/memory/detail/frame_pool.hpp>
#include <bifilar/sched/detail/scheduler.hpp>

namespace bifilar::sched {

void scheduler::visit_tasks(void (*visit)(detail::task_header&, void* argument) noexcept, void* argument) noexcept {
    bifilar::detail::visit_tasks(owner_id_, visit, argument);
    parts_.visit_tasks(visit, argument);
}

detail::portion scheduler::visit_portion(detail::portion_progress& so_far, detail::portion_visitor& to) noexcept {
    if (!so_far.frames_visited) {
        const detail::portion frames = bifilar::detail::visit_portion(owner_id_, so_far.round, to);
        if (frames != detail::portion::last) return frames;
        so_far.frames_visited = true;
    }
    return parts_.visit_portion(so_far.round, to);
}

base::instant_ns scheduler::timers_now() const noexcept {
    return clock_ == nullptr ? base::now_ns() : base::to_ns(clock_->now());
}

}  // namespace bifilar::sched
