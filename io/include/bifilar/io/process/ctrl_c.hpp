// The wish of a user, or of a service manager, that the program ends: SIGINT or SIGTERM as a future.
#pragma once

#include <bifilar/drivers/contract/detail/io_wait.hpp>
#include <bifilar/drivers/contract/io_result.hpp>

namespace bifilar {

/// Ready once SIGINT or SIGTERM has come, now or since the first ctrl_c() of the process. From the first one on the two
/// signals no longer end the process by themselves. Each wait has a descriptor of its own.
/// Errors: ENOSPC, ENOMEM and ENOBUFS when the driver cannot watch one more descriptor: no signal has come then.
/// Thread: any number of waits, in any thread.
/// Cancellation: loses nothing.
/// Suspends: until a signal has come.
/// Allocates: when it is made.
class [[nodiscard]] ctrl_c_future {
public:
    using output = io_result<void>;

    /// For ctrl_c().
    /// Throws: std::system_error when no descriptor can be had; std::bad_alloc.
    ctrl_c_future();
    polled<output> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept { return wait_.poll_rest(cx); }
    void describe_wait(task_visitor& to) const noexcept { wait_.describe<ctrl_c_future>(to); }

private:
    drivers::source_ptr source_;  // Before wait_: the operation ends first.
    drivers::io_wait wait_;
};

/// A future of the wish that the program ends; see ctrl_c_future.
[[nodiscard]] inline ctrl_c_future ctrl_c() { return ctrl_c_future{}; }

}  // namespace bifilar
