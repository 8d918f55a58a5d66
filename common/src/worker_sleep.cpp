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

// Waits a little for tasks that other threads wake here, where they did so shortly after the last sleep had begun: a
// wake through the kernel costs both sides more than that. True when there is something to do.
bool worker::linger() noexcept {
    for (std::uint32_t pause = 0; pause < linger_pauses_; ++pause) {
        base::spin_pause();
        if (!inbox_.empty() || owner_.global_.size() != 0) return true;
    }
    linger_pauses_ /= 2;
    return false;
}

void worker::judge_sleep(base::instant_ns slept_ns) noexcept {
    constexpr base::instant_ns short_sleep_ns = 30'000;
    constexpr std::uint32_t more = 16;
    constexpr std::uint32_t most = 128;
    // Grows slowly and halves with each miss, so that wakes which come a little too late for it cost little.
    if (slept_ns < short_sleep_ns && !inbox_.empty()) linger_pauses_ = std::min(linger_pauses_ + more, most);
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
        base::instant_ns deadline = clock_ == nullptr ? timers_.next_deadline() : base::never;
        // Within the pause of offer_slot another offer may have been held back, or came between search and sleep.
        constexpr base::instant_ns nap_ns = 10'000'000;
        if (std::exchange(naps_, false) || slot_in_sight()) deadline = std::min(deadline, base::now_ns() + nap_ns);
        const base::instant_ns began_ns = base::now_ns();
        bool slept = true;
        if (clock_ == nullptr) [[likely]]
            parker_->park(deadline);
        else
            slept = rest(deadline);
        tick_began_ns_ = base::now_ns();
        judge_sleep(tick_began_ns_ - began_ns);
        fire_due(tick_began_ns_);
        if (slept) until_tick_ = tick_tasks_;  // A jump of time without a sleep leaves the events to the tick.
    }
    searching_ = owner_.idle_.leave(index_);
    naps_ = searching_;
}

}  // namespace bifilar::sched
