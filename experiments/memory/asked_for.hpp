// How many bytes the frame pool is asked for: exact, where the pool itself rounds up to its classes.
// Counted in front of bifilar::allocate_frame, which the linker replaces in this program.
#pragma once

#include <cstdint>

namespace bifilar::experiments {

/// The sum of all requests of tasks that are no coroutines, of all threads, since the start.
[[nodiscard]] std::uint64_t frame_bytes_asked_for() noexcept;

}  // namespace bifilar::experiments
