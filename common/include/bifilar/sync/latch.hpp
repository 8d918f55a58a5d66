// A count that goes down to zero once and then lets everybody through.
#pragma once

#include <bifilar/sync/detail/countdown.hpp>

namespace bifilar {

/// Whoever passed may destroy it, when at most 64 waited and no wait is left; try_wait() and count() do not tell that
/// the last to count is gone. Destroying it waited for aborts. Nothing allocates.
/// Thread: any, for all members; release on counting down, acquire on passing.
class latch {
public:
    using wait_future = detail::gate_wait<detail::countdown>;

    /// Open at once with 0. Aborts with 2^63 or more.
    explicit latch(std::uint64_t count) noexcept : count_{0} {
        BIFILAR_CHECK(count_.add(count), "a latch was made with a count of 2^63 or more");
    }
    ~latch() { BIFILAR_CHECK(!count_.has_waiters(), "a latch was destroyed while tasks wait for it; join them first"); }

    /// Counts down; the step to 0 wakes all. Aborts when it would go below. Never suspends.
    void count_down(std::uint64_t by = 1) noexcept {
        BIFILAR_CHECK(count_.take(by), "count_down() of a latch below zero");
    }
    /// Whether the count is 0.
    [[nodiscard]] bool try_wait() const noexcept { return count_.is_zero(); }
    /// A future that is ready when the count is 0.
    /// Cancellation: loses nothing.
    /// Suspends: until then.
    [[nodiscard]] wait_future wait() noexcept { return wait_future{count_}; }
    /// Counts down now, not when it is awaited, and gives the wait. Whoever passes before must not destroy the latch.
    /// Cancellation: the count stays down.
    /// Suspends: as wait().
    [[nodiscard]] wait_future arrive_and_wait(std::uint64_t by = 1) noexcept {
        count_down(by);
        return wait();
    }
    /// May be out of date when it returns.
    [[nodiscard]] std::uint64_t count() const noexcept { return count_.count(); }

private:
    detail::countdown count_;
};

static_assert(future<latch::wait_future>);

}  // namespace bifilar
