// interval: due moments, the three policies for missed ticks, cancellation, bad periods.
#include "both/in_each_model.hpp"

#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace both;
using namespace std::chrono_literals;

TEST_CASE("ticks_are_due_a_period_apart_and_never_early") {
    in_each_model([](model m, bf::runtime& rt) {
        bf::interval ticks{2ms};
        auto last = await_in(m, rt, [&] { return ticks.tick(); });
        int early = 0;
        int uneven = 0;
        for (int n = 0; n < 5; ++n) {
            const auto due = await_in(m, rt, [&] { return ticks.tick(); });
            if (std::chrono::steady_clock::now() < due) ++early;
            if (due - last != 2ms) ++uneven;
            last = due;
        }
        CHECK(early == 0);
        CHECK(uneven == 0);
    });
}

TEST_CASE("missed_ticks_come_at_once_later_or_not_at_all") {
    const auto gaps = [](bf::missed_tick policy) {
        bf::interval ticks{4ms, policy};
        (void)bf::block_on(ticks.tick());
        // The first tick may have come late itself; the schedule is what it leaves behind.
        const auto first = ticks.next() - 4ms;
        std::this_thread::sleep_for(18ms);  // Four are missed, or more.
        std::vector<std::chrono::nanoseconds> after;
        for (int n = 0; n < 3; ++n) after.push_back(bf::block_on(ticks.tick()) - first);
        return after;
    };
    const auto burst = gaps(bf::missed_tick::burst);
    CHECK(burst == std::vector<std::chrono::nanoseconds>{4ms, 8ms, 12ms});
    const auto delay = gaps(bf::missed_tick::delay);
    CHECK(delay[0] == 4ms);
    CHECK(delay[1] >= 22ms);
    CHECK(delay[2] - delay[1] >= 4ms);
    const auto skip = gaps(bf::missed_tick::skip);
    CHECK(skip[0] == 4ms);
    CHECK(skip[1] >= 20ms);
    CHECK(skip[1] % 4ms == 0ns);
    CHECK(skip[2] % 4ms == 0ns);
}

TEST_CASE("a_cancelled_tick_is_not_taken_and_a_bad_period_is_refused") {
    bf::interval ticks{1h};
    const auto first = bf::block_on(ticks.tick());
    const auto late = bf::block_on(bf::timeout(ticks.tick(), 1ms));
    CHECK_FALSE(late.has_value());
    CHECK(ticks.next() - first == 1h);
    CHECK_THROWS_AS(bf::interval(0ms), std::invalid_argument);
    CHECK_THROWS_AS(bf::interval(-1s), std::invalid_argument);
}
