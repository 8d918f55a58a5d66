// The deque of the newest tasks with two and four places: every task is taken exactly once, whoever takes it.
// Builds on sched/newest_tasks.hpp and the model checker.
#include "engine.hpp"
#include "model_task.hpp"

#include <bifilar/sched/detail/newest_tasks.hpp>

#include <catch2/catch.hpp>

#include <array>
#include <string>

using namespace bifilar;
using namespace bifilar::detail;

namespace {

constexpr int max_tasks = 8;
// So that they wrap round in each of the tests.
constexpr std::uint32_t first_position = ~std::uint32_t{0} - 1;

template <std::uint32_t Capacity>
struct desk {
    // The taker reads what the pusher wrote; that no other taker does is the point of the deque.
    void take(task_header& task) noexcept {
        auto& taken = static_cast<model::gated_task&>(task);
        model::require(taken.alive.get(), "a task was taken twice");
        taken.alive.set(false);
        ++taken_by_owner;
    }
    model::gated_task& task(int number) noexcept { return tasks[static_cast<std::size_t>(number)]; }
    // As the worker does: a full deque gives its older half away, and the new task too where that makes no room.
    void push(int number) noexcept {
        task(number).alive.set(true);
        if (newest.push(task(number))) return;
        newest.make_room([this](task_header& older) { take(older); });
        if (!newest.push(task(number))) take(task(number));
    }
    void pop() noexcept {
        if (task_header* const one = newest.take_newest()) take(*one);
    }
    void take_by_name(int number) noexcept {
        if (newest.take(task(number))) take(task(number));
    }
    void share() noexcept {
        (void)newest.take_half(true, [this](task_header& older) { take(older); });
    }
    void keep_one() noexcept {
        (void)newest.take_older([this](task_header& older) { take(older); });
    }
    void steal(std::size_t thief, std::uint32_t most) noexcept {
        const std::uint32_t count = newest.steal(most, [&](task_header& stolen) {
            auto& taken = static_cast<model::gated_task&>(stolen);
            model::require(taken.alive.get(), "a task was taken twice");
            taken.alive.set(false);
            ++taken_by_thief[thief];
        });
        model::require(count <= most, "a theft took more than it may");
    }
    void check_end(int pushed) noexcept {
        while (task_header* const one = newest.take_newest()) take(*one);
        model::require(newest.empty(), "the deque does not know that it is empty");
        model::require(taken_by_owner + taken_by_thief[0] + taken_by_thief[1] == pushed, "a task was lost");
    }

    sched::newest_tasks<Capacity> newest{first_position};
    std::array<model::gated_task, max_tasks> tasks;
    int taken_by_owner = 0;
    std::array<int, 2> taken_by_thief{};
};

// `before` tasks are there when the threads begin; the owner does what it is given, each thief steals `thefts` times.
template <std::uint32_t Capacity, class Owner>
void check_desk(const std::string& name, int before, int pushed, int thieves, int thefts, unsigned preemptions,
                Owner owner) {
    model::check({.name = "newest_tasks<" + std::to_string(Capacity) + ">, " + name, .preemptions = preemptions},
                 [=](model::world& world) {
                     auto* const all = world.make<desk<Capacity>>();
                     for (int i = 0; i < before; ++i) all->push(i);
                     world.thread("owner", [=] { owner(*all); });
                     for (int t = 0; t < thieves; ++t)
                         world.thread("thief " + std::to_string(t), [=] {
                             for (int n = 0; n < thefts; ++n) all->steal(static_cast<std::size_t>(t), 2);
                         });
                     world.finally([=] { all->check_end(pushed); });
                 });
}

}  // namespace

TEST_CASE("newest_tasks_gives_each_task_once_to_owner_or_thief", "[newest_tasks]") {
    check_desk<4>("one is pushed and popped", 0, 1, 1, 1, 4, [](auto& at) {
        at.push(0);
        at.pop();
    });
    check_desk<4>("three, of which the owner pops two", 3, 3, 1, 1, 4, [](auto& at) {
        at.pop();
        at.pop();
    });
    check_desk<4>("pops and pushes at the same place", 1, 3, 1, 1, 4, [](auto& at) {
        at.pop();
        at.push(1);
        at.pop();
        at.push(2);
    });
}

