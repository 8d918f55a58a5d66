// The joiner's protocol as join_handle and complete_task really follow it: polled, renewed, moved, dropped.
// Builds on core/join_handle.hpp and the model checker.
#include "engine.hpp"
#include "model_task.hpp"

#include <bifilar/future/join_handle.hpp>

#include <catch2/catch.hpp>

#include <array>
#include <optional>

using namespace bifilar;
using namespace bifilar::detail;

namespace {

// A spawned task that gives 42; its runner is a thread of the model.
struct spawned : task_cell<int> {
    spawned() noexcept : task_cell<int>{kind, 1} {}

    void run() noexcept {
        (void)state_.begin_run();
        outcome_.set_value(42);
        complete_task(*this);
    }

    static void schedule(task_header&) noexcept {}
    static void destroy(task_header& task) noexcept {
        auto& self = static_cast<spawned&>(static_cast<task_cell<int>&>(static_cast<task_core&>(task)));
        model::require(self.alive.get(), "the task was destroyed twice");
        self.alive.set(false);
    }
    static constexpr operations kind{nullptr, &schedule, &destroy};

    model::cell<bool> alive{true, "the task's memory"};
};

struct joined {
    spawned task;
    std::array<model::gated_task, 2> joiners;

    // As block_on: polls until the value is there.
    void wait(join_handle<int>& handle, model::gated_task& joiner) noexcept {
        for (;;) {
            (void)joiner.state_.begin_run();
            context cx{joiner};
            if (polled<int> answer = handle.poll(cx)) {
                model::require(answer.take() == 42, "the value was not there");
                return;
            }
            if (joiner.state_.end_pending() == park_result::parked) joiner.gate.wait();
        }
    }
    // One poll, and no wait for the wake.
    void glance(join_handle<int>& handle, model::gated_task& joiner) noexcept {
        context cx{joiner};
        (void)handle.poll(cx);
    }
    void check() noexcept { model::require(!task.alive.get(), "the task was not destroyed"); }
};

}  // namespace

TEST_CASE("a_join_gets_the_value_and_the_task_is_freed_once", "[join]") {
    model::check({.name = "join_handle, joined", .preemptions = 5}, [](model::world& world) {
        auto* const all = world.make<joined>();
        world.thread("runner", [=] { all->task.run(); });
        world.thread("joiner", [=] {
            join_handle<int> handle{all->task};
            all->wait(handle, all->joiners[0]);
        });
        world.finally([=] { all->check(); });
    });
}

TEST_CASE("a_joiner_may_be_gone_once_its_handle_is_dropped", "[join]") {
    model::check({.name = "join_handle, polled and dropped", .preemptions = 5}, [](model::world& world) {
        auto* const all = world.make<joined>();
        world.thread("runner", [=] { all->task.run(); });
        world.thread("joiner", [=] {
            {
                join_handle<int> handle{all->task};
                all->glance(handle, all->joiners[0]);
            }
            // Nobody refers to this joiner any more.
            all->joiners[0].alive.set(false);
        });
        world.finally([=] {
            all->check();
            model::require(!all->joiners[0].alive.get(), "unreachable");
        });
    });
}

TEST_CASE("a_handle_moves_to_another_joiner_and_the_first_may_go", "[join]") {
    model::check({.name = "join_handle, moved", .preemptions = 4}, [](model::world& world) {
        auto* const all = world.make<joined>();
        world.thread("runner", [=] { all->task.run(); });
        world.thread("joiners", [=] {
            std::optional<join_handle<int>> first{std::in_place, all->task};
            context cx{all->joiners[0]};
            if (first->poll(cx)) return;
            join_handle<int> second{std::move(*first)};
            first.reset();
            all->joiners[0].alive.set(false);
            all->wait(second, all->joiners[1]);
        });
        world.finally([=] { all->check(); });
    });
}

TEST_CASE("a_task_run_by_its_handle_completes_without_a_locked_operation_only_when_nobody_else_refers_to_it",
          "[join]") {
    model::check({.name = "complete_unshared against a waker's end", .preemptions = 5}, [](model::world& world) {
        auto* const all = world.make<joined>();
        // A waker of the task, made by its body and ended on another thread.
        all->task.state_.add_reference();
        world.thread("other", [=] {
            model::require(all->task.alive.get(), "the task went away under a waker");
            (void)all->task.state_.claim();
            if (all->task.state_.drop_reference()) spawned::destroy(all->task);
        });
        world.thread("parent", [=] {
            (void)all->task.state_.begin_run();
            all->task.outcome_.set_value(42);
            if (!all->task.state_.complete_unshared()) complete_task(all->task);
            if (all->task.state_.drop_reference()) spawned::destroy(all->task);
        });
        world.finally([=] { all->check(); });
    });
}
