// Which stalls are reported: each place once in a while, and not too many at all. Time is a number here.
#include "stall/stall_sites.hpp"
#include "catch.hpp"

#include <cstddef>
#include <string>

namespace bf = bifilar;

TEST_CASE("a_silent_place_is_told_again_with_what_was_not_told") {
    constexpr bf::base::instant_ns second = 1'000'000'000;
    bf::stall::stall_sites sites;
    CHECK(sites.admit("one", second) == 0U);
    CHECK_FALSE(sites.admit("one", 2 * second));
    CHECK_FALSE(sites.admit("one", 11 * second - 1));
    CHECK(sites.admit("two", 10 * second) == 0U);
    CHECK(sites.admit("one", 11 * second) == 2U);
    CHECK_FALSE(sites.admit("one", 12 * second));
}

TEST_CASE("places_beyond_ten_a_second_wait_and_old_ones_are_forgotten") {
    constexpr bf::base::instant_ns second = 1'000'000'000;
    bf::stall::stall_sites sites;
    for (int place = 0; place < 10; ++place) CHECK(sites.admit(std::to_string(place), second) == 0U);
    CHECK_FALSE(sites.admit("late", second));
    CHECK_FALSE(sites.admit("late", second + 1));
    CHECK(sites.admit("late", 2 * second) == 2U);
    bf::base::instant_ns now = 3 * second;
    for (std::size_t place = 0; place < 2 * bf::stall::stall_sites::max_sites; ++place, now += second / 10)
        (void)sites.admit("other " + std::to_string(place), now);
    CHECK(sites.admit("late", now + second) == 0U);
}
