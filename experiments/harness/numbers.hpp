// Numbers that look random and are the same in every contender, those in other languages as well.
// A linear congruential generator: Knuth's multiplier for 64 bits, of which the upper 31 are given.
#pragma once

#include <cstdint>

namespace bifilar::experiments {

class numbers {
public:
    explicit numbers(std::uint64_t seed = 1) noexcept : state_{seed} {}

    /// In 0 … 2^31 - 1.
    std::uint64_t next() noexcept {
        state_ = state_ * 6364136223846793005U + 1442695040888963407U;
        return state_ >> 33;
    }

private:
    std::uint64_t state_;
};

}  // namespace bifilar::experiments
