// A thread that is no worker wakes the last task, and the runtime ends under it; a start from outside meets a shutdown,
// which visits all tasks. Builds on the model checker; the functions mirror scheduler::visit, inject, start,
// halt_and_cancel, survivors and the destructor, task_place::publish, and the ends of tasks.
#include "engine.hpp"

#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/base/detail/thread_gate.hpp>

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

// How a start tells of its task.
enum class publication { in_gate, in_gate_relaxed, before_gate };

// One task that a thread starts, a worker runs to its end if it comes to it before it stands still, and a shutdown
// visits. Its memory is written when it is made and when it is freed, whoever does that.
class started_task {
public:
    explicit started_task(publication how) noexcept : how_{how} {}

    void start() noexcept {
        memory_.set(1);
        if (how_ == publication::before_gate) known_.store(true, base::release);
        starting_.fetch_add(1, base::seq_cst);
        if (!running_.load(base::seq_cst)) {
            starting_.fetch_sub(1, base::release);
            known_.store(false, base::relaxed);
            memory_.set(0);
            refused_ = true;
            return;
        }
        if (how_ != publication::before_gate)
            known_.store(true, how_ == publication::in_gate ? base::release : base::relaxed);
        queued_.store(true, base::release);
        starting_.fetch_sub(1, base::release);
    }
    void work(bool stands_still) noexcept {
        if (queued_.load(base::acquire)) {
            known_.store(false, base::relaxed);
            memory_.set(0);
            ended_ = true;
        }
        if (stands_still) still_.store(true, base::release);
    }
    void drain() noexcept {
        halt();
        while (starting_.load(base::seq_cst) != 0) base::spin_pause();
        visit();
    }
    // As after a drain whose deadline came before the starts were over.
    void look_at_survivors(bool halts = true) noexcept {
        if (halts) halt();
        visit();
    }
    [[nodiscard]] bool one_of_three() const noexcept { return refused_ + ended_ + visited_ == 1; }

private:
    void halt() noexcept {
        running_.store(false, base::seq_cst);
        while (!still_.load(base::acquire)) base::spin_pause();
    }
    void visit() noexcept {
        if (!known_.load(base::acquire)) return;
        model::require(memory_.get() == 1, "a task was visited that was not there");
        visited_ = true;
    }

    const publication how_;
    base::atomic<int> starting_{0};
    base::atomic<bool> running_{true};
    base::atomic<bool> known_{false};
    base::atomic<bool> queued_{false};
    base::atomic<bool> still_{false};
    model::cell<int> memory_{0, "the task's memory"};
    bool refused_ = false;
    bool ended_ = false;
    bool visited_ = false;
};

model::body start_and_survivors(publication how, bool halts = true) {
    return [=](model::world& world) {
        auto* const one = world.make<started_task>(how);
        world.thread("starter", [=] { one->start(); });
        world.thread("worker", [=] { one->work(halts); });
        world.thread("shutdown", [=] { one->look_at_survivors(halts); });
    };
}

}  // namespace

TEST_CASE("a_runtime_waits_for_the_thread_that_woke_its_last_task", "[visit]") {
    model::check({.name = "visit, counted", .preemptions = 5, .stale_reads = 2}, last_wake(true));
}

TEST_CASE("without_a_count_the_waker_touches_a_runtime_that_is_gone", "[visit]") {
    const auto found = model::explore({.preemptions = 3}, last_wake(false));
    CHECK(found.failed);
}

TEST_CASE("a_task_started_from_outside_is_refused_or_found_by_the_shutdown", "[visit]") {
    model::check({.name = "start against drain", .preemptions = 5, .stale_reads = 2}, [](model::world& world) {
        auto* const all = world.make<start_and_drain>();
        world.thread("starter", [=] { all->start(); });
        world.thread("shutdown", [=] { all->drain(); });
        world.finally([=] { model::require(all->refused != all->visited, "a task outlived the shutdown unseen"); });
    });
}

TEST_CASE("a_started_task_is_refused_or_ends_or_is_visited_whole", "[visit]") {
    model::check({.name = "publication against drain", .preemptions = 4, .stale_reads = 2}, [](model::world& world) {
        auto* const one = world.make<started_task>(publication::in_gate);
        world.thread("starter", [=] { one->start(); });
        world.thread("worker", [=] { one->work(true); });
        world.thread("shutdown", [=] { one->drain(); });
        world.finally([=] { model::require(one->one_of_three(), "a task outlived the shutdown unseen"); });
    });
}

TEST_CASE("survivors_are_visited_whole_while_others_start", "[visit]") {
    model::check({.name = "publication against survivors", .preemptions = 4, .stale_reads = 2},
                 start_and_survivors(publication::in_gate));
}

TEST_CASE("a_task_published_before_the_gate_is_freed_under_the_visit", "[visit]") {
    CHECK(model::explore({.preemptions = 3}, start_and_survivors(publication::before_gate)).failed);
}

TEST_CASE("a_task_published_without_release_is_visited_half_made", "[visit]") {
    CHECK(model::explore({.preemptions = 3}, start_and_survivors(publication::in_gate_relaxed)).failed);
}

TEST_CASE("a_task_ends_under_a_visit_that_does_not_halt_the_workers", "[visit]") {
    CHECK(model::explore({.preemptions = 3}, start_and_survivors(publication::in_gate, false)).failed);
}
