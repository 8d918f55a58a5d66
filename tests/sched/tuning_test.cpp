// Each rule of the scheduler that experiments change does what it says, and refuses what cannot be.
#include "catch.hpp"
#include "gates.hpp"
#include <bifilar/future/ready.hpp>
#include <bifilar/runtime/detail/tuned_runtime.hpp>
#include <bifilar/runtime/runtime.hpp>
#include <bifilar/sched/detail/run_queue.hpp>
#include <bifilar/sched/detail/spin_policy.hpp>
#include <bifilar/sched/detail/tuning.hpp>
#include <bifilar/sync/auto_reset_event.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <thread>
#include <vector>

namespace bf = bifilar;
using bf::sched::tuning;
using tests::gates;
using tests::start;
using tests::with;

namespace {

// One worker's thread alone.
struct game {
    static constexpr int turns_of_each = 300;
    bf::auto_reset_event left;
    bf::auto_reset_event right;
    int turns = 0;
    int thirds_turns = 0;
};

bf::task<> play(game* at, bf::auto_reset_event* own, bf::auto_reset_event* others) {
    for (int n = 0; n < game::turns_of_each; ++n) {
        co_await own->wait();
        ++at->turns;
        others->set();
    }
}

bf::task<> look_on(game* at) {
    while (at->turns < 2 * game::turns_of_each) {
        if (at->turns != 0) ++at->thirds_turns;
        co_await bf::yield_now();
    }
}

// A task that starts three, so that all begin on the worker.
bf::task<> begin(bf::sched::scheduler* on, game* at) {
    auto left = start(*on, play(at, &at->left, &at->right));
    auto right = start(*on, play(at, &at->right, &at->left));
    auto third = start(*on, look_on(at));
    at->left.set();
    co_await left;
    co_await right;
    co_await third;
}

int turns_of_a_third(std::uint32_t max_lifo_runs) {
    gates parts;
    bf::sched::scheduler scheduler{with(1, {.max_lifo_runs = max_lifo_runs}), parts};
    game at;
    start(scheduler, begin(&scheduler, &at)).join();
    CHECK(at.turns == 2 * game::turns_of_each);
    return at.thirds_turns;
}

bf::task<> note(int number, std::vector<int>* into) {
    into->push_back(number);
    co_return;
}

bf::task<> start_ten(bf::sched::scheduler* on, std::vector<int>* into) {
    for (int n = 0; n < 10; ++n) start(*on, note(n, into)).detach();
    co_return;
}

std::vector<int> order_of_ten(const tuning& rules) {
    std::vector<int> order;
    gates parts;
    {
        bf::sched::scheduler scheduler{with(1, rules), parts};
        start(scheduler, start_ten(&scheduler, &order)).join();
        while (scheduler.live() != 0) std::this_thread::yield();
    }
    return order;
}

struct idle_task : bf::detail::task_header {
    static constexpr bf::detail::operations kind{nullptr, nullptr, nullptr};
    idle_task() noexcept : task_header{kind, 0} {}
};

std::uint32_t stolen_of_six(std::uint32_t max_stolen) {
    bf::sched::run_queue from{8, max_stolen};
    bf::sched::run_queue into{8, max_stolen};
    std::array<idle_task, 6> tasks;
    for (idle_task& one : tasks) REQUIRE(from.push(one));
    std::uint32_t moved = 0;
    const bf::detail::task_header* const next = from.steal_into(into, moved);
    REQUIRE(moved > 0);
    CHECK(next == &tasks[moved - 1]);
    CHECK(from.size() == 6 - moved);
    CHECK(into.size() == moved - 1);
    return moved;
}

// How many turns, at most `most`, a task with work of its own has before one that came from outside runs.
bf::task<int> turns_before_arrival(bf::sched::scheduler* on, int most) {
    bool arrived = false;
    std::thread{[&] { start(*on, bf::lazy([&] { arrived = true; })).detach(); }}.join();
    int turns = 0;
    for (; !arrived && turns < most; ++turns) co_await bf::yield_now();
    while (!arrived) co_await bf::yield_now();
    co_return turns;
}

int turns_before_arrival(std::uint32_t interval, int most) {
    gates parts;
    bf::sched::scheduler scheduler{with(1, {.fixed_global_interval = interval}), parts};
    return start(scheduler, turns_before_arrival(&scheduler, most)).join();
}

std::string refusal(const tuning& rules) {
    bf::runtime_options options;
    options.workers = 1;
    try {
        const bf::detail::tuned_runtime made{options, rules};
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "";
}

}  // namespace

TEST_CASE("a_cap_of_the_lifo_slot_gives_a_third_task_its_turns") {
    CHECK(turns_of_a_third(0) >= 500);
    const int with_three = turns_of_a_third(3);
    CHECK(with_three >= 120);
    CHECK(with_three <= 200);
    CHECK(turns_of_a_third(tuning::no_lifo_cap) <= 2);
}

TEST_CASE("what_a_small_ring_does_not_hold_runs_behind_it") {
    CHECK(order_of_ten({}) == std::vector{9, 0, 1, 2, 3, 4, 5, 6, 7, 8});
    // Half of a full ring goes to the global queue together with the task that found it full.
    std::vector<int> order = order_of_ten({.ring_slots = 4, .grown_ring_slots = 4});
    REQUIRE(order.size() == 10);
    const auto behind = order.begin() + 4;
    CHECK(std::vector<int>(order.begin(), behind) == std::vector{9, 5, 6, 8});
    std::sort(behind, order.end());
    CHECK(std::vector<int>(behind, order.end()) == std::vector{0, 1, 2, 3, 4, 7});
}

TEST_CASE("a_theft_takes_half_and_no_more_than_it_may") {
    CHECK(stolen_of_six(0) == 3);
    CHECK(stolen_of_six(4) == 3);
    CHECK(stolen_of_six(2) == 2);
    CHECK(stolen_of_six(1) == 1);
}

TEST_CASE("victims_are_asked_by_distance_or_in_the_order_of_their_numbers") {
    using rings = std::vector<std::vector<std::uint32_t>>;
    using bf::sched::victim_order;
    const rings by_distance{{3}, {0, 1, 4}};
    CHECK(ordered(by_distance, 2, victim_order::nearest) == by_distance);
    CHECK(ordered(by_distance, 2, victim_order::random) == rings{{3, 4, 0, 1}});
    CHECK(ordered(by_distance, 2, victim_order::in_order) == rings{{3, 4, 0, 1}});
    CHECK(bf::sched::ordered(rings{{0, 1}}, 2, victim_order::in_order) == rings{{0, 1}});
}

TEST_CASE("a_worker_waits_before_its_sleep_never_or_always") {
    using bf::sched::spin_policy;
    using bf::sched::wait_before_sleep;
    spin_policy never{wait_before_sleep::none};
    spin_policy always{wait_before_sleep::always};
    for (int n = 0; n < 100; ++n) {
        CHECK(never.pauses() == 0);
        CHECK(always.pauses() == spin_policy::long_pauses);
        CHECK(always.is_long());
        for (spin_policy* const one : {&never, &always}) {
            one->missed();
            if (n % 3 == 0)
                one->slept_long();
            else
                one->woken_soon();
        }
        always.caught(spin_policy::long_pauses);
    }
}

TEST_CASE("no_wait_before_a_sleep_is_longer_than_its_budget") {
    using bf::sched::spin_policy;
    using bf::sched::wait_before_sleep;
    for (const std::uint32_t most : {0U, 20U, 128U, 512U, 4'096U}) {
        const spin_policy always{wait_before_sleep::always, most};
        CHECK(always.pauses() == most);
        spin_policy adaptive{wait_before_sleep::adaptive, most};
        std::uint32_t longest = 0;
        for (int n = 0; n < 100; ++n) {
            adaptive.woken_soon();
            longest = std::max(longest, adaptive.pauses());
            if (n % 10 == 9) adaptive.caught(1);
            longest = std::max(longest, adaptive.pauses());
        }
        CHECK(longest == most);
    }
}

TEST_CASE("a_fixed_interval_says_when_the_global_queue_is_looked_at") {
    CHECK(turns_before_arrival(1, 100) <= 1);
    CHECK(turns_before_arrival(8, 100) <= 8);
    CHECK(turns_before_arrival(tuning::longest_global_interval, 10'000) == 10'000);
}

TEST_CASE("every_task_runs_once_under_any_rules") {
    const std::vector<tuning> all = {{.max_lifo_runs = 0},
                                     {.max_lifo_runs = tuning::no_lifo_cap},
                                     {.ring_slots = 2},
                                     {.ring_slots = 2, .grown_ring_slots = 2},
                                     {.ring_slots = 4'096, .max_stolen = 1},
                                     {.victims = bf::sched::victim_order::random},
                                     {.victims = bf::sched::victim_order::in_order},
                                     {.waiting = bf::sched::wait_before_sleep::none},
                                     {.waiting = bf::sched::wait_before_sleep::always},
                                     {.waiting = bf::sched::wait_before_sleep::always, .longest_wait_pauses = 1},
                                     {.longest_wait_pauses = 0},
                                     {.fixed_global_interval = 1}};
    for (const tuning& rules : all) {
        gates parts;
        bf::sched::scheduler scheduler{with(3, rules), parts};
        std::vector<bf::join_handle<int>> handles;
        for (int n = 0; n < 300; ++n) handles.push_back(start(scheduler, tests::count_turns(n % 7)));
        int sum = 0;
        int expected = 0;
        for (int n = 0; n < 300; ++n) expected += n % 7;
        for (auto& handle : handles) sum += handle.join();
        CHECK(sum == expected);
    }
}

TEST_CASE("rules_that_cannot_be_are_refused_with_a_remedy") {
    CHECK(refusal({}).empty());
    CHECK(refusal({.ring_slots = 100}) == "tuning::ring_slots is 100; give a power of two from 2 to 1048576");
    CHECK_FALSE(refusal({.ring_slots = 0}).empty());
    CHECK_FALSE(refusal({.ring_slots = 1}).empty());
    CHECK_FALSE(refusal({.ring_slots = 2 * tuning::max_ring_slots}).empty());
    CHECK(refusal({.max_stolen = 129}) ==
          "tuning::max_stolen is 129; give a number up to half of ring_slots, which is 128, or 0 for that half");
    CHECK(refusal({.longest_wait_pauses = tuning::max_wait_pauses}).empty());
    CHECK(refusal({.longest_wait_pauses = 1'048'577}) ==
          "tuning::longest_wait_pauses is 1048577; give a number up to 1048576");
    CHECK_FALSE(refusal({.fixed_global_interval = tuning::longest_global_interval + 1}).empty());
}
