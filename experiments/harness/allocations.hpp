// Counts what goes through malloc, in every experiment, because operator new is replaced by one that counts.
// The library's pools take their slabs from mmap or from operator new; both are visible in the resident memory.
#pragma once

#include <cstdint>

namespace bifilar::experiments {

struct allocation_count {
    std::uint64_t calls = 0;
    std::uint64_t bytes = 0;
};

/// Calls of operator new so far, of all threads.
[[nodiscard]] allocation_count allocations() noexcept;

}  // namespace bifilar::experiments
