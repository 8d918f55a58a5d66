// Whether a driver has operations with the kernel, for those who ask whether anything can still wake a task.
#pragma once

#include <bifilar/task/detail/parker.hpp>

namespace bifilar::drivers {

/// Whether operations of the driver `of` are in flight; its own, by which others wake its thread, do not count. Any
/// thread: exact while the driver's thread rests and nobody else cancels, else a hint. A simulated one always has some.
[[nodiscard]] bool awaits_events(const detail::parker& of) noexcept;

}  // namespace bifilar::drivers
