// Counts the calls of malloc and its relatives in this executable, those of operator new among them, and refuses those
// of operator new when asked to.
// The executable's own malloc takes the place of libc's, for all threads; see counted_malloc.cpp.
#pragma once

#include <bifilar/base/detail/sanitizer.hpp>
#include <cstdint>

namespace tests {

#if defined(BIFILAR_ASAN) || defined(BIFILAR_TSAN) || !defined(__GLIBC__)
inline constexpr bool counts_malloc = false;  // The sanitizers have a malloc of their own.
#else
inline constexpr bool counts_malloc = true;
#endif

/// Calls that asked for memory so far; frees are not counted.
[[nodiscard]] std::uint64_t malloc_calls() noexcept;

/// While it is set the calling thread's operator new finds no memory. calloc does: glibc ends the process where it
/// cannot note a thread_local's destructor. No checks meanwhile, which allocate.
extern constinit thread_local bool memory_is_exhausted;

}  // namespace tests
