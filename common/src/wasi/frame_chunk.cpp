// WebAssembly's memory grows and never shrinks: malloc is as good as the system.
#include "../frame_chunk.hpp"

#include <cstdlib>

namespace bifilar::detail {

void* map_frame_chunk(std::size_t bytes) noexcept { return std::calloc(1, bytes); }

void unmap_frame_chunk(void* memory, std::size_t) noexcept { std::free(memory); }

void discard_frame_memory(void*, std::size_t) noexcept {}

}  // namespace bifilar::detail
