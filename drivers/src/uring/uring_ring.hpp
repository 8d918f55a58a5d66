// Rings as such: whether they can be had, how one is opened and given back.
#pragma once

#include <liburing.h>

namespace bifilar::drivers {

/// Null when a ring with the operations we need can be had, else the reason, for people.
[[nodiscard]] const char* probe_uring(int& error) noexcept;

/// 0 or a negative errno. The kernel gives back what a ring had locked some time after its end, from a thread of its
/// own: a refusal for want of memory that comes soon after one is no answer yet, and is waited out, for a second at
/// most.
[[nodiscard]] int open_ring_once_room(io_uring& ring, unsigned entries) noexcept;

/// Ends one that is open.
void close_ring(io_uring& ring) noexcept;

}  // namespace bifilar::drivers
