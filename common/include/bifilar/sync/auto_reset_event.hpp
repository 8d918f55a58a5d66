// An event that lets one wait through for each time it is set: the automatic-reset kind.
// notify under the names that event has.
#pragma once

#include <bifilar/sync/notify.hpp>

namespace bifilar {

/// Set twice before anybody came is set once. What notify says of order, lifetime and cost holds.
/// Thread: any, for all members.
class auto_reset_event {
public:
    using wait_future = notify::wait_future;

    auto_reset_event() noexcept = default;
    auto_reset_event(const auto_reset_event&) = delete;
    auto_reset_event& operator=(const auto_reset_event&) = delete;
    ~auto_reset_event() {
        BIFILAR_CHECK(!notice_.waited(), "an auto_reset_event was destroyed while tasks wait for it; join them first");
    }

    /// Lets the oldest wait through, else the next.
    void set() noexcept { notice_.notify_one(); }
    /// Whether the next wait would pass; may be out of date when it returns.
    [[nodiscard]] bool is_set() const noexcept { return notice_.has_notice(); }
    /// The next wait waits.
    void reset() noexcept { notice_.reset(); }
    /// Passes when it is set, and resets it.
    [[nodiscard]] bool try_wait() noexcept { return notice_.try_wait(); }
    /// A future that is ready when it was let through.
    /// Cancellation: leaves that to the next.
    /// Suspends: until then.
    [[nodiscard]] wait_future wait() noexcept { return notice_.wait(); }

private:
    notify notice_;
};

}  // namespace bifilar
