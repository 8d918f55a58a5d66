// Rings as such: how one is opened and given back.
#pragma once

#include <liburing.h>

namespace bifilar::drivers {

/// 0 or a negative errno. The kernel gives back what a ring had locked some time after its end, from a thread of its
/// own: a refusal for want of memory that comes soon after one is no answer yet, and is waited out, for a second at
/// most.
[[nodiscard]] int open_ring_once_room(io_uring& ring, unsigned entries) noexcept;

/// Ends one that is open.
void close_ring(io_uring& ring) noexcept;

}  // namespace bifilar::drivers
