// A thread that is no worker wakes the last task, and the runtime ends under it; a start from outside meets a shutdown.
// Builds on the model checker; the functions mirror scheduler::visit, inject, start, halt_and_cancel and the
// destructor.
#include "engine.hpp"

#include <bifilar/base/atomic.hpp>
#include <bifilar/base/thread_gate.hpp>

#include <catch2/catch.hpp>

using namespace bifilar;

namespace {

struct runtime_of_one {
    base::atomic<int> visitors{0};
    base::atomic<int> queued{0};
    base::thread_gate worker_sleeps;
    model::cell<bool> memory{true, "the scheduler's memory"};

    void inject(bool counted) noexcept {
        if (counted) visitors.fetch_add(1, base::relaxed);
        queued.store(1, base::release);
        model::require(memory.get(), "the scheduler was gone");
        worker_sleeps.open();
        if (counted) visitors.fetch_sub(1, base::release);
    }
    // Runs the task, which is the last, and ends.
    void work_and_end() noexcept {
        while (queued.load(base::acquire) == 0) worker_sleeps.wait();
        while (visitors.load(base::acquire) != 0) base::spin_pause();
        memory.set(false);
    }
};

model::body last_wake(bool counted) {
    return [=](model::world& world) {
        auto* const all = world.make<runtime_of_one>();
        world.thread("waker", [=] { all->inject(counted); });
        world.thread("runtime", [=] { all->work_and_end(); });
    };
}

struct start_and_drain {
    base::atomic<int> starting{0};
    base::atomic<bool> running{true};
    base::atomic<bool> marked{false};
    bool refused = false;
    bool visited = false;

    void start() noexcept {
        starting.fetch_add(1, base::seq_cst);
        if (!running.load(base::seq_cst)) {
            starting.fetch_sub(1, base::release);
            refused = true;
            return;
        }
        marked.store(true, base::relaxed);
        starting.fetch_sub(1, base::release);
    }
    void drain() noexcept {
        running.store(false, base::seq_cst);
        while (starting.load(base::seq_cst) != 0) base::spin_pause();
        visited = marked.load(base::relaxed);
    }
};

}  // namespace

TEST_CASE("a_runtime_waits_for_the_thread_that_woke_its_last_task", "[visit]") {
    model::check({.name = "visit, counted", .preemptions = 5, .store_delays = 2}, last_wake(true));
}

TEST_CASE("without_a_count_the_waker_touches_a_runtime_that_is_gone", "[visit]") {
    const auto found = model::explore({.preemptions = 3}, last_wake(false));
    CHECK(found.failed);
}

TEST_CASE("a_task_started_from_outside_is_refused_or_found_by_the_shutdown", "[visit]") {
    model::check({.name = "start against drain", .preemptions = 5, .store_delays = 2}, [](model::world& world) {
        auto* const all = world.make<start_and_drain>();
        world.thread("starter", [=] { all->start(); });
        world.thread("shutdown", [=] { all->drain(); });
        world.finally([=] { model::require(all->refused != all->visited, "a task outlived the shutdown unseen"); });
    });
}
