// Refuses allocations of the whole process, one or all from a given one on: this executable's operator new asks here,
// and so do OpenSSL and mmap.
#pragma once

#include <cstdint>

namespace faults {

enum class refused {
    one,        ///< The allocation with the given number, no other.
    all_after,  ///< That one and all that follow, until peace is made.
};

/// Whether OpenSSL's allocations are among those.
[[nodiscard]] bool refuses_openssl() noexcept;

/// From now on allocation number `nth` fails, on whichever thread; the first one is 0.
void refuse(std::uint64_t nth, refused how) noexcept;

/// Ends it. Whether an allocation was refused since.
bool make_peace() noexcept;

/// Blocks that were not given back.
[[nodiscard]] std::int64_t living_blocks() noexcept;

}  // namespace faults
