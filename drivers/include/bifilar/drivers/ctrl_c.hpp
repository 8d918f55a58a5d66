// The wish of a user, or of a service manager, that the program ends: SIGINT or SIGTERM as a future.
#pragma once

#include <bifilar/drivers/io_wait.hpp>

namespace bifilar {

/// Ready once SIGINT or SIGTERM has come, now or since the first ctrl_c() of the process. From the first one on the
/// two signals no longer end the process by themselves. Any number of waits. Cancelling loses nothing.
class [[nodiscard]] ctrl_c_future {
public:
    using output = void;

    /// Throws std::system_error when no descriptor can be had.
    ctrl_c_future();
    polled<void> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept;

private:
    drivers::source_ptr source_;  // Before wait_: the operation ends first.
    drivers::io_wait wait_;
};

[[nodiscard]] inline ctrl_c_future ctrl_c() { return ctrl_c_future{}; }

}  // namespace bifilar
