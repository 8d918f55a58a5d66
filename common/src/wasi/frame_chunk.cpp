// WebAssembly's memory grows and never shrinks: malloc is as good as the system.
#include "../frame_chunk.hpp"

#include <cstdlib>

namespace bifilar::detail {

void* map_frame_chunk(std::size_t bytes) noexcept { return std::calloc(1, bytes); }

}  // namespace bifilar::detail
