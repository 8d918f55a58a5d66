// The work-stealing ring with two and four slots: every task is taken exactly once, whoever takes it.
// Builds on sched/run_queue.hpp and the model checker.
#include "engine.hpp"
#include "model_task.hpp"

#include <bifilar/sched/detail/run_queue.hpp>

#include <catch2/catch.hpp>

#include <array>
#include <string>

using namespace bifilar;
using namespace bifilar::detail;

namespace {

constexpr int max_tasks = 8;

template <std::uint32_t Capacity>
struct ring {
    explicit ring(std::uint32_t max_slots = 0) : queue{Capacity, 0, max_slots} {}

    // The taker reads what the pusher wrote; that no other taker does is the point of the queue.
    void take(task_header* task) noexcept {
        auto& taken = *static_cast<model::gated_task*>(task);
        model::require(taken.alive.get(), "a task was taken twice");
        taken.alive.set(false);
        ++count_taken;
    }
    void take_chain(task_header* at) noexcept {
        while (at != nullptr) {
            task_header* const next = at->next_;
            take(at);
            at = next;
        }
    }
    // As the worker does: a full ring gives half of itself and the new task away.
    void push(int number) noexcept {
        model::gated_task& task = tasks[static_cast<std::size_t>(number)];
        task.alive.set(true);
        while (!queue.push(task)) {
            if (queue.grow()) continue;
            task_header* last = nullptr;
            std::uint32_t count = 0;
            if (task_header* const half = queue.take_half(last, count)) {
                take_chain(half);
                return take(&task);
            }
            // A theft is under way: the worker would put the task elsewhere.
            return take(&task);
        }
    }
    // As a worker does for a task that awaits this child.
    bool pop(int number) noexcept {
        model::gated_task& task = tasks[static_cast<std::size_t>(number)];
        if (!queue.pop(task, false)) return false;
        take(&task);
        return true;
    }
    void steal(sched::run_queue& into) noexcept {
        std::uint32_t moved = 0;
        task_header* const newest = queue.steal_into(into, moved);
        model::require((newest != nullptr) == (moved > 0), "moved does not fit the answer");
        if (newest != nullptr) take(newest);
    }
    void drain(sched::run_queue& from) noexcept {
        while (task_header* const task = from.pop()) take(task);
    }

    sched::run_queue queue;
    std::array<sched::run_queue, 2> thief{sched::run_queue{Capacity}, sched::run_queue{Capacity}};
    std::array<model::gated_task, max_tasks> tasks;
    int count_taken = 0;
};

// The owner pushes and pops while thieves steal; in the end all tasks have been taken once.
template <std::uint32_t Capacity>
void check_ring(int before, int pushes, int pops, int thieves, unsigned preemptions, std::uint32_t max_slots = 0) {
    const std::string name = "run_queue<" + std::to_string(Capacity) + ">, " + std::to_string(before) + "+" +
                             std::to_string(pushes) + " pushed, " + std::to_string(pops) + " popped, " +
                             std::to_string(thieves) + " thieves" + (max_slots != 0 ? ", grows" : "");
    model::check({.name = name, .preemptions = preemptions}, [=](model::world& world) {
        auto* const all = world.make<ring<Capacity>>(max_slots);
        for (int i = 0; i < before; ++i) all->push(i);
        const int taken_before = all->count_taken;
        world.thread("owner", [=] {
            for (int i = before; i < before + pushes; ++i) all->push(i);
            for (int i = 0; i < pops; ++i)
                if (task_header* const task = all->queue.pop()) all->take(task);
        });
        for (int t = 0; t < thieves; ++t)
            world.thread("thief " + std::to_string(t), [=] {
                all->steal(all->thief[t]);
                all->drain(all->thief[t]);
            });
        world.finally([=] {
            all->drain(all->queue);
            model::require(all->queue.empty(), "the queue does not know that it is empty");
            model::require(all->count_taken == before + pushes && taken_before <= before, "a task was lost");
        });
    });
}

}  // namespace

TEST_CASE("run_queue_gives_each_task_once_to_owner_or_thief", "[run_queue]") {
    check_ring<2>(0, 2, 1, 1, 4);
    check_ring<2>(2, 1, 1, 1, 4);
    check_ring<4>(3, 1, 2, 1, 4);
    check_ring<4>(4, 1, 1, 1, 4);
}

TEST_CASE("run_queue_survives_two_thieves", "[run_queue]") {
    check_ring<2>(1, 2, 1, 2, 2);
    check_ring<4>(3, 1, 1, 2, 3);
    check_ring<4>(4, 2, 1, 2, 2);
}

