// The roads of tasks to real workers that look for work, fall asleep or sleep: no task is left while everybody sleeps.
// Builds on runtime.hpp.
#include "runtime.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <utility>

using namespace bifilar;
using model::as_one_less;
using model::job;
using model::runtime;
using model::story;
using model::when_none_is_left;
using model::within;

namespace {

// Ends at its first poll.
bool at_once(context&) { return true; }

story spawned_outside(int tasks, bool asleep) {
    return {.asleep = asleep, .first = [tasks](runtime& all) {
                for (int i = 0; i < tasks; ++i) (void)all.start(at_once);
            }};
}

story posted(bool asleep) {
    return {.asleep = asleep, .first = [](runtime& all) { (void)all.start(at_once, 0); }};
}

// A task that waits, and one that wakes it. `pinned`: it stays where it ran first, on worker 0.
story woken(bool by_task, bool pinned) {
    story told;
    told.before = [pinned](runtime& all) {
        job& waits = all.jobs[0];
        waits.body = [polled = false, pinned, &waits](context& cx) mutable {
            if (pinned) waits.home = detail::this_thread().worker;
            cx.set_armed();
            return std::exchange(polled, true);
        };
        all.start(waits, pinned ? 0 : sched::any_worker);
    };
    told.first = [by_task](runtime& all) {
        job& waits = all.jobs[0];
        if (!by_task) return waits.wake();
        all.jobs[1].body = [&waits](context&) {
            waits.wake();
            return true;
        };
        all.start(all.jobs[1], 1);
    };
    return told;
}

// A task yields, and its worker turns to a long run that waits for it: it lies in the ring, for another to steal.
story yielded_before_long_run() {
    return {.asleep = false,
            .before = [](runtime& all) { all.left.store(1); },
            .first =
                [](runtime& all) {
                    all.jobs[0].body = [&all, yielded = false](context& cx) mutable {
                        if (std::exchange(yielded, true)) return as_one_less(all);
                        cx.yield();
                        return false;
                    };
                    all.jobs[1].body = [&all](context&) { return when_none_is_left(all); };
                    all.start(all.jobs[0], 0);
                    all.start(all.jobs[1], 0);
                }};
}

// A long run queues a task while the other worker naps: nobody wakes that for it.
story queued_beside_nap() {
    return {.asleep = false,
            .before = [](runtime& all) { all.left.store(1); },
            .first =
                [](runtime& all) {
                    all.jobs[0].body = [&all](context&) {
                        all.jobs[1].body = [&all](context&) { return as_one_less(all); };
                        all.start(all.jobs[1]);
                        return when_none_is_left(all);
                    };
                    all.start(all.jobs[0], 0);
                }};
}

// A long run keeps a task at the moment when a worker that has napped falls asleep for good.
story queued_beside_last_look() {
    story told;
    told.before = [](runtime& all) { all.left.store(1); };
    told.first = [](runtime& all) {
        model::hold_still(true);
        all.jobs[0].body = [&all](context&) {
            all.searches_sleeps = true;
            all.passes_over = 1;
            all.start(all.jobs[2], 1);
            all.meet();
            all.start(all.jobs[1]);
            all.depart();
            return when_none_is_left(all);
        };
        all.jobs[1].body = [&all](context&) { return as_one_less(all); };
        all.jobs[2].body = at_once;
        all.start(all.jobs[0], 0);
    };
    return told;
}

// Of two tasks from outside the second comes while the only one who searches takes the first, which waits for it.
story second_comes_while_first_is_taken() {
    story told;
    told.before = [](runtime& all) { all.left.store(1); };
    told.first = [](runtime& all) {
        model::hold_still(true);
        all.searches_wake = true;
        (void)all.start([&all](context&) {
            model::hold_still(true);
            return when_none_is_left(all);
        });
        while (all.begun.load(base::relaxed) != 1) base::spin_pause();
        (void)all.start([&all](context&) { return as_one_less(all); });
    };
    return told;
}

// The one who watches takes a task of a long run, which queues another before the taker has ceased to watch: a third
// worker, which sleeps because somebody watches, must come for it.
story queued_while_watcher_leaves() {
    using std::chrono::nanoseconds;
    static constexpr nanoseconds a_look{sched::newest_watch::second_look_ns / 2};
    story told;
    told.workers = 3;
    told.before = [](runtime& all) { all.left.store(2); };
    told.first = [](runtime& all) {
        all.jobs[0].body = [&all, yielded = false](context& cx) mutable {
            if (!std::exchange(yielded, true)) {
                cx.yield();
                return false;
            }
            base::sleep_thread(a_look);  // Who was woken for nothing watches now.
            all.start(all.jobs[1]);
            base::sleep_thread(nanoseconds{sched::newest_watch::shortest_nap_ns});
            model::hold_still(false);
            base::sleep_thread(a_look);  // It has seen the task once, and comes for it at the same time.
            all.start(all.jobs[2]);
            return when_none_is_left(all);
        };
        all.jobs[1].body = [&all](context&) {
            while (all.left.load(base::acquire) != 1) base::spin_pause();
            return as_one_less(all);
        };
        all.jobs[2].body = [&all](context&) { return as_one_less(all); };
        model::hold_still(true);
        all.start(all.jobs[0]);
    };
    return told;
}

// Of two tasks from outside the first waits for the second, which one worker must not keep to itself.
story first_waits_for_second() {
    return {.before = [](runtime& all) { all.left.store(1); },
            .first =
                [](runtime& all) {
                    (void)all.start([&all](context&) { return when_none_is_left(all); });
                    (void)all.start([&all](context&) { return as_one_less(all); });
                }};
}

// Two tasks are taken from the queue of all, the first of which waits for the second, while another worker looks, and
// sees them in nobody's queue until it gives up.
story looked_while_two_are_taken() {
    story told;
    told.before = [](runtime& all) { all.left.store(1); };
    told.first = [](runtime& all) {
        model::hold_still(true);
        all.jobs[0].body = [&all](context&) {
            while (all.begun.load(base::relaxed) != 1) base::spin_pause();
            return true;
        };
        all.jobs[1].body = [&all](context&) { return when_none_is_left(all); };
        all.jobs[2].body = [&all](context&) { return as_one_less(all); };
        all.start(all.jobs[0], 0);
        all.start(all.jobs[1]);
        all.start(all.jobs[2]);
        model::hold_still(false);
        all.begun.store(1, base::relaxed);
    };
    return told;
}

// A worker that was woken for nothing watches for a while, or until it gets a task, and sleeps for good. Then a long
// run keeps a task.
story queued_after_watch(bool gets_a_task) {
    return {.before = [](runtime& all) { all.left.store(1); },
            .first =
                [gets_a_task](runtime& all) {
                    model::hold_still(true);
                    all.jobs[0].body = [&all](context&) {
                        all.start(all.jobs[1]);
                        return true;
                    };
                    all.jobs[1].body = all.jobs[4].body = at_once;
                    all.start(all.jobs[0], 0);
                    if (!gets_a_task) return;
                    base::sleep_thread(std::chrono::nanoseconds{sched::newest_watch::shortest_nap_ns});
                    all.start(all.jobs[4], 1);
                },
            .after =
                [](runtime& all) {
                    all.jobs[2].body = [&all](context&) {
                        all.start(all.jobs[3]);
                        return when_none_is_left(all);
                    };
                    all.jobs[3].body = [&all](context&) { return as_one_less(all); };
                    all.start(all.jobs[2], 0);
                    while (!all.jobs[2].state_.is_complete()) base::spin_pause();
                }};
}

}  // namespace

