// A flag that tasks and threads wait for until somebody sets it; it stays set until it is reset.
// Waiting allocates nothing; setting wakes everybody in portions outside of the lock.
#pragma once

#include <bifilar/sync/detail/gate_wait.hpp>

namespace bifilar {

/// Manual-reset event. Must outlive its waits, and a set() that finds more than 64 of them; whoever's wait has ended
/// may destroy a smaller one. is_set() and try_wait() do not tell that set() is over. Destroying it waited for aborts.
/// Nothing allocates.
/// Thread: any, for all members; release on setting, acquire on passing.
class event {
public:
    using wait_future = detail::gate_wait<event>;

    event() noexcept = default;
    event(const event&) = delete;
    event& operator=(const event&) = delete;
    ~event() { BIFILAR_CHECK(waiters_.empty(), "an event was destroyed while tasks wait for it; join them first"); }

    /// Sets the event and wakes all that wait now. A second set does nothing. Never suspends.
    void set() noexcept {
        // Pairs with is_set; so that what the setter wrote before is visible. Under the lock, so that a wait that
        // sees the event unset is in the list before the list is taken.
        waiters_.wake_all([this] { set_.store(true, base::release); });
    }

    /// Later waits wait again. Those that a set has woken stay woken.
    void reset() noexcept {
        const std::lock_guard guard{waiters_.lock()};
        set_.store(false, base::relaxed);  // Relaxed: being unset carries no message.
    }

    /// May be out of date when it returns.
    [[nodiscard]] bool is_set() const noexcept { return set_.load(base::acquire); }  // Pairs with set.

    /// Whether wait() would be ready at once.
    [[nodiscard]] bool try_wait() const noexcept { return is_set(); }

    /// A future that is ready once the event was set after or during the wait.
    /// Cancellation: loses nothing.
    /// Suspends: until the event is set.
    [[nodiscard]] wait_future wait() noexcept { return wait_future{*this}; }

private:
    // The wait, which is written once for all gates, asks is_open() under the list's lock.
    friend wait_future;

    // Under the lock that guards it.
    [[nodiscard]] bool is_open() const noexcept { return set_.load(base::relaxed); }

    detail::wait_list waiters_;
    // Written under the list's lock, read by all without it.
    base::atomic<bool> set_{false};
};

static_assert(sizeof(event) <= 40 && sizeof(event::wait_future) == 4 * sizeof(void*),
              "what a parked task pays for its event");
static_assert(future<event::wait_future>);

}  // namespace bifilar
