// malloc and its relatives over glibc's own entry points, with a counter in front.
#include "counted_malloc.hpp"

#include <atomic>
#include <cerrno>
#include <cstddef>

namespace {

// Relaxed throughout: the readers are ordered behind the calls that they ask about by joining the tasks.
std::atomic<std::uint64_t> calls{0};

}  // namespace

std::uint64_t tests::malloc_calls() noexcept { return calls.load(std::memory_order_relaxed); }

#if !defined(BIFILAR_ASAN) && !defined(BIFILAR_TSAN) && defined(__GLIBC__)

extern "C" {

void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* block, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);
void __libc_free(void* block);

void* malloc(std::size_t bytes) {
    calls.fetch_add(1, std::memory_order_relaxed);
    return __libc_malloc(bytes);
}
void* calloc(std::size_t count, std::size_t bytes) {
    calls.fetch_add(1, std::memory_order_relaxed);
    return __libc_calloc(count, bytes);
}
void* realloc(void* block, std::size_t bytes) {
    calls.fetch_add(1, std::memory_order_relaxed);
    return __libc_realloc(block, bytes);
}
void* memalign(std::size_t alignment, std::size_t bytes) {
    calls.fetch_add(1, std::memory_order_relaxed);
    return __libc_memalign(alignment, bytes);
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) { return memalign(alignment, bytes); }
int posix_memalign(void** result, std::size_t alignment, std::size_t bytes) {
    void* const block = memalign(alignment, bytes);
    if (block == nullptr) return ENOMEM;
    *result = block;
    return 0;
}
void free(void* block) { __libc_free(block); }

}  // extern "C"

#endif