TEST_CASE("a_task_in_the_ring_of_a_long_run_is_stolen", "[runtime]") {
    check_runtime(within("yielded before a long run", 1, 1, 1), yielded_before_long_run());
}

TEST_CASE("a_task_that_a_long_run_keeps_is_seen_by_who_naps", "[runtime]") {
    check_runtime(within("queued beside a nap", 1, 1, 1), queued_beside_nap());
}

TEST_CASE("a_task_that_is_kept_beside_the_last_look_is_not_missed", "[runtime]") {
    check_runtime(within("queued beside the last look", 2), queued_beside_last_look());
}

TEST_CASE("the_last_searcher_wakes_another_for_what_comes_meanwhile", "[runtime]") {
    check_runtime(within("the second comes while the first is taken", 1), second_comes_while_first_is_taken());
}

TEST_CASE("who_ceases_to_watch_wakes_another_who_does", "[runtime]") {
    check_runtime(within("queued while the watcher leaves", 1, 0, 0), queued_while_watcher_leaves());
}

TEST_CASE("who_takes_a_task_wakes_another_for_the_next", "[runtime]") {
    check_runtime(within("the first waits for the second", 2, 1), first_waits_for_second());
}

TEST_CASE("who_takes_several_from_the_queue_of_all_wakes_another_for_them", "[runtime]") {
    check_runtime(within("looked while two are taken", 1, 0, 12), looked_while_two_are_taken());
}

