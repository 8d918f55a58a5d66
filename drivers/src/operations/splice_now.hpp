// splice(2) between a stream socket and a pipe, without waiting for either.
#pragma once

#include <cstddef>

namespace bifilar::drivers {

/// Moves what the socket has and the pipe takes, at most `bytes`. How much, 0 at the end of the stream; or a negative
/// errno, or pipe_would_wait. One call on a socket at a time.
[[nodiscard]] int splice_in_now(int socket, int pipe, std::size_t bytes) noexcept;

/// Moves what the pipe has and the socket takes, at most `bytes`. How much, 0 when no writer is left; or a negative
/// errno. EPIPE comes with a signal, see survive_broken_pipes. One call on a socket at a time.
[[nodiscard]] int splice_out_now(int pipe, int socket, std::size_t bytes) noexcept;

}  // namespace bifilar::drivers
