// A worker whose own queues are empty looks elsewhere: others' queues, the queue of all, what others keep.
#include <bifilar/sched/detail/scheduler.hpp>
#include <bifilar/sched/detail/worker.hpp>

#include <utility>

namespace bifilar::sched {

[[gnu::noinline]] detail::task_header* worker::search() noexcept {
    if (alone_) return nullptr;
    if (!searching_) {
        if (!owner_.idle_.start_search()) return nullptr;
        searching_ = true;
    }
    // A short wait between looks is worth much where waking a sleeping processor takes tens of microseconds.
    const int looks = only_napped() || simulation_ != nullptr ? 1 : 4;
    constexpr int pauses_between_looks = 50;
    for (int look = 0; look < looks; ++look) {
        if (detail::task_header* const task = steal()) return task;
        if (detail::task_header* const task = take_global()) return task;
        if (detail::task_header* const task = steal_stuck(look == 0)) return task;
        // All others sleep or search as well: nobody runs a task that could queue more.
        if (owner_.idle_.idle() + owner_.idle_.searching() >= owner_.workers()) break;
        base::short_wait(pauses_between_looks);
        // What was posted meanwhile can run nowhere else.
        if (!inbox_.empty()) return take_inbox();
    }
    return nullptr;
}

std::uint32_t worker::first_victim(std::uint32_t count) noexcept {
    if (simulation_ == nullptr) [[likely]]
        return random_.below(count);
    constexpr double share = 0.5;
    return static_cast<std::uint32_t>(
        simulation_->by().seldom(base::decision_kind::victim, base::baton::subject(), share, count - 1) % count);
}

detail::task_header* worker::steal() noexcept {
    for (const std::vector<std::uint32_t>& ring : victims_) {
        const auto size = static_cast<std::uint32_t>(ring.size());
        // Searchers that begin at the same time do not all ask the same worker first.
        std::uint32_t at = size > 1 && random_start_ ? first_victim(size) : 0;
        for (std::uint32_t count = 0; count < size; ++count, at = at + 1 == size ? 0 : at + 1) {
            std::uint32_t moved = 0;
            detail::task_header* const task = owner_.workers_[ring[at]]->queue_.steal_into(queue_, moved);
            if (task == nullptr) continue;
            counters_.stolen.add(moved);
            return task;
        }
    }
    return nullptr;
}

// Whether the victim sits in a long run and keeps tasks; in a simulation that is decided.
bool worker::is_stuck(worker& victim, bool first_look) noexcept {
    sighting& seen = sightings_[victim.index_];
    if (victim.newest_.empty()) {
        seen.filled = false;
        return false;
    }
    if (simulation_ != nullptr) {
        base::decisions& by = simulation_->by();
        return by.chance(base::decision_kind::newest, base::baton::subject(), by.temper(base::decision_kind::newest));
    }
    const sighting now{true, victim.newest_.mark(), victim.counters_.polled.get(), base::now_ns()};
    if (!seen.filled || now.mark != seen.mark || now.polled != seen.polled) {
        seen = now;
        return false;
    }
    return !first_look || now.since_ns - seen.since_ns >= newest_watch::stuck_ns;
}

// The newest tasks of a worker are taken only when it has neither finished a run nor queued a task since an earlier
// look of the same search, or for a while: then it sits in a long run. Taking them earlier would tear a pair of tasks
// that talk to each other off one cache.
detail::task_header* worker::steal_stuck(bool first_look) noexcept {
    for (const std::vector<std::uint32_t>& ring : victims_) {
        for (const std::uint32_t index : ring) {
            worker& victim = *owner_.workers_[index];
            if (!is_stuck(victim, first_look)) continue;
            detail::task_header* first = nullptr;
            const std::uint32_t moved = victim.newest_.steal(queue_.room(), [&](detail::task_header& task) {
                if (first == nullptr)
                    first = &task;
                else if (!queue_.push(task))
                    overflow(task);
            });
            if (first == nullptr) continue;
            counters_.stolen.add(moved);
            watch_.hasten();
            return first;
        }
    }
    return nullptr;
}

// It has found something to do.
[[gnu::noinline]] void worker::take_up_work() noexcept {
    if (searching_) stop_searching();
    if (!std::exchange(watches_, false)) return;
    owner_.idle_.end_watch();
    // Another one is woken, which watches in its place.
    owner_.notify_others(&counters_);
}

// Others relied on its looks: where they have left something to it, another comes into its place. Where they have not,
// to wake one would cost more than the task that was found.
void worker::stop_searching() noexcept {
    searching_ = false;
    if (!owner_.idle_.end_search()) return;
    base::fence_seq_cst();  // Pairs with the fence in scheduler::notify_others; see idle_set.
    if (work_in_sight() || (newest_in_sight() && !owner_.idle_.watched())) owner_.notify(&counters_);
}

}  // namespace bifilar::sched
