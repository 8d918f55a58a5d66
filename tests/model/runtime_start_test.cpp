// Starts from outside that meet the end of a scheduler, or a look at its tasks. Builds on runtime.hpp.
#include "runtime.hpp"

#include <catch2/catch.hpp>

#include <stdexcept>

using namespace bifilar;
using model::runtime;
using model::start_pinned;
using model::story;
using model::within;

namespace {

// A task that waits, so that nothing but a drain ends it. False: the scheduler has refused it.
bool start_waiting(runtime& all, model::job& one, std::uint32_t worker = sched::any_worker) {
    one.body = [](context& cx) {
        cx.set_armed();
        return false;
    };
    try {
        all.start(one, worker);
        return true;
    } catch (const std::logic_error&) {
        return one.begun = false;
    }
}

// A thread starts a task when all have been visited, of which nothing but the scheduler tells it.
story started_behind_the_visit(bool lends) {
    return {.asleep = !lends,
            .before =
                [](runtime& all) {
                    all.jobs[0].when_cancelled = [&all] {
                        all.begun.store(1, base::relaxed);
                        while (all.begun.load(base::relaxed) != 2) base::spin_pause();
                    };
                    start_pinned(all, all.jobs[0], 0);
                },
            .first =
                [](runtime& all) {
                    model::hold_still(true);
                    (void)all.scheduler->drain(base::never);
                },
            .others = {[](runtime& all) {
                while (all.begun.load(base::relaxed) != 1) base::spin_pause();
                model::hold_still(false);
                (void)start_waiting(all, all.jobs[1]);
                model::hold_still(true);
                all.begun.store(2, base::relaxed);
            }},
            .workers = lends ? 1U : 2U,
            .lends = lends};
}

// A thread starts a task, and somewhere on its way all tasks are visited. It is the last of all threads, so that the
// workers stand still before it goes on.
story started_before_the_visit(model::part visits) {
    return {.first =
                [visits](runtime& all) {
                    base::thread starter{[&all] {
                        all.begun.store(1, base::relaxed);
                        (void)start_waiting(all, all.jobs[0], 0);  // On a way without a fence.
                    }};
                    while (all.begun.load(base::relaxed) != 1) base::spin_pause();
                    model::hold_still(true);
                    all.searches_visits = true;
                    visits(all);
                    starter.join();
                },
            .runs_all = false};
}

// A worker has run a task that another one has started and not finished: somebody counts those that are left.
story counted(bool started_by_task) {
    story told;
    told.first = [started_by_task](runtime& all) {
        model::hold_still(true);
        all.left.store(1);
        all.jobs[1].body = [&all](context&) { return model::as_one_less(all); };
        all.jobs[0].body = [&all, started_by_task](context&) {
            if (started_by_task) all.start(all.jobs[1], 1);
            (void)model::when_none_is_left(all);
            all.begun.store(1, base::relaxed);
            while (all.begun.load(base::acquire) != 2) base::spin_pause();
            return true;
        };
        all.start(all.jobs[0], 0);
        if (!started_by_task) all.start(all.jobs[1], 1);
    };
    told.others = {[started_by_task](runtime& all) {
        while (all.begun.load(base::relaxed) != 1) base::spin_pause();
        model::hold_still(false);
        const std::uint64_t live = all.scheduler->live();
        model::require(live <= 2, "a task counts that has ended, and not that it was started");
        model::require(live != 0 || !started_by_task, "a task goes on that nobody counts");
        model::hold_still(true);
        all.begun.store(2, base::release);
    }};
    return told;
}

}  // namespace

TEST_CASE("a_start_behind_the_visit_of_a_drain_is_refused", "[runtime]") {
    check_runtime(within("started behind the visit", 1), started_behind_the_visit(false));
    check_runtime(within("started behind the visit, on the calling thread", 1), started_behind_the_visit(true));
}

TEST_CASE("a_start_before_the_visit_of_a_drain_is_cancelled", "[runtime]") {
    check_runtime(within("started before the visit", 1),
                  started_before_the_visit([](runtime& all) { (void)all.scheduler->drain(base::never); }));
}

TEST_CASE("a_start_beside_a_look_at_survivors_is_seen_whole", "[runtime]") {
    check_runtime(within("started beside a look at survivors", 1),
                  started_before_the_visit([](runtime& all) { (void)all.scheduler->survivors(2); }));
}

TEST_CASE("a_task_that_has_ended_counts_as_started", "[runtime]") {
    check_runtime(within("counted, started by a task", 1, 2), counted(true));
    check_runtime(within("counted, started from outside", 1, 2), counted(false));
}
