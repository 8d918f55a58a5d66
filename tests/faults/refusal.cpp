// operator new and OpenSSL's memory over malloc, and mmap over the kernel's call, with a count of allocations and a
// refusal in front.
#include "refusal.hpp"

#include <bifilar/base/detail/sanitizer.hpp>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <openssl/crypto.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

// Below 0: nobody counts. All accesses are relaxed: the numbers say which allocation fails, not what was written when.
std::atomic<std::int64_t> until_refusal{-1};
std::atomic<bool> refuses_all{false};
std::atomic<std::uint64_t> refusals{0};
std::atomic<std::int64_t> blocks{0};

bool is_refused() noexcept {
    if (until_refusal.load(std::memory_order_relaxed) < 0) return false;
    const std::int64_t before = until_refusal.fetch_sub(1, std::memory_order_relaxed);
    if (before > 0 || (before < 0 && !refuses_all.load(std::memory_order_relaxed))) return false;
    if (refuses_all.load(std::memory_order_relaxed)) until_refusal.store(0, std::memory_order_relaxed);
    refusals.fetch_add(1, std::memory_order_relaxed);
    return true;
}

void* allocate(std::size_t bytes, std::size_t alignment) {
    if (is_refused()) throw std::bad_alloc{};
    if (bytes == 0) bytes = 1;
    void* const made = alignment <= alignof(std::max_align_t)
                           ? std::malloc(bytes)
                           : std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    if (made == nullptr) throw std::bad_alloc{};
    blocks.fetch_add(1, std::memory_order_relaxed);
    return made;
}

void give_back(void* block) noexcept {
    if (block == nullptr) return;
    blocks.fetch_sub(1, std::memory_order_relaxed);
    std::free(block);
}

void* openssl_allocate(std::size_t bytes, const char*, int) {
    if (bytes == 0 || is_refused()) return nullptr;
    void* const made = std::malloc(bytes);
    if (made != nullptr) blocks.fetch_add(1, std::memory_order_relaxed);
    return made;
}
void openssl_free(void* block, const char*, int) { give_back(block); }
void* openssl_resize(void* block, std::size_t bytes, const char* file, int line) {
    if (block == nullptr) return openssl_allocate(bytes, file, line);
    if (bytes == 0) {
        give_back(block);
        return nullptr;
    }
    return is_refused() ? nullptr : std::realloc(block, bytes);
}
// Before OpenSSL allocates anything, or it refuses.
const bool openssl_asks_here = CRYPTO_set_mem_functions(openssl_allocate, openssl_resize, openssl_free) == 1;

}  // namespace

bool faults::refuses_openssl() noexcept { return openssl_asks_here; }
void faults::refuse(std::uint64_t nth, refused how) noexcept {
    refusals.store(0, std::memory_order_relaxed);
    refuses_all.store(how == refused::all_after, std::memory_order_relaxed);
    until_refusal.store(static_cast<std::int64_t>(nth), std::memory_order_relaxed);
}
bool faults::make_peace() noexcept {
    until_refusal.store(-1, std::memory_order_relaxed);
    return refusals.load(std::memory_order_relaxed) != 0;
}
std::int64_t faults::living_blocks() noexcept { return blocks.load(std::memory_order_relaxed); }

void* operator new(std::size_t bytes) { return allocate(bytes, 0); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
    return allocate(bytes, static_cast<std::size_t>(alignment));
}
// A sanitizer's own do not call those above.
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
    try {
        return allocate(bytes, 0);
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}
void* operator new(std::size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
    try {
        return allocate(bytes, static_cast<std::size_t>(alignment));
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}
void operator delete(void* block) noexcept { give_back(block); }
void operator delete(void* block, std::size_t) noexcept { give_back(block); }
void operator delete(void* block, std::align_val_t) noexcept { give_back(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { give_back(block); }

// The executable's own mmap takes the place of libc's, for the library's stacks, frames, buffers and rings; glibc's own
// calls do not come here. Sanitizers have one already.
#if !defined(BIFILAR_ASAN) && !defined(BIFILAR_TSAN) && defined(__GLIBC__)
extern "C" void* mmap(void* address, std::size_t bytes, int protection, int flags, int descriptor, off_t offset) {
    if (is_refused()) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the kernel's answer.
    return reinterpret_cast<void*>(::syscall(SYS_mmap, address, bytes, protection, flags, descriptor, offset));
}
#endif
