// A worker without work: the last looks before it sleeps, and the sleep.
#include <bifilar/base/detail/asymmetric_fence.hpp>
#include <bifilar/sched/detail/scheduler.hpp>
#include <bifilar/sched/detail/worker.hpp>
#include <bifilar/task/detail/join_watch.hpp>

#include <algorithm>

namespace bifilar::sched {

bool worker::work_in_sight() noexcept {
    if (owner_.global_.size() != 0 || !inbox_.empty()) return true;
    if (alone_) return false;
    // Not what others keep for themselves: nap_until looks at that, behind a fence of its own.
    return std::any_of(owner_.workers_.begin(), owner_.workers_.end(),
                       [](const auto& other) { return !other->queue_.empty(); });
}

// Tasks that another worker has not come to yet. One that is being queued right now may be missed, unless a heavy fence
// comes before the look.
bool worker::newest_in_sight() noexcept {
    return std::any_of(owner_.workers_.begin(), owner_.workers_.end(),
                       [](const auto& other) { return !other->newest_.empty(); });
}

bool worker::work_here() const noexcept {
    return pinned_next_.task != nullptr || !pinned_.empty() || !newest_.empty() || !queue_.empty();
}

// Waits a little for tasks that other threads wake here. True when there is something to do.
bool worker::spin() noexcept {
    constexpr std::uint32_t pauses_per_look = 32;  // At others' queues, which their owners are writing.
    const std::uint32_t most = spin_policy_.pauses();
    if (most == 0) return false;
    // Those who push would rely on one that does not look everywhere.
    if (searching_) stop_searching();
    if (spin_policy_.is_long()) {
        parker_->poll();  // What was prepared for the kernel does not wait as long.
        if (work_here()) return true;
    }
    for (std::uint32_t pause = 1; pause <= most; ++pause) {
        base::short_wait(1);
        if (!inbox_.empty() || owner_.global_.size() != 0 || (pause % pauses_per_look == 1 && work_in_sight())) {
            spin_policy_.caught(pause);
            // The wait counts as so many turns, so that the kernel's events do not come too late.
            until_tick_ -= std::min(until_tick_ - 1, pause / pauses_per_look);
            return true;
        }
    }
    spin_policy_.missed();
    return false;
}

// When to wake for timers. Where they woke this worker a moment ago, several are served by one wake.
base::instant_ns worker::timers_due() noexcept {
    constexpr base::instant_ns often_ns = 300'000;
    const base::instant_ns due = timers_.next_deadline();
    return due - last_timer_wake_ns_ < often_ns ? timers_.next_shared_deadline() : due;
}

// Whether the worker has done nothing since the end of a nap.
bool worker::only_napped() const noexcept { return napped_ && counters_.polled.get() == polled_at_wake_; }

// Until when to nap, so as to look at what others keep then; base::never: not at all.
//
// No task is missed. Who keeps one while this worker is in the idle set, and nobody watches, wakes it. Who did not see
// that yet, or saw somebody who watched, had queued the task before the look behind the heavy fence here, and no worker
// sleeps on without that look while others run, but behind one that watches. That one watches from here until it ceases
// to, between its naps too, here or in take_up_work. A sleep shorter than a nap costs no such fence.
base::instant_ns worker::nap_until() noexcept {
    const bool asked = std::exchange(claimed_, false) && counters_.polled.get() == polled_at_wake_;
    const base::instant_ns now = base::now_ns();
    bool filled = newest_in_sight();
    const bool short_runs = others_went_on();
    const bool others_run = owner_.idle_.idle() != owner_.workers();
    if (filled || asked) watch_.prolong(now);
    if (asked) watch_.hasten();
    if (!watch_.goes_on(now) || !(filled || asked || short_runs || !others_run)) {
        if (std::exchange(watches_, false)) owner_.idle_.end_watch();
        if (!others_run) return base::never;
        if (!only_napped()) return now + newest_watch::shortest_nap_ns;
        if (!base::heavy_fence()) return now + newest_watch::longest_nap_ns;  // Where the kernel has none.
        filled = newest_in_sight();
        if (!filled) return base::never;
        watch_.prolong(now);
    }
    if (!watches_) watches_ = owner_.idle_.begin_watch();
    return watches_ ? now + watch_.next_nap(filled) : base::never;
}

// Whether any worker has run a task since this one looked last.
bool worker::others_went_on() noexcept {
    std::uint64_t polled = 0;
    for (const auto& each : owner_.workers_) polled += each->counters_.polled.get();
    return std::exchange(all_polled_, polled) != polled;
}

// Gives memory back that nobody has needed for a while. True when it did, and then all is to be looked at again. On a
// simulated clock never, because there sleeps have other ends.
bool worker::trim() noexcept {
    detail::trim_need need = owner_.parts_.needs_trimming();
    if (queue_.has_grown() || pinned_.has_grown()) need = std::max(need, detail::trim_need::later);
    if (need != detail::trim_need::none) [[unlikely]]
        return clock_ == nullptr && trim_if_due(need);
    trim_at_ns_ = unused_since_ns_ = base::never;
    return false;
}

// As one that has found work, so that others are woken for what comes meanwhile.
[[gnu::noinline]] bool worker::trim_if_due(detail::trim_need need) noexcept {
    constexpr base::instant_ns later = 64;         // Pauses, where the last trim was in vain.
    constexpr base::instant_ns least_share = 100;  // Of the worker's time: a percent at most goes to this.
    const base::instant_ns pause_ns = base::instant_ns{owner_.tuning_.trim_pause_ms} * 1'000'000;
    const base::instant_ns now = base::now_ns();
    if (unused_since_ns_ == base::never) unused_since_ns_ = now;
    trim_at_ns_ = unused_since_ns_ + (need == detail::trim_need::soon ? pause_ns : later * pause_ns);
    if (now < trim_at_ns_) return false;
    take_up_work();
    parker_->poll();  // What was prepared for the kernel does not wait as long.
    if (work_here() || work_in_sight()) return true;
    queue_.shrink();
    pinned_.shrink();
    if (owner_.parts_.trim(index_, now, pause_ns)) owner_.open_reserves(*this);
    const base::instant_ns end = base::now_ns();
    unused_since_ns_ = end + std::min(least_share * (end - now), later * pause_ns);
    return true;
}

// Those that fell asleep before there was much to give back wake, see that, and lay open what they keep for themselves.
void scheduler::open_reserves(const worker& but) noexcept {
    for (const auto& each : workers_) {
        // Relaxed: a hint. The next trim finds one that has just fallen asleep.
        if (each.get() != &but && each->sleeps_until_.load(base::relaxed) == base::never) each->unpark();
    }
}

// In a simulation naps end when chance says so.
bool worker::is_restless() const noexcept {
    return simulation_ != nullptr && !alone_ && owner_.idle_.idle() != owner_.workers();
}

[[gnu::noinline]] void worker::sleep() noexcept {
    ending_ = 0;
    if (clock_ != nullptr) [[unlikely]]
        forget_turns();
    const bool again = only_napped();
    if (!again && simulation_ == nullptr && spin()) return;
    if (trim()) return;
    const bool searched = std::exchange(searching_, false);
    owner_.idle_.enter(index_, searched);
    base::fence_seq_cst();  // Pairs with the fence in scheduler::notify_others; see idle_set.
    const scheduler::phase phase = owner_.now();
    const bool stay_up = phase == scheduler::phase::halting || phase == scheduler::phase::stopping;
    base::instant_ns nap_end = base::never;
    const bool sleeps = !stay_up && !work_in_sight();
    if (sleeps) {
        counters_.parked.add();
        if (!alone_ && simulation_ == nullptr) nap_end = nap_until();
        const base::instant_ns timers = clock_ == nullptr ? timers_due() : base::never;
        base::instant_ns deadline = std::min({timers, lent_until_ns_, nap_end});
        sleeps_until_.store(deadline, base::relaxed);  // Relaxed: see suspect_deadlock.
        if (simulation_ == nullptr && deadline == base::never) deadline = suspect_deadlock();
        constexpr base::instant_ns short_sleep_ns = 200'000;  // Some times what a wake takes on a virtual machine.
        if (!again) slept_since_ns_ = base::now_ns();
        deadline = std::min(deadline, trim_at_ns_);
        const bool told = metrics_ != nullptr || trace_ != nullptr;
        const base::instant_ns told_since = !told ? 0 : again ? base::now_ns() : slept_since_ns_;
        bool slept = true;
        if (clock_ == nullptr) [[likely]]
            parker_->park(deadline);
        else
            slept = rest(is_restless() ? 0 : deadline);
        tick_began_ns_ = base::now_ns();
        if (tick_began_ns_ >= timers) last_timer_wake_ns_ = tick_began_ns_;
        if (tick_began_ns_ - slept_since_ns_ >= short_sleep_ns)
            spin_policy_.slept_long();
        else if (!inbox_.empty())
            spin_policy_.woken_soon();
        fire_due(tick_began_ns_);
        if (slept) until_tick_ = tick_tasks_;  // A jump of time without a sleep leaves the events to the tick.
        if (told) tell_sleep(told_since);
    }
    searching_ = claimed_ = owner_.idle_.leave(index_);
    // Others relied on this searcher: it is one again until it has found something.
    if (searched && !sleeps && !searching_) searching_ = owner_.idle_.start_search();
    napped_ = !searching_ && tick_began_ns_ >= nap_end;
    polled_at_wake_ = counters_.polled.get();
}

}  // namespace bifilar::sched
