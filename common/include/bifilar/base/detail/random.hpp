// A small, fast generator for scheduling decisions (victims, select arms).
// xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators" (2016). Not for secrets.
#pragma once

#include <bifilar/base/detail/language.hpp>
#include <cstdint>

namespace bifilar::base {

/// One generator a thread; not shared. Any seed is fine, zero included.
class random {
public:
    explicit random(std::uint64_t seed) noexcept : state_{seed ^ 0x9E3779B97F4A7C15ULL} {
        if (state_ == 0) state_ = 1;
    }

    /// The next 64 bits.
    std::uint64_t next() noexcept {
        state_ ^= state_ >> 12;
        state_ ^= state_ << 25;
        state_ ^= state_ >> 27;
        return state_ * 0x2545F4914F6CDD1DULL;
    }

    /// A number in [0, bound), bound > 0. Lemire's multiplication; its bias below 2^32 is of no account here.
    std::uint32_t below(std::uint32_t bound) noexcept {
        return static_cast<std::uint32_t>(((next() >> 32) * bound) >> 32);
    }

private:
    std::uint64_t state_;
};

/// In a thread of a simulation: bits that the simulation decides on, 0 by default. False elsewhere.
[[nodiscard]] bool simulated_bits(std::uint64_t& bits) noexcept;

}  // namespace bifilar::base
