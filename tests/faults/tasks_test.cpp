// Tasks where memory is refused: spawned, joined, in scopes and groups, cancelled, with what they keep for themselves.
#include "faults/each_allocation.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <vector>

namespace bf = bifilar;
using namespace std::chrono_literals;
using faults::at_each_allocation;
using faults::in_a_runtime;
using faults::promise;

namespace {

bf::task<int> twice(int value) {
    co_await bf::yield_now();
    co_return 2 * value;
}

}  // namespace

TEST_CASE("a_runtime_is_made_and_ended_where_memory_is_refused") {
    for (const bool here : {false, true}) {
        INFO("on the calling thread: " << here);
        at_each_allocation(here ? "a runtime on the calling thread" : "a runtime", [&](faults::refusal when) {
            bf::runtime_options options = both::small_runtime();
            if (here) options.workers = 1;
            options.on_calling_thread = here;
            when.begin();
            bf::runtime rt{options};
            promise(rt.run(twice(3)) == 6, "the task's value");
        });
    }
}

TEST_CASE("tasks_are_spawned_and_joined_where_memory_is_refused") {
    in_a_runtime("spawn and join", [](bf::backend on) -> bf::task<void> {
        auto first = bf::spawn(on, [] { return 1; });
        auto second = bf::spawn(on, twice, 2);
        promise(co_await first == 1, "the first value");
        promise(co_await second == 4, "the second value");
    });
}

TEST_CASE("many_tasks_are_spawned_where_memory_is_refused") {
    in_a_runtime("300 tasks", [](bf::backend on) -> bf::task<void> {
        int sum = 0;
        std::vector<bf::join_handle<int>> all;
        for (int i = 0; i != 300; ++i) all.push_back(bf::spawn(on, twice, 1));
        for (auto& one : all) sum += co_await one;
        promise(sum == 600, "the sum of all");
    });
}

TEST_CASE("a_scope_works_where_memory_is_refused") {
    in_a_runtime("a scope", [](bf::backend on) -> bf::task<void> {
        std::atomic<int> ran{0};
        co_await bf::with_scope([&](bf::task_scope& scope) -> bf::task<void> {
            for (int i = 0; i != 3; ++i) scope.spawn(on, [&ran] { ++ran; });
            co_return;
        });
        promise(ran == 3, "all three ran");
    });
}

TEST_CASE("a_scope_with_errors_works_where_memory_is_refused") {
    in_a_runtime("a scope whose tasks fail", [](bf::backend on) -> bf::task<void> {
        int first = 0;
        try {
            co_await bf::with_scope([&](bf::task_scope& scope) -> bf::task<void> {
                for (int i = 1; i != 4; ++i) scope.spawn(on, [i] { throw i; });
                co_return;
            });
        } catch (int error) {
            first = error;
        }
        promise(first >= 1 && first <= 3, "an error of theirs");
    });
}

TEST_CASE("waits_are_combined_where_memory_is_refused") {
    in_a_runtime("join_all, race, timeout", [](bf::backend on) -> bf::task<void> {
        auto [one, two] = co_await bf::join_all(bf::spawn(on, twice, 1), twice(2));
        promise(one == 2 && two == 4, "both values");
        auto first = co_await bf::race(bf::sleep_for(10s), twice(3));
        promise(first.index() == 1 && std::get<1>(first.value()) == 6, "the ready one is first");
        promise(!(co_await bf::timeout(bf::spawn(on, [] { return bf::sleep_for(10s); }), 1ms)), "it is late");
    });
}

TEST_CASE("a_future_set_works_where_memory_is_refused") {
    in_a_runtime("a set of futures", [](bf::backend on) -> bf::task<void> {
        bf::future_set<bf::join_handle<int>> set;
        for (int i = 0; i != 5; ++i) set.add(bf::spawn(on, twice, 1));
        int sum = 0;
        while (auto got = co_await set.next()) sum += got->value();
        promise(sum == 10, "all five");
    });
}

TEST_CASE("cancelled_tasks_end_where_memory_is_refused") {
    in_a_runtime("cancelled tasks", [](bf::backend on) -> bf::task<void> {
        auto waits = bf::spawn(on, [] { return bf::sleep_for(10s); });
        waits.cancel();
        const auto outcome = co_await waits.outcome();
        promise(!outcome && outcome.error().is_cancelled(), "it was cancelled");
    });
}

TEST_CASE("blocking_calls_work_where_memory_is_refused") {
    in_a_runtime("blocking calls", [](bf::backend) -> bf::task<void> {
        auto first = bf::spawn_blocking([] { return std::make_unique<int>(5); });
        auto second = bf::spawn_blocking([] { return 6; });
        promise(*co_await first == 5, "the first value");
        promise(co_await second == 6, "the second value");
    });
}
