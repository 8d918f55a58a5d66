// Where the frame pool gets its memory from.
#pragma once

#include <cstddef>

namespace bifilar::detail {

/// `bytes` zeroed bytes from the system, for good; null when there are none. Any alignment; pages that were never
/// written to cost nothing where the system can do that.
[[nodiscard]] void* map_frame_chunk(std::size_t bytes) noexcept;

}  // namespace bifilar::detail
