// The linker's --wrap sends every call of bifilar::allocate_frame(std::size_t) through the function below.
// So a request is counted as it was made, before the pool rounds it up.
#include "asked_for.hpp"

#include <bifilar/base/atomic.hpp>
#include <cstddef>

namespace bifilar::experiments {

namespace {

// Bytes so far. Added to by whoever asks. Relaxed: read by the thread that asked, or after its tasks were joined.
base::atomic<std::uint64_t> asked_for{0};

}  // namespace

// The pool's own, as the linker calls it then; and what takes its place.
void* really_allocate(std::size_t bytes) asm("__real__ZN7bifilar14allocate_frameEm");
void* count_and_allocate(std::size_t bytes) asm("__wrap__ZN7bifilar14allocate_frameEm");

void* count_and_allocate(std::size_t bytes) {
    asked_for.fetch_add(bytes, base::relaxed);  // Relaxed: see asked_for.
    return really_allocate(bytes);
}

std::uint64_t frame_bytes_asked_for() noexcept { return asked_for.load(base::relaxed); }  // Relaxed: see asked_for.

}  // namespace bifilar::experiments
