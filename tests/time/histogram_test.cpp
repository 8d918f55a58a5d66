// Buckets of durations, and what is told of them.
#include "catch.hpp"
#include <bifilar/base/detail/log_linear.hpp>
#include <bifilar/time/detail/live_histogram.hpp>
#include <bifilar/time/histogram.hpp>

#include <chrono>
#include <cstdint>

namespace bf = bifilar;
using bf::base::log_linear;
using std::chrono::nanoseconds;
using namespace std::chrono_literals;

TEST_CASE("each_duration_is_in_the_bucket_whose_bounds_hold_it") {
    std::uint64_t value = 0;
    for (std::size_t bucket = 0; bucket < log_linear::buckets; ++bucket) {
        const std::uint64_t low = log_linear::lowest_in(bucket);
        const std::uint64_t next = log_linear::lowest_in(bucket + 1);
        REQUIRE(low == value);  // Without gaps.
        REQUIRE(next > low);
        REQUIRE(log_linear::bucket_of(low) == bucket);
        REQUIRE(log_linear::bucket_of(next - 1) == bucket);
        // A sixteenth at most.
        REQUIRE((next - low) * 16 <= std::max<std::uint64_t>(low, 16));
        value = next;
    }
    CHECK(value == std::uint64_t{1} << log_linear::value_bits);
    CHECK(log_linear::bucket_of(UINT64_MAX) == log_linear::buckets - 1);
}

TEST_CASE("a_histogram_tells_count_sum_and_shares") {
    bf::histogram all;
    CHECK(all.count() == 0);
    CHECK(all.quantile(0.5) == 0ns);
    CHECK(all.count_below(1s) == 0);
    all.add(10ns, 98);
    all.add(1ms);
    all.add(3h);  // Beyond what it knows.
    all.add(-5ns, 100);
    CHECK(all.count() == 200);
    CHECK(all.sum() == 980ns + 1ms + 3h);
    CHECK(all.count_below(0ns) == 0);
    CHECK(all.count_below(1ns) == 100);
    CHECK(all.count_below(nanoseconds{16}) == 198);
    CHECK(all.count_below(nanoseconds{1 << 21}) == 199);
    CHECK(all.quantile(0) == 0ns);
    CHECK(all.quantile(0.5) == 0ns);
    CHECK(all.quantile(0.51) == 10ns);
    CHECK(all.quantile(0.99) == 10ns);
    CHECK(all.quantile(0.995) >= 1ms);
    CHECK(all.quantile(0.995) < 1ms + 62'501ns);
    CHECK(all.quantile(1) == nanoseconds{(std::int64_t{1} << log_linear::value_bits) - 1});
}

TEST_CASE("histograms_add_up") {
    bf::histogram one;
    bf::histogram other;
    const bf::histogram none;
    other.add(7ns, 2);
    one += other;
    one += none;
    other += one;
    CHECK(one.count() == 2);
    CHECK(other.count() == 4);
    CHECK(other.sum() == 28ns);
    CHECK(other.count_below(8ns) == 4);
    CHECK(other.count_below(7ns) == 0);
}

TEST_CASE("what_came_since_an_earlier_look_is_what_is_left") {
    bf::histogram all;
    all.add(5ns, 3);
    const bf::histogram earlier = all;
    all.add(9ns, 2);
    all -= earlier;
    CHECK(all.count() == 2);
    CHECK(all.sum() == 18ns);
    CHECK(all.quantile(0) == 9ns);
    all -= bf::histogram{};
    CHECK(all.count() == 2);
}

TEST_CASE("a_live_histogram_is_read_as_it_was_filled") {
    bf::detail::live_histogram live;
    CHECK(live.read().count() == 0);
    live.add(100, 3);
    live.add(-1);
    const bf::histogram now = live.read();
    CHECK(now.count() == 4);
    CHECK(now.sum() == 300ns);
    CHECK(now.count_below(1ns) == 1);
}
