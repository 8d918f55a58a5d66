// Counts what goes through malloc, in every experiment, because operator new is replaced by one that counts.
// The library's pools take their slabs from mmap or from operator new; both are visible in the resident memory.
#include "allocations.hpp"

#include <bifilar/base/detail/atomic.hpp>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace bifilar::experiments {

namespace {

// Written by every operator new, read by allocations(). Relaxed throughout: counters that order nothing.
constinit base::atomic<std::uint64_t> calls{0};
constinit base::atomic<std::uint64_t> bytes{0};

void* counted(std::size_t size, std::size_t alignment) noexcept {
    calls.fetch_add(1, base::relaxed);     // Relaxed: see above.
    bytes.fetch_add(size, base::relaxed);  // Relaxed: see above.
    if (size == 0) size = 1;
    if (alignment <= alignof(std::max_align_t)) return std::malloc(size);
    return std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

void* counted_or_throw(std::size_t size, std::size_t alignment) {
    if (void* const made = counted(size, alignment)) return made;
    throw std::bad_alloc{};
}

}  // namespace

allocation_count allocations() noexcept {
    return {calls.load(base::relaxed), bytes.load(base::relaxed)};  // Relaxed: see above.
}

}  // namespace bifilar::experiments

using bifilar::experiments::counted;
using bifilar::experiments::counted_or_throw;

void* operator new(std::size_t size) { return counted_or_throw(size, 0); }
void* operator new[](std::size_t size) { return counted_or_throw(size, 0); }
void* operator new(std::size_t size, std::align_val_t align) {
    return counted_or_throw(size, static_cast<std::size_t>(align));
}
void* operator new[](std::size_t size, std::align_val_t align) {
    return counted_or_throw(size, static_cast<std::size_t>(align));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return counted(size, 0); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return counted(size, 0); }
void operator delete(void* block) noexcept { std::free(block); }
void operator delete[](void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
void operator delete[](void* block, std::size_t) noexcept { std::free(block); }
void operator delete(void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete[](void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { std::free(block); }
void operator delete[](void* block, std::size_t, std::align_val_t) noexcept { std::free(block); }
