// malloc and its relatives over glibc's own entry points, with a counter and a refusal in front.
#include "counted_malloc.hpp"

#include <atomic>
#include <cerrno>
#include <cstddef>

namespace {

// Relaxed throughout: the readers are ordered behind the calls that they ask about by joining the tasks.
std::atomic<std::uint64_t> calls{0};

[[maybe_unused]] void count_call() noexcept { calls.fetch_add(1, std::memory_order_relaxed); }

[[maybe_unused]] bool is_refused() noexcept {
    if (tests::memory_is_exhausted) errno = ENOMEM;
    return tests::memory_is_exhausted;
}

}  // namespace

constinit thread_local bool tests::memory_is_exhausted = false;

std::uint64_t tests::malloc_calls() noexcept { return calls.load(std::memory_order_relaxed); }

#if !defined(BIFILAR_ASAN) && !defined(BIFILAR_TSAN) && defined(__GLIBC__)

extern "C" {

void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* block, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);
void __libc_free(void* block);

void* malloc(std::size_t bytes) {
    count_call();
    return is_refused() ? nullptr : __libc_malloc(bytes);
}
void* calloc(std::size_t count, std::size_t bytes) {
    count_call();
    return __libc_calloc(count, bytes);
}
void* realloc(void* block, std::size_t bytes) {
    count_call();
    return __libc_realloc(block, bytes);
}
void* memalign(std::size_t alignment, std::size_t bytes) {
    count_call();
    return is_refused() ? nullptr : __libc_memalign(alignment, bytes);
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
