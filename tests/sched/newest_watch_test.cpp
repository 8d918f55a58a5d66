// How an idle worker naps between looks at what others keep.
#include "catch.hpp"
#include <bifilar/sched/detail/newest_watch.hpp>

#include <algorithm>

using bifilar::base::instant_ns;
using bifilar::sched::newest_watch;

TEST_CASE("a watch goes on for a while after the last kept task") {
    newest_watch watch;
    CHECK_FALSE(watch.goes_on(0));
    watch.prolong(1'000);
    CHECK(watch.goes_on(1'000));
    CHECK(watch.goes_on(1'000 + newest_watch::lasts_ns - 1));
    CHECK_FALSE(watch.goes_on(1'000 + newest_watch::lasts_ns));
}

TEST_CASE("naps grow where nothing is stuck, up to a bound") {
    newest_watch watch;
    instant_ns last = watch.next_nap(false);
    CHECK(last == newest_watch::shortest_nap_ns);
    for (int nap = 0; nap < 10; ++nap) {
        const instant_ns next = watch.next_nap(false);
        CHECK(next == std::min(2 * last, newest_watch::longest_nap_ns));
        last = next;
    }
    watch.hasten();
    CHECK(watch.next_nap(false) == newest_watch::shortest_nap_ns);
}

TEST_CASE("a kept task is looked at again soon, once") {
    newest_watch watch;
    CHECK(watch.next_nap(true) == newest_watch::second_look_ns);
    // It was taken and another kept meanwhile: two tasks that talk to each other are not disturbed at this pace.
    CHECK(watch.next_nap(true) == newest_watch::shortest_nap_ns);
    CHECK(watch.next_nap(true) == newest_watch::second_look_ns);
    static_assert(newest_watch::second_look_ns > newest_watch::stuck_ns, "the second look can take the task");
}
