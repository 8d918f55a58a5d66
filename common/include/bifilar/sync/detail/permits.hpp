// Permits that are taken and given back: what mutex, shared_mutex and semaphore have in common.
// One word while nobody waits; a list once somebody does. Built on wait_list.
//
// Whoever waits is first only *called*: woken, with the permits still free, so that a task that runs meanwhile may take
// them and nobody stands still for as long as a wake takes. A waiter that was called and finds nothing goes back to the
// front, and the next permits are *handed* to it: they are its own before it is woken, and nobody overtakes it. So
// a waiter is overtaken only while a call is on its way to it or to one before it, and each comes in vain once at most.
// Those that were called together may change places.
#pragma once

#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/base/detail/plain.hpp>
#include <bifilar/future/detail/wait_list.hpp>
#include <cstdint>

namespace bifilar::detail {

/// Neither copied nor moved. All members: any thread; nothing allocates; nothing blocks but for the list's short lock
/// and a short spin. Must outlive its waits, and a give() that finds more than 64 waits to serve; whoever took what a
/// smaller give() gave may destroy it.
class permits {
public:
    class wait;

    permits(std::uint32_t free, std::uint32_t most) noexcept : word_{std::uint64_t{free} * one}, most_{most} {}
    permits(const permits&) = delete;
    permits& operator=(const permits&) = delete;

    /// Takes `count` at once. False when so many are not free, or when they are for somebody who has waited.
    [[nodiscard]] bool try_take(std::uint32_t count) noexcept {
        std::uint64_t seen = word_.load(base::relaxed);  // Relaxed: a guess for the exchange.
        while ((seen & closed) == 0 && seen / one >= count)
            // Pairs with give and settle; so that what the giver wrote is visible.
            if (word_.compare_exchange_weak(seen, seen - count * one, base::acquire, base::relaxed)) [[likely]]
                return true;
        return false;
    }

    /// Gives `count` back, and calls those who wait, or hands it to them. False, with nothing done, when there would be
    /// more than exist.
    [[nodiscard]] bool give(std::uint32_t count) noexcept {
        std::uint64_t seen = word_.load(base::relaxed);  // Relaxed: a guess for the exchange.
        for (;;) {
            if (seen / one + count > most_) [[unlikely]]
                return false;
            // Of a single permit nothing is left for others than the one that was called, who looks after the rest.
            if ((seen & closed) != 0 || ((seen & called) != 0 && most_ != 1)) [[unlikely]] {
                if (give_to_waiters(count)) return true;
                seen = word_.load(base::relaxed);  // They have left.
                continue;
            }
            // Pairs with try_take and shut; so that what was written before is visible to the next.
            if (word_.compare_exchange_weak(seen, seen + count * one, base::release, base::relaxed)) [[likely]]
                return true;
        }
    }

    /// Nothing is taken any more: those who wait are told, and whoever comes. What is out may be given back. For good.
    void end() noexcept;
    [[nodiscard]] bool has_ended() const noexcept {
        return (word_.load(base::relaxed) & ended) != 0;  // Relaxed: the answer orders nothing.
    }

    /// Free ones; may be out of date when it returns.
    [[nodiscard]] std::uint32_t free() const noexcept {
        return static_cast<std::uint32_t>(word_.load(base::relaxed) / one);  // Relaxed: the answer orders nothing.
    }
    /// Whether somebody waits or was called and has not come yet; may be out of date when it returns.
    [[nodiscard]] bool waited() noexcept {
        const std::lock_guard guard{waiters_.lock()};
        return !waiters_.empty() || called_ != 0;
    }
    [[nodiscard]] std::uint32_t most() const noexcept { return most_; }

private:
    static constexpr std::uint64_t closed = 1;
    static constexpr std::uint64_t called = 2;
    static constexpr std::uint64_t ended = 4;
    static constexpr std::uint64_t one = 8;
    static constexpr int wakes_per_hold = 64;

    class node : public wait_node {
    public:
        explicit node(std::uint32_t count) noexcept : count_{count} {}
        node(node&&) noexcept = default;

        base::plain<std::uint32_t> count_;
        base::plain<bool> tried_{false};  // Was called in vain: is handed what it waits for. Under the list's lock.
        // Was handed what it waits for. Under the list's lock; the owner may read it without, once the node is woken.
        base::plain<bool> granted_{false};
        bool settled_ = false;  // The owner has what it waited for. The owner's own.
        bool in_vain_ = false;  // Or it will never have it. The owner's own.
    };

