// The order in which a combinator looks at its arms: random at each look, so that the first that is ready is uniformly
// random among those that are.
#pragma once

#include <bifilar/base/detail/language.hpp>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace bifilar::detail {

/// 64 random bits of the calling thread's generator. Not for secrets.
[[nodiscard]] std::uint64_t random_bits() noexcept;

/// A random permutation of 0 to Count - 1: Fisher and Yates's shuffle.
template <std::size_t Count>
std::array<std::uint8_t, Count> arm_order() noexcept {
    static_assert(Count <= 64, "at most 64 arms; use a future_set for more");
    std::array<std::uint8_t, Count> order{};
    for (std::size_t n = 0; n < Count; ++n) order[n] = static_cast<std::uint8_t>(n);
    if constexpr (Count > 1) {
        std::uint64_t bits = random_bits();
        for (std::size_t left = Count; left > 1; --left) {
            // A fresh part of the bits for each choice; the bias below 2^-24 is of no account here.
            const std::size_t other = ((bits & 0xFFFFFFFFU) * left) >> 32;
            std::swap(order[left - 1], order[other]);
            bits = bits * 0xD1342543DE82EF95ULL + 1;
            bits ^= bits >> 32;
        }
    }
    return order;
}

/// A random permutation of 0 to count - 1, for counts that are known at run time only. Throws std::bad_alloc.
[[nodiscard]] std::vector<std::uint32_t> random_order(std::size_t count);

/// Calls function(constant) for place `at`, known at run time only.
template <class Function, std::size_t... I>
void at_place(std::size_t at, Function& function, std::index_sequence<I...>) {
    const auto one = [&](auto place) {
        if (at == place.value) function(place);
    };
    (one(std::integral_constant<std::size_t, I>{}), ...);
}

}  // namespace bifilar::detail
