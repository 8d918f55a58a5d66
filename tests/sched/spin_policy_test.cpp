// When a worker waits before it sleeps, and for how long.
#include "catch.hpp"
#include <bifilar/sched/detail/spin_policy.hpp>

#include <cstdint>

using bifilar::sched::spin_policy;

namespace {

void fall_asleep_and_wake(spin_policy& worker, bool shortly, int times) {
    for (int n = 0; n < times; ++n) {
        worker.missed();
        if (shortly)
            worker.woken_soon();
        else
            worker.slept_long();
    }
}

// Short sleeps until the next long wait.
int sleeps_to_long_wait(spin_policy& worker) {
    int sleeps = 0;
    for (; worker.pauses() != spin_policy::long_pauses; ++sleeps) fall_asleep_and_wake(worker, true, 1);
    return sleeps;
}

}  // namespace

TEST_CASE("a_worker_that_nobody_wakes_soon_does_not_linger") {
    spin_policy worker;
    CHECK(worker.pauses() == 0);
    fall_asleep_and_wake(worker, false, 100);
    CHECK(worker.pauses() == 0);
}

TEST_CASE("short_sleeps_make_short_waits_and_misses_end_them") {
    spin_policy worker;
    worker.woken_soon();
    CHECK(worker.pauses() > 0);
    CHECK(worker.pauses() <= spin_policy::max_pauses);
    for (int n = 0; n < 8; ++n) worker.missed();
    CHECK(worker.pauses() == 0);
}

TEST_CASE("a_long_wait_comes_after_some_short_sleeps_in_a_row_and_less_often_each_time_it_does_not_pay") {
    spin_policy worker;
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
    spin_policy worker;
    (void)sleeps_to_long_wait(worker);
    worker.caught(spin_policy::max_pauses + 1);
    CHECK(worker.is_long());
    worker.caught(3);
    CHECK(worker.pauses() == spin_policy::max_pauses);
}

TEST_CASE("long_waits_that_pay_late_each_time_come_to_an_end") {
    spin_policy worker;
    (void)sleeps_to_long_wait(worker);
    int late = 0;
    for (; worker.pauses() == spin_policy::long_pauses && late < 1'000; ++late) worker.caught(spin_policy::long_pauses);
    CHECK(late < 100);
}
