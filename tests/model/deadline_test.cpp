// An inherited deadline that comes on one worker while its task ends, or waits, on another.
// Builds on time/deadline_alarm.hpp and the model checker.
#include "engine.hpp"
#include "model_task.hpp"

#include <bifilar/memory/detail/frame_pool.hpp>
#include <bifilar/task/detail/thread_state.hpp>
#include <bifilar/time/detail/deadline_alarm.hpp>

#include <catch2/catch.hpp>

#include <new>

using namespace bifilar;
using namespace bifilar::detail;

namespace {

constexpr base::instant_ns due = 100 * timer_tick_ns;

int live_alarms = 0;

struct limited {
    timer_queue queue;
    model::gated_task task;
    detail::deadline_alarm* alarm = nullptr;

    void begin() {
        (void)task.state_.begin_run();
        alarm = detail::deadline_alarm::make();
        this_thread().timers = &queue;
        alarm->arm(task, due, due - 1);
        this_thread().timers = nullptr;
    }
    // As worker::poll and complete_task.
    void end() {
        alarm->disarm();
        if (task.state_.complete() == task_state::complete_result::last) model::gated_task::destroy(task);
    }
    void check() {
        model::require(!task.alive.get(), "the task leaked");
        model::require(live_alarms == 0, "the alarm leaked or was freed twice");
        model::require(queue.next_deadline() == base::never, "a timer is left over");
    }
};

}  // namespace

// The alarm's memory; the model has no frame pool.
void* bifilar::detail::allocate_frame_slowly(std::size_t bytes) {
    ++live_alarms;
    return ::operator new(bytes);
}
void bifilar::detail::release_frame_slowly(void* block) noexcept {
    --live_alarms;
    ::operator delete(block);
}

TEST_CASE("a_deadline_that_comes_while_its_task_ends_frees_both_once", "[deadline]") {
    model::check({.name = "deadline, end against fire", .preemptions = 5}, [](model::world& world) {
        live_alarms = 0;
        auto* const all = world.make<limited>();
        all->begin();
        world.thread("wheel", [=] { all->queue.fire(due); });
        world.thread("worker", [=] { all->end(); });
        world.finally([=] { all->check(); });
    });
}

TEST_CASE("a_deadline_that_comes_wakes_its_task_to_cancel_it", "[deadline]") {
    model::check({.name = "deadline, wait against fire", .preemptions = 5}, [](model::world& world) {
        live_alarms = 0;
        auto* const all = world.make<limited>();
        all->begin();
        world.thread("wheel", [=] { all->queue.fire(due); });
        world.thread("worker", [=] {
            if (all->task.state_.end_pending() == park_result::parked) {
                all->task.gate.wait();
                model::require(all->task.state_.begin_run(), "the task was woken and not asked to cancel");
            }
            all->end();
        });
        world.finally([=] { all->check(); });
    });
}

TEST_CASE("a_deadline_and_another_wake_may_meet_at_the_end_of_a_task", "[deadline]") {
    model::check({.name = "deadline, wake, end", .preemptions = 3}, [](model::world& world) {
        live_alarms = 0;
        auto* const all = world.make<limited>();
        all->begin();
        all->task.state_.add_reference();
        world.thread("wheel", [=] { all->queue.fire(due); });
        world.thread("waker", [=] {
            if (all->task.state_.claim() == wake_result::schedule) model::gated_task::schedule(all->task);
            if (all->task.state_.drop_reference()) model::gated_task::destroy(all->task);
        });
        world.thread("worker", [=] {
            if (all->task.state_.end_pending() == park_result::parked) {
                all->task.gate.wait();
                (void)all->task.state_.begin_run();
            }
            all->end();
        });
        world.finally([=] { all->check(); });
    });
}
