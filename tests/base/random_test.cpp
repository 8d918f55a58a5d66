// The generator keeps its range, reaches all of it, and takes any seed.
#include "catch.hpp"
#include <bifilar/base/detail/random.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <set>
#include <vector>

namespace base = bifilar::base;  // libc has a random() of its own.

TEST_CASE("below_stays_below_and_reaches_every_number") {
    for (const std::uint32_t bound : {1U, 2U, 3U, 7U, 64U, 100U}) {
        base::random generator{bound};
        std::vector<int> hits(bound);
        bool inside = true;
        for (std::uint32_t n = 0; n < 1'000 * bound; ++n) {
            const std::uint32_t number = generator.below(bound);
            inside &= number < bound;
            if (number < bound) ++hits[number];
        }
        CHECK(inside);
        // A thousand are expected of each; the deviation is about 32.
        bool even = true;
        for (const int count : hits) even &= count > 800 && count < 1'200;
        CHECK(even);
    }
}

TEST_CASE("below_the_largest_bound_uses_the_whole_range") {
    base::random generator{1};
    constexpr std::uint32_t largest = std::numeric_limits<std::uint32_t>::max();
    std::uint32_t low = largest;
    std::uint32_t high = 0;
    bool inside = true;
    for (int n = 0; n < 10'000; ++n) {
        const std::uint32_t number = generator.below(largest);
        inside &= number < largest;
        low = std::min(low, number);
        high = std::max(high, number);
    }
    CHECK(inside);
    CHECK(low < largest / 100);
    CHECK(high > largest / 100 * 99);
}

TEST_CASE("every_seed_gives_a_sequence_that_does_not_stand_still") {
    // The second is the seed that would make the state zero.
    for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{0x9E3779B97F4A7C15}, ~std::uint64_t{0}}) {
        base::random generator{seed};
        std::set<std::uint64_t> seen;
        for (int n = 0; n < 10'000; ++n) seen.insert(generator.next());
        CHECK(seen.size() == 10'000);
    }
}

TEST_CASE("equal_seeds_give_equal_sequences_and_others_differ") {
    base::random a{42};
    base::random b{42};
    base::random c{43};
    int same = 0;
    int equal_to_other = 0;
    for (int n = 0; n < 1'000; ++n) {
        const std::uint64_t number = a.next();
        same += number == b.next() ? 1 : 0;
        equal_to_other += number == c.next() ? 1 : 0;
    }
    CHECK(same == 1'000);
    CHECK(equal_to_other == 0);
}
