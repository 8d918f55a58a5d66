// Memory from the system, past malloc: for what is large, and for what goes back in pieces.
#pragma once

#include <cstddef>

namespace bifilar::base {

/// `bytes` zeroed bytes from the system; null when there are none. Any alignment; pages that were never
/// written to cost nothing where the system can do that.
[[nodiscard]] void* map_pages(std::size_t bytes) noexcept;

/// Gives all of it back.
void unmap_pages(void* memory, std::size_t bytes) noexcept;

/// Whole pages of it are not used any more: their memory goes back, their addresses stay.
void discard_pages(void* pages, std::size_t bytes) noexcept;

}  // namespace bifilar::base
