// A flag that tasks and threads wait for until somebody sets it; it stays set until it is reset.
// Built on wait_list: waiting allocates nothing, setting wakes everybody in portions outside of the lock.
#pragma once

#include <bifilar/core/future.hpp>
#include <bifilar/core/wait_list.hpp>

namespace bifilar {

/// Manual-reset event. Any thread. Must outlive its waits, and a set() that finds more than 64 of them; whoever's wait
/// has ended may destroy a smaller one. is_set() and try_wait() do not tell that set() is over. Cancelling a wait loses
/// nothing.
class event {
public:
    class wait_future;

    event() noexcept = default;
    event(const event&) = delete;
    event& operator=(const event&) = delete;

    /// Sets the event and wakes all that wait now. A second set does nothing. Does not suspend or allocate.
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

    [[nodiscard]] bool is_set() const noexcept { return set_.load(base::acquire); }  // Pairs with set.

    /// Whether wait() would be ready at once.
    [[nodiscard]] bool try_wait() const noexcept { return is_set(); }

    /// A future that is ready once the event was set after or during the wait.
    [[nodiscard]] wait_future wait() noexcept;

private:
    wait_list waiters_;
    // Written under the list's lock, read by all without it.
    base::atomic<bool> set_{false};
};

class [[nodiscard]] event::wait_future {
public:
    using output = void;

    explicit wait_future(event& of) noexcept : event_{&of} {}
    wait_future(wait_future&&) noexcept = default;
    wait_future& operator=(wait_future&&) = delete;
    ~wait_future() { (void)event_->waiters_.leave(node_); }

    polled<void> poll(context& cx) noexcept {
        using enum wait_node::place;
        if (node_.where() == woken) return done;
        const bool fresh_node = node_.where(base::relaxed) == fresh;  // Relaxed: a fresh node is this thread's own.
        // Under the lock also when the event is set: whoever saw it set may destroy it, and set() may still hold the
        // lock.
        const std::lock_guard guard{event_->waiters_.lock()};
        // Relaxed, all: under the lock that guards them.
        if (node_.where(base::relaxed) == woken) return done;
        if (event_->set_.load(base::relaxed)) {
            if (node_.where(base::relaxed) == waiting) event_->waiters_.remove(node_);
            if (fresh_node && !cx.take_budget()) return not_ready;
            return done;
        }
        event_->waiters_.wait(node_, cx);
        return not_ready;
    }

private:
    event* event_;
    wait_node node_;
};

static_assert(sizeof(event) <= 40 && sizeof(event::wait_future) == 32, "what a parked task pays for its event");
static_assert(future<event::wait_future>);

inline event::wait_future event::wait() noexcept { return wait_future{*this}; }

}  // namespace bifilar
