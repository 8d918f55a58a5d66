// The reduction proved on models: the executions that it cuts show nothing that the others do not.
// Builds on engine; litmus_test.cpp has the same for each litmus test. The reason is in the head of search.hpp.
#include "engine.hpp"
#include "model_task.hpp"

#include <bifilar/sched/detail/run_queue.hpp>
#include <bifilar/task/detail/task_state.hpp>

#include <catch2/catch.hpp>

#include <array>
#include <cstdio>
#include <functional>
#include <set>
#include <string>

using namespace bifilar;
using namespace bifilar::detail;

namespace {

using outcomes = std::set<std::string>;
// A model that tells at the end of an execution what came of it.
using telling_model = std::function<void(model::world&, std::function<void(std::string)>)>;

struct finding {
    outcomes found;
    model::report how;
};

finding all_outcomes(const telling_model& body, model::options how, bool reduces) {
    finding all;
    how.reduces = reduces;
    how.max_seconds = 60;
    all.how = model::explore(how, [&](model::world& world) {
        body(world, [&all](std::string outcome) { all.found.insert(std::move(outcome)); });
    });
    return all;
}

void compare(const char* name, const model::options& how, const telling_model& body) {
    const finding cut = all_outcomes(body, how, true);
    const finding whole = all_outcomes(body, how, false);
    std::printf("reduction, %-45s %6llu and %6llu cut instead of %8llu executions, %zu outcomes\n", name,
                static_cast<unsigned long long>(cut.how.executions - cut.how.cut),
                static_cast<unsigned long long>(cut.how.cut), static_cast<unsigned long long>(whole.how.executions),
                cut.found.size());
    INFO(cut.how.message << whole.how.message);
    CHECK((cut.how.exhaustive && whole.how.exhaustive));
    CHECK(cut.found == whole.found);
    CHECK(cut.found.size() > 1);
    CHECK(cut.how.executions < whole.how.executions);
}

struct polled_task {
    task_state state{1};
    std::array<model::cell<int>, 2> polls;  // Of the spawner and of the waker.
    base::atomic<int> payload{0};
    std::string answers = "--";

    void run(std::size_t who) noexcept {
        for (;;) {
            (void)state.begin_run();
            polls[who].set(polls[who].get() + 1);
            if (payload.load(base::relaxed) != 0 || state.end_pending() == park_result::parked) return;
        }
    }
};

void woken(model::world& world, const std::function<void(std::string)>& tell) {
    auto* const task = world.make<polled_task>();
    world.thread("spawner", [=] { task->run(0); });
    world.thread("waker", [=] {
        task->payload.store(1, base::relaxed);
        const wake_result answer = task->state.claim();
        task->answers[0] = answer == wake_result::schedule ? 's' : 'a';
        if (answer == wake_result::schedule) task->run(1);
    });
    world.finally(
        [=] { tell(task->answers + std::to_string(task->polls[0].get()) + std::to_string(task->polls[1].get())); });
}

// What one reads between two operations of another that has come out of a pause.
void awaited(model::world& world, const std::function<void(std::string)>& tell) {
    struct state {
        base::atomic<int> waits{0};
        base::atomic<int> flag{0};
        base::atomic<int> count{0};
        int first = 0, second = 0;
    };
    auto* const all = world.make<state>();
    world.thread("teller", [=] {
        while (all->waits.load(base::acquire) == 0) base::spin_pause();
        all->flag.store(1, base::release);
        all->first = all->count.load(base::relaxed);
        all->second = all->count.load(base::relaxed);
    });
    world.thread("waiter", [=] {
        all->waits.store(1, base::release);
        while (all->flag.load(base::acquire) == 0) base::spin_pause();
        for (int i = 1; i < 4; ++i) all->count.store(i, base::relaxed);
    });
    world.finally([=] { tell(std::to_string(all->first) + std::to_string(all->second)); });
}

struct robbed_queue {
    sched::run_queue queue{2};
    sched::run_queue loot{2};
    std::array<model::gated_task, 3> tasks;
    std::string takers = "---";

    void took(const task_header* task, char who) noexcept {
        for (std::size_t i = 0; i < tasks.size(); ++i)
            if (task == &tasks[i]) takers[i] = who;
    }
};

void robbed(model::world& world, const std::function<void(std::string)>& tell) {
    auto* const all = world.make<robbed_queue>();
    world.thread("owner", [=] {
        for (model::gated_task& each : all->tasks)
            if (!all->queue.push(each)) all->took(&each, 'x');
        all->took(all->queue.pop(), 'o');
    });
    world.thread("thief", [=] {
        std::uint32_t moved = 0;
        all->took(all->queue.steal_into(all->loot, moved), 't');
    });
    world.finally([=] {
        while (task_header* const task = all->loot.pop()) all->took(task, 'l');
        while (task_header* const task = all->queue.pop()) all->took(task, 'q');
        tell(all->takers);
    });
}

}  // namespace

TEST_CASE("the_reduction_loses_no_outcome_of_three_models", "[memory]") {
    compare("a task is woken while it runs", {.preemptions = model::unlimited, .stale_reads = model::unlimited}, woken);
    compare("a task is woken, within bounds", {.preemptions = 2, .stale_reads = 1, .early_stores = 1}, woken);
    compare("one waits for another", {.preemptions = 2, .stale_reads = 0}, awaited);
    compare("a queue is robbed, within bounds", {.preemptions = 3, .stale_reads = 2}, robbed);
    compare("a queue is robbed, with little left", {.preemptions = 1, .stale_reads = 1, .early_stores = 1}, robbed);
}

TEST_CASE("the_reduction_finds_every_failure", "[memory]") {
    // Bounds of 0 to 2 each: what is found with the reduction is found without, and the other way round.
    struct message {
        base::atomic<int> value{0};
        base::atomic<int> flag{0};
    };
    const auto body = [](model::world& world) {
        auto* const shared = world.make<message>();
        world.thread("writer", [=] {
            shared->value.store(1, base::relaxed);
            shared->flag.store(1, base::relaxed);
            shared->value.store(2, base::relaxed);
            shared->flag.store(2, base::relaxed);
        });
        world.thread("reader", [=] {
            const int flag = shared->flag.load(base::relaxed);
            const int value = shared->value.load(base::relaxed);
            shared->flag.store(3, base::relaxed);
            model::require(value + 1 >= flag, "far behind");
        });
        world.finally([=] { model::require(shared->flag.load() == 3, "not last"); });
    };
    for (unsigned all = 0; all < 27; ++all) {
        model::options how{.preemptions = all / 9, .stale_reads = all / 3 % 3, .early_stores = all % 3};
        const bool with = model::explore(how, body).failed;
        how.reduces = false;
        CHECK(model::explore(how, body).failed == with);
    }
}
