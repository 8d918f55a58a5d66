// What a worker of a simulation does between two tasks: it may give the baton on, and what it takes next is decided.
#include <bifilar/sched/detail/scheduler.hpp>
#include <bifilar/sched/detail/worker.hpp>

namespace bifilar::sched {

using base::decision_kind;

// Takes the place of tick, and comes before each task.
void worker::simulated_tick() noexcept {
    constexpr std::uint32_t from_all = 1;
    constexpr std::uint32_t oldest_first = 2;
    constexpr std::uint32_t others_tasks = 3;
    until_tick_ = tick_tasks_;
    simulation_->may_switch();
    base::decisions& by = simulation_->by();
    const std::uint32_t subject = base::baton::subject();
    switch (by.seldom(decision_kind::order, subject, by.temper(decision_kind::order), others_tasks)) {
        case from_all:
            until_global_ = 1;
            break;
        case oldest_first:
            flush_newest();
            break;
        case others_tasks:
            if (alone_ || !queue_.empty()) break;
            if (detail::task_header* const task = steal()) enqueue_stolen(*task);
            break;
        default:
            break;
    }
    if (by.chance(decision_kind::nest, subject, by.temper(decision_kind::nest)))
        nesting_ends_ = UINTPTR_MAX;
    else if (nesting_ends_ == UINTPTR_MAX)
        begin_nesting();
    parker_->poll_some(detail::parker::all);
    fire_due(0);
    if (owner_.now() == scheduler::phase::halting) owner_.stand_still(*parker_);
}

// Behind what came with it, which is older.
void worker::enqueue_stolen(detail::task_header& task) noexcept {
    if (!queue_.push(task)) overflow(task);
}

void worker::note_run(const detail::task_header& task) noexcept {
    base::decisions& by = simulation_->by();
    by.note(base::baton::subject());
    by.note((*owner_.births_)[&task]);
}

}  // namespace bifilar::sched
