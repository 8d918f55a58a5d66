// When simulated time may move, as the header's four looks say, and the worker's rest in it.
#include <bifilar/sched/detail/time_keeper.hpp>

#include <bifilar/sched/detail/scheduler.hpp>
#include <bifilar/task/detail/join_watch.hpp>

#include <algorithm>

namespace bifilar::sched {
namespace {

// Before any moment that a clock shows.
constexpr base::instant_ns passed = -1;

}  // namespace

time_keeper::time_keeper(scheduler& owner, simulated_clock& clock) : owner_{owner}, clock_{clock} { clock_.claim(); }

time_keeper::~time_keeper() { clock_.release(); }

base::instant_ns time_keeper::due(worker& one) noexcept {
    return std::min(one.timers_.next_deadline(), one.parker_->next_due());
}

bool time_keeper::enter(worker& one) noexcept {
    const std::lock_guard guard{mutex_};
    // Under the mutex, like each move of time by this runtime: no timer can come due between this look and the rest.
    if (due(one) <= clock_.now_ns()) return false;
    if (++resting_ != owner_.workers()) return true;
    if (simulation_ == nullptr && clock_.how() == simulated_clock::mode::automatic && jump(one)) {
        --resting_;
        return false;
    }
    if (settling_ != 0 && settled()) settled_.notify_all();
    return true;
}

// Moves time to the earliest timer, if it may. True when the worker that asks has one that is due now.
bool time_keeper::jump(worker& asks) noexcept {
    const base::instant_ns next = earliest();
    if (next == base::never || next <= clock_.now_ns()) return false;
    clock_.jump_to(next);
    const base::instant_ns now = clock_.now_ns();
    for (const auto& each : owner_.workers_)
        // They leave their rest before they fire, so time stands still until they have entered again.
        if (each.get() != &asks && due(*each) <= now) each->unpark();
    return due(asks) <= now;
}

bool time_keeper::move_time() noexcept {
    const std::lock_guard guard{mutex_};
    const base::instant_ns next = earliest();
    if (next == base::never || next <= clock_.now_ns()) return false;
    clock_.jump_to(next);
    const base::instant_ns now = clock_.now_ns();
    simulation_->by().note(static_cast<std::uint64_t>(now));
    for (const auto& each : owner_.workers_)
        if (due(*each) <= now) each->unpark();
    return true;
}

bool time_keeper::tell_all_wait() noexcept { return detail::join_watch::ask(owner_.owner_id_); }

void time_keeper::leave() noexcept {
    const std::lock_guard guard{mutex_};
    --resting_;
}

void time_keeper::time_moved() noexcept {
    // All of them, for only its owner may look at a worker's timers while it does not rest.
    for (const auto& each : owner_.workers_) each->unpark();
}

void time_keeper::fire(worker& one) noexcept { one.fire_due(base::never); }

// Any of them will do: it leaves its rest and enters again.
void time_keeper::look_again() noexcept { owner_.workers_.front()->unpark(); }

void time_keeper::settle() noexcept {
    std::unique_lock lock{mutex_};
    ++settling_;
    settled_.wait(lock, [this] { return settled(); });
    --settling_;
}

bool time_keeper::settled() const noexcept {
    const base::instant_ns next = earliest();
    if (next <= clock_.now_ns()) return false;
    return next == base::never || clock_.how() == simulated_clock::mode::manual;
}

base::instant_ns time_keeper::earliest() const noexcept {
    // Look 1 of the header, before the queues: a call pushes what it wakes before it counts as ended.
    if (resting_ != owner_.workers() || (simulation_ == nullptr && owner_.parts_.blocks())) return passed;
    // Look 2: queues. Look 3, whether a timer is due, is the caller's.
    if (owner_.global_.size() != 0) return passed;
    base::instant_ns found = base::never;
    for (const auto& each : owner_.workers_) {
        // What resting workers left there came with the mutex; a driver's event is a hint.
        if (!each->newest_.empty() || !each->inbox_.empty() || !each->queue_.empty()) return passed;
        found = std::min(found, due(*each));
    }
    return found;
}

// --- the worker's side ---

void worker::fire_due(base::instant_ns real_now) noexcept {
    const base::instant_ns now = clock_ == nullptr ? real_now : clock_->now_ns();
    if (timers_.next_deadline() > now) return;
    timers_.fire(now);
    if (clock_ != nullptr) flush_newest();  // Where nothing is left to chance the latest does not go first.
}

// How often an idle worker has looked for work depends on real time; what it runs next must not.
void worker::forget_turns() noexcept {
    pinned_turn_ = false;
    lifo_runs_ = 0;
    until_global_ = global_interval_tasks_;
}

// A sleep in simulated time: true when the worker has slept, false when its timers are due at once.
[[gnu::noinline]] bool worker::rest(base::instant_ns nap_until) noexcept {
    time_keeper& keeper = *owner_.keeper_;
    // Time must not jump over what the kernel was not yet told: a cancelled operation ends first.
    parker_->poll_idle();
    if (work_here()) return false;
    if (!keeper.enter(*this)) return false;
    parker_->park(nap_until);
    keeper.leave();
    return true;
}

}  // namespace bifilar::sched
