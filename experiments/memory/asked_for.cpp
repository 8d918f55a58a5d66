// The linker's --wrap sends every call of bifilar::detail::allocate_frame_slowly through the function below.
// So a request is counted as it was made, before the pool rounds it up.
#include "asked_for.hpp"

#include <bifilar/memory/detail/frame_pool.hpp>
#include <bifilar/task/detail/thread_state.hpp>
#include <cstddef>
#include <utility>

namespace bifilar::experiments {

namespace {

// Of the one thread that asks.
std::uint64_t asked_for = 0;
bool counts = false;

}  // namespace

// The pool's own, as the linker calls it then; and what takes its place.
void* really_allocate(std::size_t bytes) asm("__real__ZN7bifilar6detail21allocate_frame_slowlyEm");
void* count_and_allocate(std::size_t bytes) asm("__wrap__ZN7bifilar6detail21allocate_frame_slowlyEm");

void* count_and_allocate(std::size_t bytes) {
    void* const block = really_allocate(bytes);
    if (counts) {
        asked_for += bytes;
        detail::this_thread().frames = nullptr;  // The pool has just given the thread a cache.
    }
    return block;
}

frame_requests::frame_requests() noexcept : cache_{std::exchange(detail::this_thread().frames, nullptr)} {
    asked_for = 0;
    counts = true;
}
frame_requests::~frame_requests() {
    counts = false;
    detail::this_thread().frames = cache_;
}
std::uint64_t frame_requests::bytes() const noexcept { return asked_for; }

}  // namespace bifilar::experiments
