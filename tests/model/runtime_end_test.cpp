// The ends of a scheduler, and its stands: the last tasks are noticed, and everybody comes to the end or goes on.
// Builds on runtime.hpp.
#include "runtime.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <stdexcept>
#include <utility>

using namespace bifilar;
using model::runtime;
using model::start_pinned;
using model::story;
using model::within;

namespace {

// The last task makes another, for the other worker, while a drain counts those that are left: a look at the survivors
// has woken it for that.
story last_makes_another() {
    return {.before =
                [](runtime& all) {
                    all.left.store(1);
                    all.jobs[0].when_cancelled = [&all] {
                        all.begun.store(1);
                        while (all.begun.load(base::acquire) != 2) base::spin_pause();
                        all.start(all.jobs[1], 1);
                    };
                    all.jobs[1].when_cancelled = [&all] { model::as_one_less(all); };
                    start_pinned(all, all.jobs[0], 0);
                },
            .first =
                [](runtime& all) {
                    model::hold_still(true);
                    (void)all.scheduler->drain(base::never);
                    model::require(all.left.load(base::acquire) == 0, "a drain has ended before the last task");
                },
            .others = {[](runtime& all) {
                while (all.begun.load(base::acquire) != 1) base::spin_pause();
                (void)all.scheduler->survivors(1);
                model::hold_still(false);
                all.begun.store(2, base::release);
            }}};
}

// The last two tasks end on two workers, of which one falls asleep while the other one looks. Both have slept since the
// drain began, because who begins it wakes all.
story last_two_end_at_once() {
    return {.before =
                [](runtime& all) {
                    constexpr std::chrono::milliseconds long_enough{1};
                    all.jobs[1].when_cancelled = [&all, long_enough] {
                        base::sleep_thread(long_enough);
                        all.start(all.jobs[2], 0);
                    };
                    all.jobs[2].when_cancelled = [&all, long_enough] {
                        base::sleep_thread(long_enough);
                        all.start(all.jobs[3], 1);
                        all.searches_sleeps = true;
                    };
                    all.jobs[3].when_cancelled = [&all] { all.meet(); };
                    for (std::uint32_t i = 0; i < 2; ++i) start_pinned(all, all.jobs[i], i);
                },
            .first =
                [](runtime& all) {
                    model::hold_still(true);
                    (void)all.scheduler->drain(base::never);
                }};
}

}  // namespace

TEST_CASE("of_two_workers_that_end_the_last_tasks_one_tells", "[runtime]") {
    check_runtime(within("the last two end at once", 1), last_two_end_at_once());
}

TEST_CASE("a_drain_counts_what_the_last_task_makes", "[runtime]") {
    check_runtime(within("the last task makes another", 1, 0), last_makes_another());
}

TEST_CASE("a_drain_meets_wakes_and_foreign_spawns", "[runtime]") {
    story wake{.before =
                   [](runtime& all) {
                       all.jobs[0].body = [polled = false](context& cx) mutable {
                           cx.set_armed();
                           return std::exchange(polled, true);
                       };
                       all.start(all.jobs[0]);
                   },
               .first = [](runtime& all) { (void)all.scheduler->drain(base::never); },
               .others = {[](runtime& all) { all.jobs[0].wake(); }}};
    check_runtime(within("drain against the last wake", 1, 0), wake);
    const story spawn{.first = [](runtime& all) { (void)all.scheduler->drain(base::never); },
                      .others = {[](runtime& all) {
                          try {
                              all.start(all.jobs[0]);
                          } catch (const std::logic_error&) {
                              all.jobs[0].begun = false;
                          }
                      }}};
    story started = spawn;
    started.before = [](runtime& all) { all.jobs[0].body = [](context&) { return true; }; };
    check_runtime(within("drain against a foreign spawn", 1, 0), started);
    check_runtime(within("stop against the last task", 1, 0),
                  {.first = [](runtime& all) { (void)all.start([](context&) { return true; }); }, .ends = true});
}

// A worker may not have left the first halt when the second begins: it is counted once more.
TEST_CASE("a_second_look_at_survivors_finds_them_as_the_first_did", "[runtime]") {
    const story told{.before = [](runtime& all) { start_pinned(all, all.jobs[0], 0); },
                     .first =
                         [](runtime& all) {
                             for (int n = 0; n < 2; ++n) {
                                 const auto found = all.scheduler->survivors(2);
                                 model::require(found.size() == 1 && found.front().parked, "a task is not found");
                             }
                         },
                     .runs_all = false};
    check_runtime(within("survivors twice", 1, 0), told);
}

TEST_CASE("a_runtime_stays_until_who_posts_its_last_task_has_done_so", "[runtime]") {
    const story told{.before =
                         [](runtime& all) {
                             model::job& waits = all.jobs[0];
                             waits.body = [polled = false, &waits](context& cx) mutable {
                                 waits.home = detail::this_thread().worker;
                                 cx.set_armed();
                                 return std::exchange(polled, true);
                             };
                             all.start(waits, 0);
                         },
                     .first =
                         [](runtime& all) {
                             model::hold_still(true);
                             while (all.begun.load(base::relaxed) != 1) base::spin_pause();
                         },
                     .others = {[](runtime& all) {
                         all.begun.store(1, base::relaxed);
                         model::hold_still(false);
                         all.jobs[0].wake();
                         model::hold_still(true);
                     }},
                     .ends = true};
    check_runtime(within("stop against the last post", 1, 0), told);
}

TEST_CASE("a_halt_stops_real_workers_and_lets_them_go_on", "[runtime]") {
    const story told{.first = [](runtime& all) {
        (void)all.start([](context&) { return true; });
        (void)all.scheduler->survivors(4);
    }};
    check_runtime(within("halt against a run", 1, 0), told);
}