    [[nodiscard]] bool enter(node& at, context& cx) noexcept;
    [[nodiscard]] bool spin(std::uint32_t count, bool was_called) noexcept;
    void leave(node& at) noexcept;
    [[nodiscard]] bool give_to_waiters(std::uint32_t count) noexcept;
    void serve_more() noexcept;
    [[nodiscard]] std::uint64_t shut() noexcept;
    [[nodiscard]] bool settle(std::uint64_t free, wake_batch& batch) noexcept;

    // Bit 0, closed: takers and givers go to the list, and only holders of its lock write the word. Set while one of
    // them is at work, and while somebody waits who has come in vain, or with no call on its way to anybody.
    // Bit 1, called: not closed; somebody waits, and somebody else was called and has not come yet, who will look after
    // the list.
    // Bit 2, ended: end() was called; bit 0 stays set from then on.
    // Bits 3 to 63: free permits.
    // Without bit 0 anybody may exchange the word; an exchange that was under way when the bit came fails.
    base::atomic<std::uint64_t> word_;
    const std::uint32_t most_;
    // How many pauses the next contended take spends before it queues; below 0: how many of them queue at once before
    // one tries again. A hint: written and read by all, torn updates do no harm.
    base::atomic<std::int32_t> spins_{0};
    [[no_unique_address]] wait_list waiters_;  // What follows lies in its end.
    base::plain<std::uint32_t> called_{0};     // How many were called and have not come yet. Under the list's lock.
    base::plain<std::uint32_t> reserved_{0};   // How many permits they will want. Under the list's lock.
};

/// A wait for `count` permits: the part of a future that mutex, shared_mutex and semaphore share.
class permits::wait {
public:
    wait(permits& from, std::uint32_t count) noexcept : from_{&from}, node_{count} {}
    wait(wait&&) noexcept = default;
    wait& operator=(wait&&) = delete;
    /// Leaves its place in the queue. What was granted and not taken is given back.
    ~wait() {
        // Relaxed: a fresh node is this thread's own.
        if (node_.where(base::relaxed) != wait_node::place::fresh && !node_.settled_) [[unlikely]]
            from_->leave(node_);
    }

    /// True when the permits are the caller's, or, if it has ended in vain, never will be.
    [[nodiscard]] bool poll(context& cx) noexcept {
        using enum wait_node::place;
        const wait_node::place at = node_.where();
        if (at == fresh) [[likely]] {
            if (!cx.take_budget()) return false;
            if (from_->try_take(node_.count_) || from_->spin(node_.count_, false)) [[likely]]
                return true;
        } else if (at == woken && !node_.granted_) {
            (void)from_->spin(node_.count_, true);
        }
        return from_->enter(node_, cx);
    }

    [[nodiscard]] std::uint32_t count() const noexcept { return node_.count_; }
    [[nodiscard]] bool in_vain() const noexcept { return node_.in_vain_; }

private:
    permits* from_;
    permits::node node_;
};

/// What the holder of a lock holds: unlocks it in the end. Movable; one thread at a time, not always the same one.
template <class Lock, void (Lock::*unlock_it)() noexcept>
class [[nodiscard]] lock_holder {
public:
    /// Holds nothing.
    lock_holder() noexcept = default;
    /// Takes over a lock that the caller holds.
    explicit lock_holder(Lock& held) noexcept : lock_{&held} {}
    lock_holder(lock_holder&& other) noexcept : lock_{other.release()} {}
    lock_holder& operator=(lock_holder&& other) noexcept {
        if (this != &other) {
            unlock();
            lock_ = other.release();
        }
        return *this;
    }
    ~lock_holder() { unlock(); }

    /// Unlocks now; nothing when it holds nothing.
    void unlock() noexcept {
        if (Lock* const held = release()) (held->*unlock_it)();
    }
    /// The lock stays locked and is the caller's to unlock. Null when it held nothing.
    Lock* release() noexcept {
        Lock* const held = lock_;
        lock_ = nullptr;
        return held;
    }
    /// The lock that is held, or null.
    [[nodiscard]] Lock* held() const noexcept { return lock_; }
    [[nodiscard]] explicit operator bool() const noexcept { return lock_ != nullptr; }

private:
    Lock* lock_ = nullptr;
};

}  // namespace bifilar::detail
