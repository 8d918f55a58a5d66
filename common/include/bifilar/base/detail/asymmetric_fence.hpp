// A pair of fences of which one costs nothing: what a frequent path stores before it looks, and a rare one looks for
// after it has stored. The rare one asks the kernel to fence all threads of the process (membarrier, Linux 4.14).
#pragma once

#include <bifilar/base/detail/atomic.hpp>

namespace bifilar::base {

#if defined(BIFILAR_MODEL)
void light_fence() noexcept;
[[nodiscard]] bool heavy_fence() noexcept;
#elif defined(BIFILAR_TSAN)
inline void light_fence() noexcept { fence_seq_cst(); }
inline bool heavy_fence() noexcept {
    fence_seq_cst();
    return true;
}
#elif !defined(__linux__)
// One thread.
inline void light_fence() noexcept {}
inline bool heavy_fence() noexcept { return true; }
#else
/// Between a store and a load of the frequent path. Pairs with heavy_fence: of two threads that each store, fence and
/// load what the other stores, one sees the other's store. An instruction is not needed, only that the compiler keeps
/// the order.
inline void light_fence() noexcept { asm volatile("" ::: "memory"); }

/// Between a store and a load of the rare path. False when the kernel refuses; then nothing is ordered. Microseconds,
/// but milliseconds for the first call of a process that has threads: a runtime calls once before it makes any.
[[nodiscard]] bool heavy_fence() noexcept;
#endif

}  // namespace bifilar::base
