// Linux hands out pages when they are written to, so that a chunk may be larger than what is needed of it.
#include <bifilar/base/detail/pages.hpp>

#include <sys/mman.h>

namespace bifilar::base {

void* map_pages(std::size_t bytes) noexcept {
    void* const memory =
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? nullptr : memory;
}

// Both may fail for want of memory, the second also where the process has locked its memory; then it stays.
void unmap_pages(void* memory, std::size_t bytes) noexcept { (void)::munmap(memory, bytes); }

void discard_pages(void* pages, std::size_t bytes) noexcept { (void)::madvise(pages, bytes, MADV_DONTNEED); }

}  // namespace bifilar::base
