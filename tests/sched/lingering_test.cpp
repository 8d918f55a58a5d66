// When a worker waits before it sleeps, and for how long.
#include "catch.hpp"
#include <bifilar/sched/lingering.hpp>

#include <cstdint>

using bifilar::sched::lingering;

namespace {

void fall_asleep_and_wake(lingering& worker, bool shortly, int times) {
    for (int n = 0; n < times; ++n) {
        worker.missed();
        if (shortly)
            worker.woken_soon();
        else
            worker.slept_long();
    }
}

// Short sleeps until the next long wait.
int sleeps_to_long_wait(lingering& worker) {
    int sleeps = 0;
    for (; worker.pauses() != lingering::long_pauses; ++sleeps) fall_asleep_and_wake(worker, true, 1);
    return sleeps;
}

}  // namespace

TEST_CASE("a_worker_that_nobody_wakes_soon_does_not_linger") {
    lingering worker;
    CHECK(worker.pauses() == 0);
    fall_asleep_and_wake(worker, false, 100);
    CHECK(worker.pauses() == 0);
}

TEST_CASE("short_sleeps_make_short_waits_and_misses_end_them") {
    lingering worker;
    worker.woken_soon();
    CHECK(worker.pauses() > 0);
    CHECK(worker.pauses() <= lingering::most_pauses);
    for (int n = 0; n < 8; ++n) worker.missed();
    CHECK(worker.pauses() == 0);
}

TEST_CASE("a_long_wait_comes_after_some_short_sleeps_in_a_row_and_less_often_each_time_it_does_not_pay") {
    lingering worker;
    int before = sleeps_to_long_wait(worker);
    CHECK(before > 1);
    for (int n = 0; n < 6; ++n) {
        worker.missed();
        const int now = sleeps_to_long_wait(worker);
        CHECK(now > before);
        before = now;
    }
    // A longer sleep starts the count again.
    worker.missed();
    fall_asleep_and_wake(worker, true, before);
    worker.slept_long();
    CHECK(sleeps_to_long_wait(worker) > before);
}

TEST_CASE("a_long_wait_that_ends_at_once_turns_into_short_ones") {
    lingering worker;
    (void)sleeps_to_long_wait(worker);
    worker.caught(lingering::most_pauses + 1);
    CHECK(worker.is_long());
    worker.caught(3);
    CHECK(worker.pauses() == lingering::most_pauses);
}

TEST_CASE("long_waits_that_pay_late_each_time_come_to_an_end") {
    lingering worker;
    (void)sleeps_to_long_wait(worker);
    int late = 0;
    for (; worker.pauses() == lingering::long_pauses && late < 1'000; ++late) worker.caught(lingering::long_pauses);
    CHECK(late < 100);
}
