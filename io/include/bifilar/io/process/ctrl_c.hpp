// The wish of a user, or of a service manager, that the program ends: SIGINT or SIGTERM as a future.
#pragma once

#include <bifilar/drivers/contract/detail/io_wait.hpp>
#include <bifilar/drivers/contract/io_result.hpp>

namespace bifilar {

/// Ready once SIGINT or SIGTERM has come, now or since the first ctrl_c() of the process. From the first one on the
/// two signals no longer end the process by themselves. Any number of waits, in any thread. ENOSPC and ENOMEM when the
/// kernel cannot watch one more descriptor: no signal has come then. Each wait has a descriptor of its own, and
/// allocates when it is made. Cancelling loses nothing.
class [[nodiscard]] ctrl_c_future {
public:
    using output = io_result<void>;

    /// Throws std::system_error when no descriptor can be had, and std::bad_alloc.
    ctrl_c_future();
    polled<output> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept { return wait_.poll_rest(cx); }

private:
    drivers::source_ptr source_;  // Before wait_: the operation ends first.
    drivers::io_wait wait_;
};

[[nodiscard]] inline ctrl_c_future ctrl_c() { return ctrl_c_future{}; }

}  // namespace bifilar
