// Moving simulated time, and telling the runtime that lives by it; in this room because that is its time keeper.
#include <bifilar/time/simulated_clock.hpp>

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/sched/detail/time_keeper.hpp>
#include <bifilar/task/detail/thread_state.hpp>

#include <algorithm>
#include <stdexcept>

namespace bifilar {

simulated_clock::simulated_clock(mode how, base::steady::time_point start) : how_{how}, now_ns_{base::to_ns(start)} {
    if (base::to_ns(start) < 0 || base::to_ns(start) == base::never)
        throw std::invalid_argument{
            "a simulated_clock cannot start before the steady clock's epoch or at the end of time; give another "
            "moment, "
            "or none"};
}

simulated_clock::~simulated_clock() {
    BIFILAR_CHECK(!claimed_, "a simulated_clock was destroyed before its runtime; declare it before the runtime");
}

void simulated_clock::claim() {
    const std::lock_guard guard{mutex_};
    if (claimed_)
        throw std::logic_error{
            "runtime_options::clock serves another runtime already; make one simulated_clock for each runtime"};
    claimed_ = true;
    ever_used_.store(true, base::relaxed);  // Relaxed: the start of the runtime's threads orders it.
}

void simulated_clock::listen(sched::time_keeper& by) noexcept {
    const std::lock_guard guard{mutex_};
    listener_ = &by;
}

void simulated_clock::hush() noexcept {
    const std::lock_guard guard{mutex_};
    // Under the mutex: a move that is under way has told the workers by now.
    listener_ = nullptr;
}

void simulated_clock::release() noexcept {
    const std::lock_guard guard{mutex_};
    claimed_ = false;
}

void simulated_clock::move_by(std::chrono::nanoseconds duration) noexcept {
    {
        const std::lock_guard guard{mutex_};
        // Relaxed: under the mutex.
        if (set(base::after(now_ns_.load(base::relaxed), duration)) && listener_ != nullptr) listener_->time_moved();
    }
    fire_here();
}

void simulated_clock::advance_to(base::steady::time_point moment) noexcept {
    {
        const std::lock_guard guard{mutex_};
        if (set(base::to_ns(moment)) && listener_ != nullptr) listener_->time_moved();
    }
    fire_here();
}

// For the time keeper, which unparks whom it has to. It is not told of this, because it holds its own mutex.
void simulated_clock::jump_to(base::instant_ns moment) noexcept {
    const std::lock_guard guard{mutex_};
    (void)set(moment);
}

// Under the mutex. False when that moment has passed.
bool simulated_clock::set(base::instant_ns moment) noexcept {
    constexpr base::instant_ns last = base::never - 1;  // What never comes does not come at the end of time either.
    moment = std::min(moment, last);
    if (moment <= now_ns_.load(base::relaxed)) return false;  // Relaxed: under the mutex.
    // Pairs with now_ns. The unpark that follows pairs with the worker's park: it returns, now or when it is next
    // called, and finds this moment.
    now_ns_.store(moment, base::release);
    return true;
}

// The calling worker, if it is one of this clock's, fires its timers itself: its task may run on for long.
void simulated_clock::fire_here() noexcept {
    const detail::thread_state& here = detail::this_thread();
    if (here.clock == this && here.worker != nullptr) sched::time_keeper::fire(*here.worker);
}

}  // namespace bifilar
