// An event that lets one wait through for each time it is set: the automatic-reset kind.
// notify under the names that event has.
#pragma once

#include <bifilar/sync/notify.hpp>

namespace bifilar {

/// Any thread; set twice before anybody came is set once. What notify says of order, lifetime and cost holds.
class auto_reset_event {
public:
    using wait_future = notify::wait_future;

    /// Lets the oldest wait through, else the next.
    void set() noexcept { notice_.notify_one(); }
    /// The next wait waits.
    void reset() noexcept { notice_.reset(); }
    /// Passes when it is set, and resets it.
    [[nodiscard]] bool try_wait() noexcept { return notice_.try_wait(); }
    /// A future that is ready when it was let through. Cancelled, it leaves that to the next.
    [[nodiscard]] wait_future wait() noexcept { return notice_.wait(); }

private:
    notify notice_;
};

}  // namespace bifilar
