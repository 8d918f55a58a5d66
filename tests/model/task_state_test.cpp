// Every order of wakes, cancellation, parking, completion, joining and dropped references on one task state word.
// Builds on core/task_state.hpp and the model checker.
#include "engine.hpp"

#include <bifilar/base/detail/thread_gate.hpp>
#include <bifilar/task/detail/task_state.hpp>

#include <catch2/catch.hpp>

#include <array>
#include <string>

using namespace bifilar;
using namespace bifilar::detail;

namespace {

constexpr int max_wakers = 3;

// Whoever is told to schedule the task runs it on the spot, as a worker would.
struct woken_task {
    woken_task(int count, bool one_cancels) : wakers(count), cancels(one_cancels) {}

    // A poll is the last when it sees what all wakers wrote. Its begin_run may have missed a wake that is as recent as
    // the load is relaxed; then the wake is still to be seen by end_pending, and another poll comes.
    void run() noexcept {
        for (;;) {
            const bool cancelling = state.begin_run();
            const bool last = sees_all() && cancelling == cancels;
            body.set(body.get() + 1);
            if (last) return end();
            if (state.end_pending() == park_result::parked) return;
        }
    }

    [[nodiscard]] bool sees_all() const noexcept {
        for (int i = 0; i < wakers; ++i)
            if (payload[static_cast<std::size_t>(i)].load(base::relaxed) == 0) return false;
        return true;
    }

    void end() noexcept {
        completed = true;
        if (state.complete() == task_state::complete_result::last) destroy();
    }

    void wake(int number, bool asks) noexcept {
        payload[static_cast<std::size_t>(number)].store(1, base::relaxed);
        if ((asks ? state.request_cancel() : state.claim()) == wake_result::schedule) run();
    }

    void destroy() noexcept {
        model::require(!destroyed, "the task was destroyed twice");
        destroyed = true;
        memory.set(0);
    }

    task_state state{1};
    model::cell<int> body{0, "body"};
    model::cell<int> memory{1, "memory"};
    // What a waker writes before it wakes. Relaxed, so that the state word alone orders it.
    std::array<base::atomic<int>, max_wakers> payload{};
    const int wakers;
    const bool cancels;
    bool completed = false;
    bool destroyed = false;
};

void check_wakes(int wakers, bool cancel, unsigned preemptions) {
    const std::string name = std::to_string(wakers) + (cancel ? " wakers, one cancels" : " wakers");
    model::check({.name = "task_state, " + name, .preemptions = preemptions}, [=](model::world& world) {
        auto* const task = world.make<woken_task>(wakers, cancel);
        world.label(&task->state, "state");
        world.thread("spawner", [=] { task->run(); });
        for (int i = 0; i < wakers; ++i)
            world.thread("waker " + std::to_string(i), [=] { task->wake(i, cancel && i == 0); });
        world.thread("handle", [=] {
            (void)task->memory.get();
            if (task->state.drop_reference()) task->destroy();
        });
        world.finally([=] {
            model::require(task->completed, "a wake was lost: the task is parked and all wakers have gone");
            model::require(task->destroyed, "the task leaked");
        });
    });
}

}  // namespace

TEST_CASE("task_state_loses_no_wake", "[task_state]") {
    check_wakes(1, false, 5);
    check_wakes(2, false, 3);
    check_wakes(3, false, 2);
}

TEST_CASE("task_state_shows_cancellation_to_the_next_poll", "[task_state]") {
    check_wakes(1, true, 5);
    check_wakes(2, true, 3);
}

TEST_CASE("task_state_frees_after_the_last_of_many_references", "[task_state]") {
    struct shared {
        task_state state{2};
        model::cell<int> memory{1, "memory"};
        int destroyed = 0;
    };
    model::check({.name = "task_state, three references", .preemptions = 4}, [](model::world& world) {
        auto* const task = world.make<shared>();
        const auto destroy = [=] {
            ++task->destroyed;
            task->memory.set(0);
        };
        for (const char* name : {"one", "two"})
            world.thread(name, [=] {
                (void)task->memory.get();
                task->state.add_reference();
                if (task->state.drop_reference()) destroy();
                (void)task->memory.get();
                if (task->state.drop_reference()) destroy();
            });
        world.thread("runner", [=] {
            (void)task->state.begin_run();
            (void)task->memory.get();
            if (task->state.complete() == task_state::complete_result::last) destroy();
        });
        world.finally([=] { model::require(task->destroyed == 1, "not destroyed exactly once"); });
    });
}

namespace {

// The joiner registers, perhaps goes away again, and frees its memory; the runner completes meanwhile.
struct joined_task {
    task_state state{1};
    model::cell<int> outcome{0, "outcome"};
    model::cell<int> joiner{0, "joiner's address"};
    model::cell<bool> joiner_alive{true, "joiner's memory"};
    base::thread_gate joiner_woken;
    int destroyed = 0;
};

void complete(joined_task& task) {
    (void)task.state.begin_run();
    task.outcome.set(42);
    switch (task.state.complete()) {
        case task_state::complete_result::alive:
            return;
        case task_state::complete_result::last:
            ++task.destroyed;
            return;
        case task_state::complete_result::wake_join:
            break;
    }
    model::require(task.joiner.get() == 7, "the joiner's address was not there");
    model::require(task.joiner_alive.get(), "the joiner was gone");
    task.joiner_woken.open();
    if (task.state.finish_join()) ++task.destroyed;
}

void drop(joined_task& task, bool registered) {
    if (registered && task.state.clear_join())
        while (!task.state.join_finished()) base::spin_pause();
    task.joiner_alive.set(false);
    if (task.state.drop_reference()) ++task.destroyed;
}

}  // namespace

TEST_CASE("join_is_woken_or_withdrawn_and_never_touched_after", "[task_state]") {
    for (const bool waits : {true, false})
        model::check({.name = waits ? "task_state, join" : "task_state, join withdrawn", .preemptions = 5},
                     [=](model::world& world) {
                         auto* const task = world.make<joined_task>();
                         world.thread("runner", [=] { complete(*task); });
                         world.thread("joiner", [=] {
                             task->joiner.set(7);
                             const bool registered = !task->state.set_join();
                             if (registered && waits) task->joiner_woken.wait();
                             // A refused join says that the outcome is there, as is_complete does.
                             if (!registered || task->state.is_complete())
                                 model::require(task->outcome.get() == 42, "the outcome was not there");
                             drop(*task, registered);
                         });
                         world.finally([=] { model::require(task->destroyed == 1, "not destroyed exactly once"); });
                     });
}

TEST_CASE("joiner_changes_its_address", "[task_state]") {
    model::check({.name = "task_state, join renewed", .preemptions = 5}, [](model::world& world) {
        auto* const task = world.make<joined_task>();
        world.thread("runner", [=] { complete(*task); });
        world.thread("joiner", [=] {
            task->joiner.set(7);
            bool registered = !task->state.set_join();
            if (registered && !task->state.clear_join()) {
                task->joiner.set(7);
                registered = !task->state.set_join();
            }
            drop(*task, registered);
        });
        world.finally([=] { model::require(task->destroyed == 1, "not destroyed exactly once"); });
    });
}