TEST_CASE("run_queue_that_grows_gives_each_task_once_to_owner_or_thief", "[run_queue]") {
    check_ring<2>(1, 2, 1, 1, 4, 8);
    check_ring<2>(2, 3, 1, 1, 3, 8);
    check_ring<2>(2, 2, 1, 2, 2, 4);
}

TEST_CASE("run_queue_grows_and_shrinks_under_a_thief", "[run_queue]") {
    model::check({.name = "run_queue<2>, grows and shrinks", .preemptions = 3}, [](model::world& world) {
        auto* const all = world.make<ring<2>>(4);
        for (int i = 0; i < 2; ++i) all->push(i);
        world.thread("owner", [=] {
            all->push(2);
            all->drain(all->queue);
            all->queue.shrink();
            all->push(3);
        });
        world.thread("thief", [=] {
            for (int n = 0; n < 2; ++n) {
                all->steal(all->thief[0]);
                all->drain(all->thief[0]);
            }
        });
        world.finally([=] {
            all->drain(all->queue);
            model::require(all->count_taken == 4, "a task was lost");
        });
    });
}

// Where it did, tasks would lie in a queue that nobody can steal from as long as the thief has no processor.
TEST_CASE("run_queue_does_not_grow_while_a_theft_is_under_way", "[run_queue]") {
    model::check({.name = "run_queue<2>, full, and a theft", .preemptions = 3}, [](model::world& world) {
        auto* const all = world.make<ring<2>>(8);
        for (int i = 0; i < 2; ++i) all->push(i);
        world.thread("thief", [=] { all->steal(all->thief[0]); });
        world.thread("owner", [=] {
            all->tasks[2].alive.set(true);
            if (all->queue.push(all->tasks[2])) return;
            // A full ring with room in it: what is missing was claimed. And the one thief has not ended as long as
            // there is something and another gets nothing.
            const bool began = all->queue.room() != 0;
            const bool grown = all->queue.grow();
            std::uint32_t moved = 0;
            task_header* const stolen = all->queue.steal_into(all->thief[1], moved);
            if (stolen != nullptr) all->take(stolen);
            model::require(!(began && stolen == nullptr && grown), "it has grown while a theft was under way");
            all->take(&all->tasks[2]);
        });
        world.finally([=] {
            all->drain(all->queue);
            all->drain(all->thief[0]);
            all->drain(all->thief[1]);
            model::require(all->count_taken == 3, "a task was lost");
        });
    });
}

TEST_CASE("run_queue_wraps_round_under_a_thief", "[run_queue]") {
    model::check({.name = "run_queue<2>, wraps round", .preemptions = 3}, [](model::world& world) {
        auto* const all = world.make<ring<2>>();
        world.thread("owner", [=] {
            for (int i = 0; i < 4; ++i) {
                all->push(i);
                if (i % 2 == 1)
                    if (task_header* const task = all->queue.pop()) all->take(task);
            }
        });
        world.thread("thief", [=] {
            all->steal(all->thief[0]);
            all->steal(all->thief[0]);
        });
        world.finally([=] {
            all->drain(all->queue);
            all->drain(all->thief[0]);
            model::require(all->count_taken == 4, "a task was lost");
        });
    });
}

TEST_CASE("thief_is_robbed_while_it_steals", "[run_queue]") {
    model::check({.name = "run_queue<4>, chain of thieves", .preemptions = 3}, [](model::world& world) {
        auto* const all = world.make<ring<4>>();
        for (int i = 0; i < 4; ++i) all->push(i);
        world.thread("thief", [=] {
            all->steal(all->thief[0]);
            all->drain(all->thief[0]);
        });
        world.thread("robber", [=] {
            std::uint32_t moved = 0;
            if (task_header* const task = all->thief[0].steal_into(all->thief[1], moved)) all->take(task);
            all->drain(all->thief[1]);
        });
        world.finally([=] {
            all->drain(all->queue);
            model::require(all->count_taken == 4, "a task was lost");
        });
    });
}

