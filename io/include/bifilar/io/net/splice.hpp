// Bytes between a stream socket and a pipe that do not come to the process: the kernel passes pages on.
// Built on readiness of both ends; see splice_all for two sockets.
#pragma once

#include <bifilar/drivers/contract/detail/io_wait.hpp>
#include <bifilar/io/net/socket_stream.hpp>
#include <bifilar/io/process/pipe.hpp>
#include <cstddef>
#include <optional>

namespace bifilar {

/// Ready with how many bytes were moved. 0: the end of what is read, or 0 bytes were asked for.
class [[nodiscard]] splice_future {
public:
    using output = io_result<std::size_t>;

    /// `kind`: splice_in or splice_out, of the socket.
    splice_future(op_kind kind, drivers::io_source& socket, drivers::io_source& pipe,
                  std::size_t bytes) noexcept;
    polled<output> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept;
    /// What the destructor does, for owners that ask finished() afterwards.
    /// Blocks: a moment, until the kernel has let go of the pipe.
    void end() noexcept;
    /// The result of a call at rest whose poll was not ready. See accountable_transfer.
    [[nodiscard]] std::optional<output> finished() const noexcept;
    void describe_wait(task_visitor& to) const noexcept {
        (waits_for_pipe_ ? for_pipe_ : move_).describe<splice_future>(to);
    }

private:
    int pipe_;  // Before the waits, which use it.
    std::size_t bytes_;
    bool waits_for_pipe_ = false;
    drivers::io_wait for_pipe_;
    drivers::io_wait move_;
};

static_assert(accountable_transfer<splice_future>);

/// Moves what the socket has, at least one byte and at most `bytes`, into the pipe. 0: the peer has ended its side. It
/// is a read of the socket, and as long as it waits for the pipe a write there. Both outlive the future.
///
/// Errors: those of the socket's reads; EBUSY when another read of the socket or write of the pipe waits; EPIPE when
/// the pipe has no reader; EINVAL of a socket that splice(2) does not know.
/// Cancellation: also when it is destroyed, what it had moved by then is in the pipe, and nothing is lost.
/// Suspends: until the one has something and the other has room.
[[nodiscard]] splice_future splice(socket_stream& from, pipe_writer& to, std::size_t bytes);

/// Moves what the pipe has, at least one byte and at most `bytes`, into the socket. 0: no writer is left. Otherwise as
/// the other one; SIGPIPE is treated as pipe_writer says.
/// Errors: those of the socket's writes; EBUSY when another write of the socket or read of the pipe waits; EINVAL as
/// there.
/// Cancellation: also when it is destroyed, an unknown part has been sent, and what has not is in the pipe.
[[nodiscard]] splice_future splice(pipe_reader& from, socket_stream& to, std::size_t bytes);

}  // namespace bifilar
