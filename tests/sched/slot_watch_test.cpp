// How an idle worker naps between looks at others' slots.
#include "catch.hpp"
#include <bifilar/sched/slot_watch.hpp>

#include <algorithm>

using bifilar::base::instant_ns;
using bifilar::sched::slot_watch;

TEST_CASE("a watch goes on for a while after the last filled slot") {
    slot_watch watch;
    CHECK_FALSE(watch.goes_on(0));
    watch.prolong(1'000);
    CHECK(watch.goes_on(1'000));
    CHECK(watch.goes_on(1'000 + slot_watch::lasts_ns - 1));
    CHECK_FALSE(watch.goes_on(1'000 + slot_watch::lasts_ns));
}

TEST_CASE("naps grow where nothing is stuck, up to a bound") {
    slot_watch watch;
    instant_ns last = watch.next_nap(false);
    CHECK(last == slot_watch::shortest_nap_ns);
    for (int nap = 0; nap < 10; ++nap) {
        const instant_ns next = watch.next_nap(false);
        CHECK(next == std::min(2 * last, slot_watch::longest_nap_ns));
        last = next;
    }
    watch.hasten();
    CHECK(watch.next_nap(false) == slot_watch::shortest_nap_ns);
}

TEST_CASE("a filled slot is looked at again soon, once") {
    slot_watch watch;
    CHECK(watch.next_nap(true) == slot_watch::second_look_ns);
    // It was taken and filled again meanwhile: two tasks that talk to each other are not disturbed at this pace.
    CHECK(watch.next_nap(true) == slot_watch::shortest_nap_ns);
    CHECK(watch.next_nap(true) == slot_watch::second_look_ns);
    static_assert(slot_watch::second_look_ns > slot_watch::stuck_ns, "the second look can take the task");
}