TEST_CASE("newest_tasks_gives_the_owner_any_of_its_tasks", "[newest_tasks]") {
    check_desk<4>("the oldest by name", 3, 3, 1, 1, 4, [](auto& at) {
        at.take_by_name(0);
        at.take_by_name(1);
    });
    check_desk<4>("from the middle, and a push", 3, 4, 1, 1, 3, [](auto& at) {
        at.take_by_name(1);
        at.push(3);
        at.take_by_name(3);
    });
}

TEST_CASE("newest_tasks_that_is_full_makes_room_beside_a_thief", "[newest_tasks]") {
    check_desk<2>("two places", 2, 4, 1, 1, 3, [](auto& at) {
        at.push(2);
        at.push(3);
    });
    check_desk<2>("two thefts", 1, 4, 1, 2, 3, [](auto& at) {
        at.push(1);
        at.push(2);
        at.pop();
        at.push(3);
    });
}

TEST_CASE("newest_tasks_hands_the_older_ones_over_beside_a_thief", "[newest_tasks]") {
    check_desk<4>("a half", 3, 3, 1, 1, 4, [](auto& at) { at.share(); });
    check_desk<4>("all but one, and goes on", 3, 4, 1, 1, 3, [](auto& at) {
        at.keep_one();
        at.pop();
        at.push(3);
    });
}

TEST_CASE("newest_tasks_survives_two_thieves", "[newest_tasks]") {
    check_desk<4>("two thieves, pops", 3, 4, 2, 1, 2, [](auto& at) {
        at.pop();
        at.push(3);
        at.pop();
    });
    check_desk<2>("two thieves, room is made", 2, 3, 2, 1, 2, [](auto& at) { at.push(2); });
}

TEST_CASE("newest_tasks_loses_nothing_where_the_kernel_refuses_fences", "[newest_tasks]") {
    model::refuses_fences = true;
    check_desk<4>("no fence", 3, 5, 1, 2, 3, [](auto& at) {
        at.pop();
        at.push(3);
        at.take_by_name(0);
        at.push(4);
    });
    check_desk<2>("no fence, room is made", 2, 3, 2, 1, 2, [](auto& at) { at.push(2); });
    model::refuses_fences = false;
}

// The owner learns of a theft from another one that came after it and was refused the fence.
TEST_CASE("a_refused_theft_hands_on_what_the_one_before_has_emptied", "[newest_tasks]") {
    model::check({.name = "newest_tasks<2>, refused behind a theft", .early_stores = 1}, [](model::world& world) {
        auto* const all = world.make<desk<2>>();
        auto* const stolen = world.make<base::atomic<int>>(0);
        model::refuses_fences = false;
        for (int i = 0; i < 2; ++i) all->push(i);
        world.thread("thief 0", [=] {
            all->steal(0, 1);
            stolen->store(1, base::relaxed);  // Orders nothing.
        });
        world.thread("thief 1", [=] {
            while (stolen->load(base::relaxed) != 1) base::spin_pause();
            model::refuses_fences = true;
            all->steal(1, 1);
            stolen->store(2, base::relaxed);
        });
        world.thread("owner", [=] {
            while (stolen->load(base::relaxed) != 2) base::spin_pause();
            all->push(2);
        });
        world.finally([=] { all->check_end(3); });
    });
    model::refuses_fences = false;
}

TEST_CASE("newest_tasks_random_mix", "[newest_tasks]") {
    model::check({.name = "newest_tasks<4>, random", .random_executions = 30'000}, [](model::world& world) {
        auto* const all = world.make<desk<4>>();
        world.thread("owner", [=] {
            for (int i = 0; i < max_tasks; ++i) {
                all->push(i);
                if (i % 3 == 2) all->pop();
                if (i % 4 == 3) all->take_by_name(i - 2);
                if (i == 5) all->share();
            }
        });
        for (std::size_t t = 0; t < 2; ++t)
            world.thread("thief " + std::to_string(t), [=] {
                for (int n = 0; n < 3; ++n) all->steal(t, 2);
            });
        world.finally([=] { all->check_end(max_tasks); });
    });
}
