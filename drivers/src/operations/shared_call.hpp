// Reads and writes that never wait, on descriptors whose O_NONBLOCK flag is not ours: other processes share it.
#pragma once

#include <cstddef>

namespace bifilar::drivers {

/// 0 when `what` (POLLIN or POLLOUT) or an end or error holds now, else -EAGAIN; a negative errno for a failure.
[[nodiscard]] int ready_for(int descriptor, short what) noexcept;

/// As read(2), or -EAGAIN when it would wait; a negative errno for other failures. Where the kernel cannot promise that
/// of one call (terminals; pipes before Linux 6.4), somebody else who reads between a look and the call makes it wait.
[[nodiscard]] int read_if_ready(int descriptor, void* into, std::size_t bytes) noexcept;

/// As write(2), likewise. Where the kernel cannot promise it, at most PIPE_BUF bytes (4,096) are taken: for so much a
/// pipe that is ready has room.
[[nodiscard]] int write_if_ready(int descriptor, const void* from, std::size_t bytes) noexcept;

}  // namespace bifilar::drivers
