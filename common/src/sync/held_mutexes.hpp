// In builds with debug checks: how many mutexes of the system the calling thread holds, to tell a task that waits while
// it holds one. A worker would block in it, perhaps the one whose task is to unlock it.
#pragma once

#include <bifilar/base/detail/sanitizer.hpp>

namespace bifilar::detail {

// Sanitizers put themselves before the same functions.
#if defined(BIFILAR_DEBUG) && defined(__linux__) && !defined(BIFILAR_ASAN) && \
    !defined(BIFILAR_TSAN) && !defined(BIFILAR_MODEL)
#define BIFILAR_COUNTS_MUTEXES 1

/// Locked less unlocked by this thread since it began: only differences have a meaning, and those of one poll.
[[nodiscard, gnu::noinline]] int held_mutexes() noexcept;

#else

[[nodiscard]] constexpr int held_mutexes() noexcept { return 0; }

#endif

}  // namespace bifilar::detail
