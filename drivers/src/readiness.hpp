// What is asked of poll(2), or of a ring in its place, for an operation that waits, and what the answer says besides.
#pragma once

#include <bifilar/drivers/io_source.hpp>

#include <poll.h>

namespace bifilar::drivers {

inline short poll_events(op_kind kind) noexcept {
    if (kind == op_kind::accept) return POLLIN | POLLRDHUP;
    return reads(kind) ? POLLIN : POLLOUT;
}

/// `events`: poll's answer, or a negative errno. Under the source's lock.
inline void note_hang_up(const op& which, int events) noexcept {
    if (which.kind == op_kind::accept && events > 0 && (events & POLLRDHUP) != 0) which.source->hung_up = true;
}

}  // namespace bifilar::drivers
