// What Tokio promises of time: the tests of tokio/tests/time_*.rs.
#include "port.hpp"

#include <atomic>
#include <stdexcept>
#include <vector>

using namespace ports;

PORT("Tokio time_timeout simultaneous_deadline_future_completion: what is ready at its limit wins") {
    const auto done = AWAIT(bf::timeout(bf::ready(1), 0s));
    CHECK((done.has_value() && *done == 1));
    RETURN;
}

PORT("Tokio time_timeout future_and_deadline_in_future: the future that comes first gives its value") {
    const auto done = AWAIT(bf::timeout(bf::map(bf::sleep_for(50ms), [] { return 5; }), 100ms));
    CHECK((done.has_value() && *done == 5));
    RETURN;
}

PORT("Tokio time_timeout deadline_now_elapses, deadline_future_elapses: the limit that comes first is told") {
    const auto now = AWAIT(bf::timeout(bf::pending<int>(), 0s));
    CHECK_FALSE(now.has_value());
    const auto later = AWAIT(bf::timeout(bf::pending<int>(), 300ms));
    CHECK_FALSE(later.has_value());
    RETURN;
}

PORT("Tokio time_timeout very_large_timeout: a limit beyond all clocks never comes") {
    const auto done = AWAIT(bf::timeout(bf::sleep_for(1h), std::chrono::hours::max()));
    CHECK(done.has_value());
    RETURN;
}

PORT("Tokio time_sleep immediate_sleep, delayed_sleep_level_0 to 6: no sleep ends early, at any distance") {
    for (const auto distance :
         {0ms, 1ms, 63ms, 64ms, 65ms, 4'095ms, 4'096ms, 262'144ms, 16'777'216ms, 1'073'741'824ms}) {
        const auto before = bf::now();
        AWAIT(bf::sleep_for(distance));
        CHECK(bf::now() - before >= distance);
    }
    RETURN;
}

PORT("Tokio time_sleep greater_than_max, no_out_of_bounds_close_to_max: years are waited for as they are") {
    const auto before = bf::now();
    AWAIT(bf::sleep_for(std::chrono::years{5}));
    CHECK(bf::now() - before >= std::chrono::years{5});
    RETURN;
}

PORT(
    "Tokio time_sleep drop_after_reschedule_at_new_scheduled_time: of three sleeps the one that is given up is no "
    "matter") {
    auto third = bf::sleep_for(3ms);
    {
        const auto one = AWAIT(bf::race(bf::sleep_for(1ms), bf::sleep_for(2ms)));
        CHECK(one.index() == 0);
    }
    AWAIT(third);
    RETURN;
}

PORT("Tokio time_interval burst: ticks that were missed come at once, until the schedule is caught up") {
    bf::interval ticks{300ms, bf::missed_tick::burst};
    const auto start = AWAIT(ticks.tick());
    AWAIT(bf::sleep_for(950ms));
    for (int n = 1; n <= 3; ++n) {
        const auto before = bf::now();
        const auto due = AWAIT(ticks.tick());
        CHECK(due - start == n * 300ms);
        CHECK(bf::now() - before < 1ms);
    }
    const auto due = AWAIT(ticks.tick());
    CHECK(due - start == 1'200ms);
    RETURN;
}

PORT("Tokio time_interval delay: after a late tick the next is a full period away") {
    bf::interval ticks{300ms, bf::missed_tick::delay};
    AWAIT(ticks.tick());
    AWAIT(bf::sleep_for(650ms));
    AWAIT(ticks.tick());
    const auto before = bf::now();
    AWAIT(ticks.tick());
    CHECK(bf::now() - before >= 300ms);
    RETURN;
}

PORT("Tokio time_interval skip: ticks that were missed do not come, the schedule stays") {
    bf::interval ticks{300ms, bf::missed_tick::skip};
    const auto start = AWAIT(ticks.tick());
    AWAIT(bf::sleep_for(650ms));
    AWAIT(ticks.tick());
    const auto due = AWAIT(ticks.tick());
    CHECK((due - start) % 300ms == 0ms);
    CHECK(due - start == 900ms);
    RETURN;
}

PORT("Tokio time_interval reset: counts anew from the moment of the reset") {
    bf::interval ticks{300ms};
    AWAIT(ticks.tick());
    AWAIT(bf::sleep_for(100ms));
    ticks.reset();
    const auto before = bf::now();
    AWAIT(ticks.tick());
    CHECK(bf::now() - before >= 300ms);
    RETURN;
}
