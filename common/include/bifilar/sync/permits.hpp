// Permits that are taken and given back: what mutex, shared_mutex and semaphore have in common.
// One word while nobody waits; a list, served strictly in order, once somebody does. Built on wait_list.
#pragma once

#include <bifilar/base/atomic.hpp>
#include <bifilar/core/wait_list.hpp>
#include <cstdint>

namespace bifilar::detail {

/// Neither copied nor moved. All members: any thread; nothing allocates; nothing blocks but for the list's short lock.
/// Must outlive its waits, and a give() that finds more than 64 waits to serve; whoever took what a smaller give()
/// gave may destroy it.
class permits {
public:
    class wait;

    permits(std::uint32_t free, std::uint32_t most) noexcept : word_{std::uint64_t{free} * one}, most_{most} {}
    permits(const permits&) = delete;
    permits& operator=(const permits&) = delete;

    /// Takes `count` at once. False when so many are not free, or when somebody waits: nobody is overtaken.
    [[nodiscard]] bool try_take(std::uint32_t count) noexcept {
        std::uint64_t seen = word_.load(base::relaxed);  // Relaxed: a guess for the exchange.
        while ((seen & waited_for) == 0 && seen / one >= count)
            // Pairs with give and serve; so that what the giver wrote is visible.
            if (word_.compare_exchange_weak(seen, seen - count * one, base::acquire, base::relaxed)) [[likely]]
                return true;
        return false;
    }

    /// Gives `count` back, to those who wait first. False, with nothing done, when there would be more than exist.
    [[nodiscard]] bool give(std::uint32_t count) noexcept {
        std::uint64_t seen = word_.load(base::relaxed);  // Relaxed: a guess for the exchange.
        for (;;) {
            if (seen / one + count > most_) [[unlikely]]
                return false;
            if ((seen & waited_for) != 0) [[unlikely]] {
                if (give_to_waiters(count)) return true;
                seen = word_.load(base::relaxed);  // They have left.
                continue;
            }
            // Pairs with try_take and enter; so that what was written before is visible to the next.
            if (word_.compare_exchange_weak(seen, seen + count * one, base::release, base::relaxed)) [[likely]]
                return true;
        }
    }

    /// Free ones; old at once.
    [[nodiscard]] std::uint32_t free() const noexcept {
        return static_cast<std::uint32_t>(word_.load(base::relaxed) / one);  // Relaxed: the answer orders nothing.
    }
    /// Whether somebody waits; old at once.
    [[nodiscard]] bool waited() const noexcept { return (word_.load(base::relaxed) & waited_for) != 0; }  // As free.
    [[nodiscard]] std::uint32_t most() const noexcept { return most_; }

private:
    static constexpr std::uint64_t waited_for = 1;
    static constexpr std::uint64_t one = 2;
    static constexpr int wakes_per_hold = 64;

    class node : public wait_node {
    public:
        explicit node(std::uint32_t count) noexcept : count_{count} {}
        node(node&&) noexcept = default;

        std::uint32_t count_;
        bool settled_ = false;  // The owner has what it waited for. The owner's own.
    };

    [[nodiscard]] bool enter(node& at, context& cx) noexcept;
    void leave(node& at) noexcept;
    [[nodiscard]] bool give_to_waiters(std::uint32_t count) noexcept;
    [[nodiscard]] bool serve(std::uint32_t more_free, wake_batch& batch) noexcept;

    // Bit 0: somebody waits; bits 1 to 63: free permits. Without bit 0 anybody may exchange it. With bit 0 only holders
    // of the list's lock write it: takers and givers see the bit and go there, and an exchange that was under way when
    // the bit came fails.
    base::atomic<std::uint64_t> word_;
    wait_list waiters_;
    const std::uint32_t most_;
};

/// A wait for `count` permits: the part of a future that mutex, shared_mutex and semaphore share.
class permits::wait {
public:
    wait(permits& from, std::uint32_t count) noexcept : from_{&from}, node_{count} {}
    wait(wait&&) noexcept = default;
    wait& operator=(wait&&) = delete;
    /// Leaves its place in the queue. What was granted and not taken is given back.
    ~wait() {
        if (!is_fresh() && !node_.settled_) [[unlikely]]
            from_->leave(node_);
    }

    /// True when the permits are the caller's.
    [[nodiscard]] bool poll(context& cx) noexcept {
        if (is_fresh()) [[likely]] {
            if (!cx.take_budget()) return false;
            if (from_->try_take(node_.count_)) [[likely]]
                return true;
        }
        return enter(cx);
    }

    /// The same for whoever has just tried to take them.
    [[nodiscard]] bool enter(context& cx) noexcept { return from_->enter(node_, cx); }

    [[nodiscard]] std::uint32_t count() const noexcept { return node_.count_; }
    /// Never in the queue.
    [[nodiscard]] bool is_fresh() const noexcept {
        return node_.where(base::relaxed) == wait_node::place::fresh;  // Relaxed: a fresh node is this thread's own.
    }

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
