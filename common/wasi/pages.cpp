// WebAssembly's memory grows and never shrinks: malloc is as good as the system.
#include <bifilar/base/detail/pages.hpp>

#include <cstdlib>

namespace bifilar::base {

void* map_pages(std::size_t bytes) noexcept { return std::calloc(1, bytes); }

void unmap_pages(void* memory, std::size_t) noexcept { std::free(memory); }

void discard_pages(void*, std::size_t) noexcept {}

}  // namespace bifilar::base
