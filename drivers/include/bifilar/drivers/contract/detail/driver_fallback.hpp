// A free choice of io_uring that turns out to be too much: the ring that is asked for on trial is given back, and those
// that are wanted then may be more than the process may lock in memory.
#pragma once

#include <bifilar/drivers/contract/driver_kind.hpp>
#include <system_error>

namespace bifilar::drivers {

/// Whether epoll is to be used instead, since no driver of the kind `chosen` could be made: io_uring was chosen freely
/// (`wanted` is best, and BIFILAR_DRIVER names no other) and ran out of memory. Then it prints the line of
/// choose_driver, once a process. Any thread. Throws std::bad_alloc.
[[nodiscard]] bool falls_back(driver_kind wanted, driver_kind chosen, const std::system_error& error);

}  // namespace bifilar::drivers
