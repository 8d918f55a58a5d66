// Counts the calls of malloc and its relatives in this executable, those of operator new among them.
// The executable's own malloc takes the place of libc's, for all threads; see counted_malloc.cpp.
#pragma once

#include <bifilar/base/sanitizer.hpp>
#include <cstdint>

namespace tests {

#if defined(BIFILAR_ASAN) || defined(BIFILAR_TSAN) || !defined(__GLIBC__)
inline constexpr bool counts_malloc = false;  // The sanitizers have a malloc of their own.
#else
inline constexpr bool counts_malloc = true;
#endif

/// Calls that asked for memory so far; frees are not counted.
[[nodiscard]] std::uint64_t malloc_calls() noexcept;

}  // namespace tests