TEST_CASE("who_has_watched_and_sleeps_is_woken_for_the_next_task_that_is_kept", "[runtime]") {
    check_runtime(within("queued after a watch", 1, 0), queued_after_watch(false));
    check_runtime(within("queued after a watch that a task has ended", 1, 0), queued_after_watch(true));
}

TEST_CASE("a_foreign_spawn_wakes_a_real_worker", "[runtime]") {
    check_runtime(within("one spawned outside, asleep", 3), spawned_outside(1, true));
    check_runtime(within("one spawned outside, just started", 2), spawned_outside(1, false));
    check_runtime(within("two spawned outside, asleep", 2), spawned_outside(2, true));
}

TEST_CASE("a_post_wakes_its_real_worker", "[runtime]") {
    check_runtime(within("one posted, asleep", 3), posted(true));
    check_runtime(within("one posted, just started", 2), posted(false));
}

TEST_CASE("a_wake_brings_a_parked_task_to_a_real_worker", "[runtime]") {
    check_runtime(within("woken from outside", 2), woken(false, false));
    check_runtime(within("woken from outside, pinned", 2), woken(false, true));
    check_runtime(within("woken by a task", 2), woken(true, false));
    check_runtime(within("woken by a task of another worker, pinned", 2), woken(true, true));
}

TEST_CASE("what_a_long_run_queues_runs_elsewhere", "[runtime]") {
    // The run does not end before what it has queued has run: others must come for it.
    const auto long_run = [](int queued) {
        return story{.first = [queued](runtime& all) {
            auto* const left = &all.left;
            left->store(queued);
            (void)all.start([&all, left, queued](context&) {
                for (int i = 0; i < queued; ++i)
                    (void)all.start([left](context&) {
                        left->fetch_sub(1, base::acq_rel);
                        return true;
                    });
                while (left->load(base::acquire) != 0) base::spin_pause();
                return true;
            });
        }};
    };
    check_runtime(within("a long run queues one", 1, 0), long_run(1));
    check_runtime(within("a long run queues two", 1, 0), long_run(2));
    model::refuses_fences = true;
    check_runtime(within("a long run queues two, fences refused", 1, 0), long_run(2));
    model::refuses_fences = false;
}

TEST_CASE("all_that_a_task_makes_runs", "[runtime]") {
    // More than the ring has room for, at the end of the run, and one from outside beside it.
    const story told{.before =
                         [](runtime& all) {
                             all.jobs[0].body = [&all](context&) {
                                 all.start(all.jobs[2]);
                                 all.start(all.jobs[3]);
                                 all.start(all.jobs[4]);
                                 return true;
                             };
                             for (int i = 1; i < 5; ++i) all.jobs[static_cast<std::size_t>(i)].body = at_once;
                         },
                     .first =
                         [](runtime& all) {
                             all.start(all.jobs[0]);
                             all.start(all.jobs[1], 0);
                         }};
    check_runtime(within("one makes three, one posted", 1), told);
}
