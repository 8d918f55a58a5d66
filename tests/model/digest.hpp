// 128 bits that stand for a sequence of numbers: for histories of threads, orders of stores, and whole states.
// Builds on nothing. Two lanes of the mixing function of splitmix64 (Steele, Lea, Flood 2014) with different constants.
#pragma once

#include <cstdint>

namespace model {

struct digest {
    std::uint64_t first = 0;
    std::uint64_t second = 0;

    /// Appends a number.
    void add(std::uint64_t number) noexcept {
        first = mix(first + 0x9e3779b97f4a7c15U + number);
        second = mix((second ^ number) * 0xd6e8feb86659fd93U + 0x2545f4914f6cdd1dU);
    }
    void add(const digest& other) noexcept {
        add(other.first);
        add(other.second);
    }
    /// Puts in, or takes out, a member of a set.
    void toggle(const digest& member) noexcept {
        first ^= member.first;
        second ^= member.second;
    }
    bool operator==(const digest&) const = default;

private:
    static constexpr std::uint64_t mix(std::uint64_t x) noexcept {
        x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
        x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
        return x ^ (x >> 31U);
    }
};

}  // namespace model
