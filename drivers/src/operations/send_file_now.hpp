// sendfile(2) without waiting for the socket and without a signal.
#pragma once

#include <bifilar/drivers/contract/detail/op.hpp>
#include <cstddef>

namespace bifilar::drivers {

/// Sends what the socket takes at once and moves the part's offset. The result, or a negative errno; -EAGAIN: no room.
/// Waits for the disk when the file is not in memory. One call on a socket at a time.
[[nodiscard]] int send_file_now(int socket, file_part& part, std::size_t bytes) noexcept;

}  // namespace bifilar::drivers
