// Deadlines saturate instead of wrapping; the clock is steady_clock in nanoseconds.
#include "catch.hpp"
#include <bifilar/base/detail/clock.hpp>

#include <chrono>
#include <limits>

using namespace bifilar::base;
using std::chrono::nanoseconds;

namespace {

constexpr instant_ns least = std::numeric_limits<instant_ns>::min();

}  // namespace

TEST_CASE("a_deadline_saturates_in_both_directions") {
    CHECK(after(5, nanoseconds{7}) == 12);
    CHECK(after(5, nanoseconds{-7}) == -2);
    CHECK(after(0, nanoseconds::max()) == never);
    CHECK(after(1, nanoseconds::max()) == never);
    CHECK(after(-1, nanoseconds::max()) == never - 1);
    CHECK(after(never, nanoseconds{0}) == never);
    CHECK(after(never, nanoseconds{1}) == never);
    CHECK(after(never - 1, nanoseconds{1}) == never);
    CHECK(after(never - 1, nanoseconds{2}) == never);
    CHECK(after(never, nanoseconds{-1}) == never - 1);
    CHECK(after(0, nanoseconds::min()) == least);
    CHECK(after(-1, nanoseconds::min()) == least);
    CHECK(after(least, nanoseconds{-1}) == least);
    CHECK(after(least, nanoseconds::max()) == -1);
    CHECK(after(never, nanoseconds::min()) == -1);
}

TEST_CASE("the_clock_is_steady_clock_in_nanoseconds") {
    const auto before = steady::now();
    const instant_ns now = now_ns();
    const auto behind = steady::now();
    CHECK(to_ns(before) <= now);
    CHECK(now <= to_ns(behind));
    CHECK(to_ns(steady::time_point::max()) == never);
    CHECK(to_ns(steady::time_point{}) == 0);
}

TEST_CASE("the_coarse_clock_is_never_ahead") {
    bool ahead = false;
    instant_ns last = 0;
    bool back = false;
    for (int n = 0; n < 10'000; ++n) {
        const instant_ns coarse = coarse_now_ns();
        ahead |= coarse > now_ns();
        back |= coarse < last;
        last = coarse;
    }
    CHECK_FALSE(ahead);
    CHECK_FALSE(back);
}
