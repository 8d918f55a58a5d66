// How many own an object together: the last one ends it.
#pragma once

#include <bifilar/base/detail/atomic.hpp>
#include <cstdint>

namespace bifilar::base {

class owner_count {
public:
    constexpr explicit owner_count(std::uint32_t owners) noexcept : owners_{owners} {}

    /// One more. By an owner.
    void add() noexcept { owners_.fetch_add(1, relaxed); }  // Relaxed: the count does not come to 0 meanwhile.
    /// One less. True for the last one, which sees what all others did. Any owner, once.
    [[nodiscard]] bool drop() noexcept { return owners_.fetch_sub(1, acq_rel) == 1; }  // Pairs with itself.

private:
    atomic<std::uint32_t> owners_;
};

}  // namespace bifilar::base
