// A count that tasks wait to see at zero: what latch and wait_group have in common.
// Counting is one atomic exchange, but for the step to zero, which happens under the lock of those who wait.
#pragma once

#include <bifilar/sync/detail/gate_wait.hpp>
#include <cstdint>

namespace bifilar::detail {

/// All members: any thread; nothing allocates. Whoever waited may destroy it, when at most 64 waited.
class countdown {
public:
    explicit countdown(std::uint64_t count) noexcept : count_{count} {}
    countdown(const countdown&) = delete;
    countdown& operator=(const countdown&) = delete;

    /// Counts up. False, with nothing done, when that would be 2^63 or more.
    [[nodiscard]] bool add(std::uint64_t by) noexcept {
        std::uint64_t seen = count_.load(base::relaxed);  // Relaxed: a guess for the exchange.
        do {
            if (by >= limit || seen + by >= limit) [[unlikely]]
                return false;
            // Relaxed: counting up carries no message.
        } while (!count_.compare_exchange_weak(seen, seen + by, base::relaxed, base::relaxed));
        return true;
    }

    /// Counts down and wakes those who wait when it comes to zero. False, with nothing done, when it would go below.
    [[nodiscard]] bool take(std::uint64_t by) noexcept {
        std::uint64_t seen = count_.load(base::relaxed);  // Relaxed: a guess for the exchange.
        while (seen > by)
            // Pairs with take_to_zero; so that what was written before is visible to those who wait.
            if (count_.compare_exchange_weak(seen, seen - by, base::release, base::relaxed)) return true;
        return take_to_zero(by);
    }

    [[nodiscard]] bool is_zero() const noexcept { return count_.load(base::acquire) == 0; }  // Pairs with take.
    /// The same, and whoever counted to zero is gone.
    [[nodiscard]] bool is_at_rest() noexcept {
        const std::lock_guard guard{waiters_.lock()};
        return is_open();
    }
    [[nodiscard]] bool has_waiters() const noexcept { return !waiters_.empty(); }
    /// May be out of date when it returns.
    [[nodiscard]] std::uint64_t count() const noexcept { return count_.load(base::relaxed); }

private:
    // The wait, which is written once for all gates, asks is_open() under the list's lock.
    friend gate_wait<countdown>;

    static constexpr std::uint64_t limit = std::uint64_t{1} << 63;

    // Under the lock; relaxed because of it.
    [[nodiscard]] bool is_open() const noexcept { return count_.load(base::relaxed) == 0; }

    bool take_to_zero(std::uint64_t by) noexcept {
        bool enough = true;
        waiters_.wake_all([&] {
            std::uint64_t seen = count_.load(base::relaxed);  // Relaxed: a guess for the exchange.
            do {
                enough = seen >= by;
                if (!enough) return false;
                // Pairs with take; so that what the others wrote is passed on with the wake.
            } while (!count_.compare_exchange_weak(seen, seen - by, base::acq_rel, base::relaxed));
            return seen == by;
        });
        return enough;
    }

    // Anybody counts up, or down to at least 1, without the lock; the step to 0 is made under it, so that whoever waits
    // and sees 0 knows that the last to count is gone when the lock is free.
    base::atomic<std::uint64_t> count_;
    wait_list waiters_;
};

}  // namespace bifilar::detail
