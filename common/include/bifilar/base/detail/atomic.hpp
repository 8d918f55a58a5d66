// The one door through which every atomic of the library goes.
// In production it is std::atomic; with BIFILAR_MODEL defined, tests/model gives the same names a second
// implementation whose every operation is a choice point of an exhaustive search.
#pragma once

#if defined(BIFILAR_MODEL)
#include <model/atomic.hpp>  // IWYU pragma: export
#else
#include <bifilar/base/detail/sanitizer.hpp>
#include <atomic>

namespace bifilar::base {

template <class T>
using atomic = std::atomic<T>;

/// Full fence. Under TSan, which does not model fences, a seq_cst read-modify-write stands in for it.
inline void fence_seq_cst() noexcept {
#if defined(BIFILAR_TSAN)
    static std::atomic<int> line{0};
    // Pairs with itself on other threads, so that both sides of a Dekker are ordered.
    line.fetch_add(0, std::memory_order_seq_cst);
#else
    std::atomic_thread_fence(std::memory_order_seq_cst);  // Partners are named where this is called.
#endif
}

/// Tells the processor that the caller waits in a loop. Never blocks.
inline void spin_pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("isb" ::: "memory");  // yield takes no time on most cores; this empties the pipeline.
#endif
}

/// The same, `times` times in a row: a wait of about that many times 30 ns.
inline void spin_pauses(int times) noexcept {
    for (int pause = 0; pause < times; ++pause) spin_pause();
}

/// The same for a caller that goes on after so many waits, whatever others do.
inline void short_wait(int times) noexcept { spin_pauses(times); }

}  // namespace bifilar::base
#endif

#include <cstddef>

namespace bifilar::base {

/// Memory orders under short names, so that a call and its reason fit on a line.
inline constexpr auto relaxed = std::memory_order_relaxed;
inline constexpr auto acquire = std::memory_order_acquire;
inline constexpr auto release = std::memory_order_release;
inline constexpr auto acq_rel = std::memory_order_acq_rel;
inline constexpr auto seq_cst = std::memory_order_seq_cst;

}  // namespace bifilar::base
