// Workers that are held up at several places at once: what another has left to them meanwhile is not lost.
// Builds on runtime.hpp.
#include "runtime.hpp"

#include <catch2/catch.hpp>

using namespace bifilar;
using model::as_one_less;
using model::runtime;
using model::story;
using model::when_none_is_left;
using model::within;

namespace {

// So many threads have to be held up at so few places that chance comes there sooner than a search.
model::options at_random(const char* name) {
    model::options how = within(name, 0);
    how.random_executions = 4'000;
    return how;
}

// A run ends, and what it kept comes into the ring, while a worker that has napped falls asleep for good: it has looked
// at the ring, and not yet at what is kept.
story older_ones_queued_beside_last_look() {
    return {.asleep = false,
            .before = [](runtime& all) { all.left.store(1); },
            .first =
                [](runtime& all) {
                    model::hold_still(true);
                    all.jobs[0].body = [&all](context&) {
                        all.searches_wake = true;  // Out of its nap.
                        while (all.begun.load(base::relaxed) != 1) base::spin_pause();
                        model::hold_still(true);  // Wherever the other is by now.
                        all.start(all.jobs[1]);
                        all.start(all.jobs[2]);
                        all.searches_sleeps = true;
                        all.meet();
                        all.depart();
                        return true;
                    };
                    all.jobs[1].body = [&all](context&) { return as_one_less(all); };
                    all.jobs[2].body = [&all](context&) { return when_none_is_left(all); };
                    all.start(all.jobs[0], 0);
                }};
}

// A searcher is about to sleep, and sees a task that was posted to it, which waits for one in the queue of all: whoever
// pushed that relied on the searcher.
story second_comes_while_searcher_falls_asleep() {
    return {.before =
                [](runtime& all) {
                    all.left.store(1);
                    all.jobs[0].body = [](context&) { return true; };
                    all.jobs[1].body = [&all](context&) { return when_none_is_left(all); };
                    all.jobs[2].body = [&all](context&) { return as_one_less(all); };
                },
            .first =
                [](runtime& all) {
                    model::hold_still(true);
                    all.searches_wake = true;
                    all.start(all.jobs[0], 0);
                    while (all.begun.load(base::relaxed) != 1) base::spin_pause();
                    all.start(all.jobs[1], 0);
                    all.start(all.jobs[2]);
                }};
}

// A run leaves more than the ring has room for, while a thief is at work there. The newest waits for all others.
story more_than_fits_beside_a_thief() {
    return {.before =
                [](runtime& all) {
                    all.left.store(3);
                    all.jobs[0].body = [&all](context&) {
                        for (std::size_t i = 1; i < 5; ++i) all.start(all.jobs[i]);
                        model::hold_still(false);
                        return true;
                    };
                    for (std::size_t i = 1; i < 4; ++i)
                        all.jobs[i].body = [&all](context&) { return as_one_less(all); };
                    all.jobs[4].body = [&all](context&) { return when_none_is_left(all); };
                },
            .first =
                [](runtime& all) {
                    model::hold_still(true);
                    all.start(all.jobs[0]);
                }};
}

}  // namespace

TEST_CASE("what_comes_into_the_ring_beside_the_last_look_is_not_missed", "[runtime]") {
    check_runtime(at_random("older ones, beside the last look"), older_ones_queued_beside_last_look());
}

TEST_CASE("who_sees_work_when_it_falls_asleep_is_a_searcher_again", "[runtime]") {
    check_runtime(at_random("the second comes while a searcher falls asleep"),
                  second_comes_while_searcher_falls_asleep());
}

TEST_CASE("what_a_ring_has_no_room_for_beside_a_thief_runs_all_the_same", "[runtime]") {
    check_runtime(at_random("more than fits beside a thief"), more_than_fits_beside_a_thief());
}
