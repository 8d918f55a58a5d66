// The waiting half of every I/O future: try, submit, wait, cancel, and a destructor that is safe at any time.
// Futures of sockets keep one of these and turn its plain results into theirs.
#pragma once

#include <bifilar/core/future.hpp>
#include <bifilar/drivers/driver.hpp>
#include <optional>

namespace bifilar::drivers {

class io_wait {
public:
    io_wait(op_kind kind, io_source& source) noexcept : op_{kind, source} {}
    io_wait(io_wait&&) noexcept = default;
    io_wait& operator=(io_wait&&) = delete;
    /// An operation in flight is cancelled and waited for, and a metric counts it: the thread may block a moment.
    ~io_wait() { end(); }
    /// What the destructor does, for owners that look at `finished` afterwards.
    void end() noexcept;

    /// The system call's result or a negative errno; empty: not ready.
    std::optional<int> poll(context& cx);
    /// Cancels. True when the operation is over; `finished` then tells its result, which may be a success.
    [[nodiscard]] bool poll_cancel(context& cx) noexcept;
    /// The result of an operation that ended in the driver and was not told by poll.
    [[nodiscard]] std::optional<int> finished() const noexcept;

    /// What the next call is about. Between calls.
    void set_buffer(void* buffer, std::size_t bytes) noexcept {
        op_.buffer = buffer;
        op_.bytes = bytes;
    }

private:
    void ask_cancel() noexcept;

    op op_;
};

}  // namespace bifilar::drivers
