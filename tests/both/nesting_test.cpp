// A task that waits for its child runs it inside of its own turn: as deep as the stack allows, for a while, and while
// others take what it has not come to.
#include "in_each_model.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

using namespace both;

namespace {

bf::task<int> depth_of(int more) {
    if (more == 0) co_return 0;
    auto child = bf::spawn(depth_of(more - 1));
    co_return 1 + co_await child;
}

bf::task<int> same(int number) { co_return number; }

// Children that are awaited in the order that `order` makes of their numbers.
template <class Order>
bf::task<long> sum_of(int children, Order order) {
    std::vector<bf::join_handle<int>> all;
    std::vector<std::size_t> numbers(static_cast<std::size_t>(children));
    std::iota(numbers.begin(), numbers.end(), std::size_t{0});
    order(numbers);
    for (int n = 0; n < children; ++n) all.push_back(bf::spawn(same(n)));
    long sum = 0;
    for (const std::size_t n : numbers) sum += co_await all[n];
    co_return sum;
}

// Joins a child by a poll that takes much of the stack, and the child does the same.
struct roomy_join {
    using output = int;
    bf::polled<int> poll(bf::context& cx) {
        std::array<char, 16 * 1024> room;
        asm volatile("" : : "r"(room.data()) : "memory");  // Somebody might look, so it is there.
        bf::polled<int> answer = child.poll(cx);
        asm volatile("" : : "r"(room.data()) : "memory");
        return answer;
    }
    bf::join_handle<int> child;
};

bf::task<int> roomy_depth_of(int more) {
    if (more == 0) co_return 0;
    roomy_join child{bf::spawn(roomy_depth_of(more - 1))};
    co_return 1 + co_await child;
}

template <class Body>
void with_workers(Body body) {
    for (const unsigned workers : {1U, 2U, 4U}) {
        INFO("workers: " << workers);
        bf::runtime rt{small_runtime(workers)};
        body(rt);
    }
}

bf::task<> join_until(std::atomic<bool>& over) {
    while (!over) (void)co_await bf::spawn(same(1));
}

}  // namespace

TEST_CASE("children_of_children_may_be_more_than_the_stack_has_room_for") {
    with_workers([](bf::runtime& rt) { CHECK(rt.run(depth_of(100'000)) == 100'000); });
}

TEST_CASE("children_whose_polls_take_much_of_the_stack_do_not_run_beyond_its_end") {
    with_workers([](bf::runtime& rt) { CHECK(rt.run(roomy_depth_of(2'000)) == 2'000); });
}

TEST_CASE("children_that_are_joined_run_inside_of_their_parents_turn") {
    constexpr int children = 20;
    const auto parent = []() -> bf::task<int> {
        int sum = 0;
        for (int n = 0; n < children; ++n) sum += co_await bf::spawn(same(1));
        co_return sum;
    };
    for (const bool simulated : {false, true}) {
        bf::simulated_clock clock;
        bf::runtime_options options = small_runtime(1);
        if (simulated) options.clock = &clock;
        bf::runtime rt{options};
        // Another turn of the parent begins where it has lost its processor for longer than a turn may nest: not
        // always.
        std::uint64_t fewest = UINT64_MAX;
        for (int round = 0; round < 100 && fewest != children + 1; ++round) {
            const std::uint64_t before = rt.stats().total().polled;
            CHECK(rt.run(parent) == children);
            fewest = std::min(fewest, rt.stats().total().polled - before);
        }
        CHECK(fewest == children + 1);
    }
}

TEST_CASE("a_child_ends_in_its_parents_turn_though_it_can_still_be_cancelled") {
    with_workers([](bf::runtime& rt) {
        const auto parent = [](int children) -> bf::task<int> {
            int sum = 0;
            for (int n = 0; n < children; ++n) {
                auto child = bf::spawn(same(1));
                auto stops = child.cancel_handle();
                sum += co_await child;
                stops.cancel();
            }
            co_return sum;
        };
        CHECK(rt.run(parent, 1'000) == 1'000);
        // And its memory is free afterwards.
        const std::uint64_t bytes = rt.stats().frame_bytes;
        CHECK(rt.run(parent, 20'000) == 20'000);
        CHECK(rt.stats().frame_bytes <= bytes + (std::size_t{512} << 10));
    });
}

TEST_CASE("children_may_be_awaited_in_any_order") {
    with_workers([](bf::runtime& rt) {
        for (const int children : {1, 2, 10, 255, 256, 257, 3'000}) {
            INFO("children: " << children);
            const long right = long{children} * (children - 1) / 2;
            CHECK(rt.run(sum_of(children, [](auto&) {})) == right);
            CHECK(rt.run(sum_of(children, [](auto& all) { std::ranges::reverse(all); })) == right);
            CHECK(rt.run(sum_of(children, [](auto& all) { std::ranges::shuffle(all, std::minstd_rand{7}); })) == right);
        }
    });
}

TEST_CASE("a_timer_and_a_task_in_the_queue_come_while_a_task_joins_children_without_end") {
    for (const bf::backend model : {bf::backend::stackless, bf::backend::stackful}) {
        INFO("model: " << bf::to_string(model));
        bf::runtime rt{small_runtime(1)};
        std::atomic<bool> over = false;
        auto timer = rt.spawn(model, [&over]() -> bf::task<> {
            co_await bf::sleep_for(std::chrono::milliseconds{2});
            over = true;
        });
        rt.run(join_until(over));
        timer.join();
        over = false;
        auto yields = rt.spawn(model, [&over]() -> bf::task<> {
            for (int turn = 0; turn < 10; ++turn) co_await bf::yield_now();
            over = true;
        });
        rt.run(join_until(over));
        yields.join();
    }
}

TEST_CASE("on_a_simulated_clock_a_task_in_the_queue_comes_while_another_joins_children_without_end") {
    bf::simulated_clock clock;
    bf::runtime_options options = small_runtime(1);
    options.clock = &clock;
    bf::runtime rt{options};
    std::vector<int> joined;
    const auto body = [&joined]() -> bf::task<> {
        bool over = false;
        const auto yields = [&over]() -> bf::task<> {
            for (int turn = 0; turn < 10; ++turn) co_await bf::yield_now();
            over = true;
        };
        auto other = bf::spawn(yields);
        co_await bf::yield_now();
        int children = 0;
        while (!over) {
            (void)co_await bf::spawn(same(1));
            ++children;
        }
        joined.push_back(children);
        co_await other;
    };
    for (int round = 0; round < 3; ++round) rt.run(body);
    CHECK(std::ranges::count(joined, joined.front()) == 3);
}

TEST_CASE("a_sibling_begins_elsewhere_while_a_child_runs_or_children_come_and_go") {
    for (const bool one_child : {true, false}) {
        INFO((one_child ? "one child that does not end" : "many children"));
        bf::runtime rt{small_runtime(2)};
        for (int round = 0; round < 50; ++round) {
            std::atomic<bool> begun = false;
            const auto begins = [&begun]() -> bf::task<> {
                begun = true;
                co_return;
            };
            const auto waits = [&begun]() -> bf::task<> {
                while (!begun) {
                }
                co_return;
            };
            const auto parent = [&]() -> bf::task<> {
                auto sibling = bf::spawn(begins);
                if (one_child)
                    co_await bf::spawn(waits);
                else
                    co_await join_until(begun);
                co_await sibling;
            };
            rt.run(parent);
        }
    }
}
