// Where the frame pool gets its memory from.
#pragma once

#include <cstddef>

namespace bifilar::detail {

/// `bytes` zeroed bytes from the system; null when there are none. Any alignment; pages that were never
/// written to cost nothing where the system can do that.
[[nodiscard]] void* map_frame_chunk(std::size_t bytes) noexcept;

/// Gives all of it back.
void unmap_frame_chunk(void* memory, std::size_t bytes) noexcept;

/// Whole pages of it are not used any more: their memory goes back, their addresses stay.
void discard_frame_memory(void* pages, std::size_t bytes) noexcept;

}  // namespace bifilar::detail
