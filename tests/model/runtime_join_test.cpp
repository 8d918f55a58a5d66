// Threads that wait in join() while all workers fall asleep: one of these suspects that nobody will ever wake them.
// Builds on runtime.hpp.
#include "model_task.hpp"
#include "runtime.hpp"

#include <bifilar/task/detail/join_watch.hpp>

#include <catch2/catch.hpp>

#include <chrono>
#include <utility>

using namespace bifilar;
using model::runtime;
using model::story;
using model::within;

namespace {

// Waits for a task that nobody but this thread ends, and goes on when it is asked to look for a deadlock.
void join(runtime& all, bool meets) {
    model::gated_task me;
    (void)me.state_.begin_run();
    context cx{me};
    detail::join_watch watch{&all.jobs[0]};
    if (meets) all.meet();
    watch.look(cx);
    if (meets) all.depart();
    all.left.store(1, base::relaxed);  // Orders nothing.
    if (me.state_.end_pending() == detail::park_result::parked) me.gate.wait();
    model::hold_still(true);
    all.jobs[0].wake();
}

// No time passes meanwhile, so that nobody is asked.
void await_join(runtime& all) {
    while (all.left.load(base::relaxed) != 1) base::spin_pause();
}

// Workers get a task each, after which they fall asleep. `meets`: beside one, a join begins; else both sleep beside it.
story joined(bool meets) {
    story told;
    told.before = [](runtime& all) {
        all.jobs[0].body = [polled = false](context& cx) mutable {
            cx.set_armed();
            return std::exchange(polled, true);
        };
        all.start(all.jobs[0]);
    };
    told.first = [meets](runtime& all) {
        model::hold_still(true);
        if (!meets) await_join(all);
        all.searches_sleeps = true;
        const std::uint32_t tasks = meets ? 1 : 2;
        for (std::uint32_t i = 1; i <= tasks; ++i) {
            all.jobs[i].body = [&all, tasks](context&) {
                all.begun.fetch_add(1, base::relaxed);
                while (all.begun.load(base::relaxed) != static_cast<int>(tasks)) base::spin_pause();
                return true;
            };
            all.start(all.jobs[i], i - 1);
        }
    };
    told.others = {[meets](runtime& all) { join(all, meets); }};
    return told;
}

// A worker that has napped beside a long run falls asleep for good when that run ends, and so does its worker.
story joined_beside_nap() {
    story told = joined(false);
    told.first = [](runtime& all) {
        model::hold_still(true);
        await_join(all);
        all.jobs[1].body = [&all](context&) {
            all.searches_sleeps = true;
            all.passes_over = 1;
            all.start(all.jobs[2], 1);
            base::sleep_thread(std::chrono::nanoseconds{2 * sched::newest_watch::shortest_nap_ns});
            return true;
        };
        all.jobs[2].body = [](context&) { return true; };
        all.start(all.jobs[1], 0);
    };
    return told;
}

}  // namespace

TEST_CASE("of_workers_that_fall_asleep_at_once_one_suspects_a_deadlock", "[runtime]") {
    check_runtime(within("two fall asleep beside a join", 2), joined(false));
    check_runtime(within("two fall asleep beside a join, one has napped", 2), joined_beside_nap());
}

TEST_CASE("a_join_that_begins_is_seen_by_who_falls_asleep_or_wakes_it", "[runtime]") {
    check_runtime(within("one falls asleep while a join begins", 2), joined(true));
}
