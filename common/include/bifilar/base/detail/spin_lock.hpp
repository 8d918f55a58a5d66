// A one-byte lock for critical sections of a few dozen instructions.
// It yields the processor after a bounded spin, because on an oversubscribed machine the holder may be asleep.
#pragma once

#include <bifilar/base/detail/atomic.hpp>
#include <utility>

namespace bifilar::base {

/// Yields this thread's time slice to the kernel. The model's door has no kernel: there it is a plain pause.
void yield_thread() noexcept;
/// The same, for one who holds no lock, waits for what another thread is about to do, and then asks again. In a
/// simulation that thread goes on.
void let_others_run() noexcept;

/// Mutual exclusion between threads; not recursive; unfair. Meets BasicLockable.
/// Never hold it across user code, a wake, or a suspension.
class spin_lock {
public:
    spin_lock() noexcept = default;
    spin_lock(const spin_lock&) = delete;
    spin_lock& operator=(const spin_lock&) = delete;

    [[gnu::always_inline]] void lock() noexcept {
        // Pairs with unlock; so that what the last holder wrote is visible.
        if (!held_.exchange(true, acquire)) [[likely]]
            return;
        lock_slow();
    }

    [[nodiscard]] bool try_lock() noexcept {
        // Relaxed first look: it orders nothing, the exchange behind it does (pairs with unlock).
        return !held_.load(relaxed) && !held_.exchange(true, acquire);
    }

    // Pairs with lock; so that the section's writes are visible to the next holder.
    void unlock() noexcept { held_.store(false, release); }

private:
    // Whoever comes in vain stays away for longer each time: the holder then goes through several sections while their
    // data is in its cache, which costs less than a turn each.
    [[gnu::noinline]] void lock_slow() noexcept {  // Apart, so that it needs no registers where the lock is free.
        constexpr int first_wait = 8;
        constexpr int longest_wait = 32;
        constexpr int waits_before_yield = 16;
        int wait = first_wait;
        for (int waits = 0;; ++waits) {
            if (waits < waits_before_yield) {
                spin_pauses(wait);
                if (wait < longest_wait) wait *= 2;
            } else {
                yield_thread();
            }
            if (try_lock()) return;
        }
    }

    // false: free, true: held. Written by whoever takes or leaves, read by those who wait.
    atomic<bool> held_{false};
};

/// Holds a lock for as long as it lives, unless the lock is left to somebody else before: std::unique_lock as far as it
/// is used here, which standard libraries without threads do not have.
class spin_hold {
public:
    [[gnu::always_inline]] explicit spin_hold(spin_lock& lock) noexcept : lock_{&lock} { lock.lock(); }
    spin_hold(const spin_hold&) = delete;
    spin_hold& operator=(const spin_hold&) = delete;
    [[gnu::always_inline]] ~spin_hold() {
        if (lock_ != nullptr) lock_->unlock();
    }

    /// The lock stays held; whoever is called next leaves it.
    void release() noexcept { lock_ = nullptr; }
    /// Leaves the lock before the end.
    void unlock() noexcept { std::exchange(lock_, nullptr)->unlock(); }

private:
    spin_lock* lock_;
};

}  // namespace bifilar::base
