// A worker without work: the last looks before it sleeps, and the sleep.
#include <bifilar/sched/scheduler.hpp>
#include <bifilar/sched/worker.hpp>

#include <algorithm>

namespace bifilar::sched {

bool worker::work_in_sight() noexcept {
    if (owner_.global_.size() != 0 || !inbox_.empty()) return true;
    if (alone_) return false;
    return std::any_of(owner_.workers_.begin(), owner_.workers_.end(),
                       [](const auto& other) { return !other->queue_.empty(); });
}

// A slot that another worker has not come to yet. Without a fence in push_front one that is being filled right now may
// be missed; it then waits for the end of its owner's run.
bool worker::slot_in_sight() noexcept {
    return std::any_of(owner_.workers_.begin(), owner_.workers_.end(), [](const auto& other) {
        return other->lifo_.load(base::relaxed) != nullptr;  // Relaxed: a hint.
    });
}

bool worker::work_here() const noexcept {
    // Relaxed: the owner's own.
    return pinned_next_ != nullptr || !pinned_.empty() || lifo_.load(base::relaxed) != nullptr || !queue_.empty();
}

// Waits a little for tasks that other threads wake here. True when there is something to do.
bool worker::linger() noexcept {
    constexpr std::uint32_t pauses_per_look = 32;  // At others' queues, which their owners are writing.
    const std::uint32_t most = lingering_.pauses();
    if (most == 0) return false;
    // Not as a searcher: those who push would rely on one that does not look everywhere. What they left to it until now
    // is another's, as in stop_searching.
    if (std::exchange(searching_, false) && owner_.idle_.end_search()) {
        base::fence_seq_cst();  // Pairs with the fence in scheduler::notify_others; see idle_set.
        if (work_in_sight()) owner_.notify(&counters_);
    }
    if (lingering_.is_long()) {
        parker_->poll();  // What was prepared for the kernel does not wait as long.
        if (work_here()) return true;
    }
    for (std::uint32_t pause = 1; pause <= most; ++pause) {
        base::spin_pause();
        if (!inbox_.empty() || owner_.global_.size() != 0 || (pause % pauses_per_look == 1 && work_in_sight())) {
            lingering_.caught(pause);
            // The wait counts as so many turns, so that the kernel's events do not come too late.
            until_tick_ -= std::min(until_tick_ - 1, pause / pauses_per_look);
            return true;
        }
    }
    lingering_.missed();
    return false;
}

// When to wake for timers. Where they woke this worker a moment ago, several are served by one wake.
base::instant_ns worker::timers_due() noexcept {
    constexpr base::instant_ns often_ns = 300'000;
    const base::instant_ns due = timers_.next_deadline();
    return due - last_timer_wake_ns_ < often_ns ? timers_.next_shared_deadline() : due;
}

[[gnu::noinline]] void worker::sleep() noexcept {
    if (clock_ != nullptr) [[unlikely]]
        forget_turns();
    if (linger()) return;
    owner_.idle_.enter(index_, std::exchange(searching_, false));
    base::fence_seq_cst();  // Pairs with the fence in scheduler::notify; see idle_set.
    const scheduler::phase phase = owner_.now();
    const bool stay_up = phase == scheduler::phase::halting || phase == scheduler::phase::stopping;
    if (!stay_up && !work_in_sight()) {
        counters_.parked.add();
        const base::instant_ns timers = clock_ == nullptr ? timers_due() : base::never;
        base::instant_ns deadline = std::min(timers, lent_until_ns_);
        // Within the pause of offer_slot another offer may have been held back, or came between search and sleep.
        constexpr base::instant_ns nap_ns = 10'000'000;
        if (std::exchange(naps_, false) || slot_in_sight()) deadline = std::min(deadline, base::now_ns() + nap_ns);
        constexpr base::instant_ns short_sleep_ns = 200'000;  // Some times what a wake takes on a virtual machine.
        const base::instant_ns began_ns = base::now_ns();
        bool slept = true;
        if (clock_ == nullptr) [[likely]]
            parker_->park(deadline);
        else
            slept = rest(deadline);
        tick_began_ns_ = base::now_ns();
        if (tick_began_ns_ >= timers) last_timer_wake_ns_ = tick_began_ns_;
        if (tick_began_ns_ - began_ns >= short_sleep_ns)
            lingering_.slept_long();
        else if (!inbox_.empty())
            lingering_.woken_soon();
        fire_due(tick_began_ns_);
        if (slept) until_tick_ = tick_tasks_;  // A jump of time without a sleep leaves the events to the tick.
    }
    searching_ = owner_.idle_.leave(index_);
    naps_ = searching_;
}

}  // namespace bifilar::sched