TEST_CASE("robber_sees_what_the_owner_wrote", "[run_queue]") {
    model::check({.name = "run_queue<4>, owner to thief to robber", .preemptions = 3}, [](model::world& world) {
        auto* const all = world.make<ring<4>>();
        world.thread("owner", [=] {
            for (int i = 0; i < 3; ++i) all->push(i);
        });
        world.thread("thief", [=] { all->steal(all->thief[0]); });
        world.thread("robber", [=] {
            std::uint32_t moved = 0;
            if (task_header* const task = all->thief[0].steal_into(all->thief[1], moved)) all->take(task);
        });
        world.finally([=] {
            all->drain(all->queue);
            all->drain(all->thief[0]);
            model::require(all->count_taken == 3, "a task was lost");
        });
    });
}

// C++20 lets a load read what is stored later, where nothing orders the two: here the thief reads a slot that its owner
// fills again because the theft has ended.
TEST_CASE("owner_fills_a_slot_only_after_the_thief_has_read_it", "[run_queue]") {
    model::check({.name = "run_queue<2>, full, push against a theft", .future_reads = 1}, [](model::world& world) {
        auto* const all = world.make<ring<2>>();
        for (int i = 0; i < 2; ++i) all->push(i);
        world.thread("thief", [=] { all->steal(all->thief[0]); });
        world.thread("owner", [=] {
            all->tasks[2].alive.set(true);
            if (!all->queue.push(all->tasks[2])) all->take(&all->tasks[2]);
        });
        world.finally([=] {
            all->drain(all->queue);
            model::require(all->count_taken == 3, "a task was lost");
        });
    });
}

TEST_CASE("thief_fills_a_slot_only_after_its_robber_has_read_it", "[run_queue]") {
    model::check({.name = "run_queue<4>, theft into a ring that is robbed", .future_reads = 1},
                 [](model::world& world) {
                     auto* const all = world.make<ring<4>>();
                     for (int i = 0; i < 3; ++i) all->push(i);
                     for (int i = 3; i < 7; ++i) {
                         all->tasks[static_cast<std::size_t>(i)].alive.set(true);
                         (void)all->thief[0].push(all->tasks[static_cast<std::size_t>(i)]);
                     }
                     world.thread("robber", [=] {
                         std::uint32_t moved = 0;
                         if (task_header* const task = all->thief[0].steal_into(all->thief[1], moved)) all->take(task);
                     });
                     world.thread("thief", [=] {
                         for (int i = 0; i < 2; ++i)
                             if (task_header* const task = all->thief[0].pop()) all->take(task);
                         all->steal(all->thief[0]);
                     });
                     world.finally([=] {
                         all->drain(all->queue);
                         all->drain(all->thief[0]);
                         all->drain(all->thief[1]);
                         model::require(all->count_taken == 7, "a task was lost");
                     });
                 });
}

TEST_CASE("run_queue_random_mix", "[run_queue]") {
    model::check({.name = "run_queue<4>, random", .random_executions = 30'000}, [](model::world& world) {
        auto* const all = world.make<ring<4>>();
        world.thread("owner", [=] {
            for (int i = 0; i < max_tasks; ++i) {
                all->push(i);
                if (i % 3 == 2)
                    if (task_header* const task = all->queue.pop()) all->take(task);
            }
        });
        for (int t = 0; t < 2; ++t)
            world.thread("thief " + std::to_string(t), [=] {
                for (int i = 0; i < 3; ++i) {
                    all->steal(all->thief[t]);
                    all->drain(all->thief[t]);
                }
            });
        world.finally([=] {
            all->drain(all->queue);
            model::require(all->count_taken == max_tasks, "a task was lost");
        });
    });
}

// Whoever awaits the children as they were made takes each from the front, or leaves it to the thief that has it.
TEST_CASE("run_queue_gives_the_oldest_to_who_asks_for_it_or_to_a_thief", "[run_queue]") {
    for (const int thieves : {1, 2})
        model::check({.name = "run_queue<4>, children awaited, " + std::to_string(thieves) + " thieves",
                      .preemptions = thieves == 1 ? 4U : 3U},
                     [=](model::world& world) {
                         auto* const all = world.make<ring<4>>();
                         for (int i = 0; i < 3; ++i) all->push(i);
                         world.thread("owner", [=] {
                             (void)all->pop(1);  // The oldest only when a thief has the first.
                             for (int i = 0; i < 3; ++i) (void)all->pop(i);
                             all->push(3);
                             (void)all->pop(3);
                         });
                         for (int t = 0; t < thieves; ++t)
                             world.thread("thief " + std::to_string(t), [=] {
                                 all->steal(all->thief[t]);
                                 all->drain(all->thief[t]);
                             });
                         world.finally([=] {
                             all->drain(all->queue);
                             model::require(all->count_taken == 4, "a task was lost");
                         });
                     });
}
