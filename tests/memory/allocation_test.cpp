// In a steady state nothing calls malloc: neither spawn and join, nor waits that park, in both models.
// Each case does its work once to warm the pools of every thread, and counts while it does the same again.
#include "steady_state.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <new>
#include <vector>

using namespace both;
using namespace tests;
using namespace std::chrono_literals;

namespace {

bf::task<int> coroutine(int value) { co_return value; }

template <class Start>
bf::task<long> spawn_and_join(Start start) {
    long sum = 0;
    for (int n = 0; n < repetitions; ++n) sum += co_await start(n);
    co_return sum;
}

// Checks that starting a task with `start` and joining it costs nothing, inside a runtime and from a plain thread.
template <class Start, class StartOutside>
void check_spawn(const char* what, Start start, StartOutside start_outside) {
    if (!tests::counts_malloc) return;
    constexpr int outside_repetitions = repetitions / 10;  // Each wakes a worker and the joiner through the kernel.
    for (const std::uint32_t workers : {1U, 2U}) {
        INFO(what << " on " << workers << " workers");
        bf::runtime rt{small_runtime(workers)};
        long sum = 0;
        const auto inside = calls_when_warm(rt, [&] { sum += rt.run(spawn_and_join<Start>, start); });
        CHECK(inside == 0);
        const auto outside = calls_when_warm(rt, [&] {
            for (int n = 0; n < outside_repetitions; ++n) sum += start_outside(rt, n).join();
        });
        CHECK(outside == 0);
        CHECK(sum == 1L * repetitions * (repetitions - 1) + 1L * outside_repetitions * (outside_repetitions - 1));
    }
}

bf::task<long> play(bf::event& mine, bf::event& theirs, bool serves) {
    long parked = 0;
    for (int n = 0; n < repetitions; ++n) {
        if (serves) theirs.set();
        co_await mine.wait();
        mine.reset();
        ++parked;
        if (!serves) theirs.set();
    }
    co_return parked;
}

bf::task<long> pass_on(bf::channel<int>& in, bf::channel<int>& out, bool serves) {
    long passed = 0;
    for (int n = 0; n < repetitions; ++n) {
        if (serves) (void)co_await out.send(n);
        if (const auto value = co_await in.recv()) ++passed;
        if (!serves) (void)co_await out.send(n);
    }
    co_return passed;
}

bf::task<long> sleep_often(int times) {
    for (int n = 0; n < times; ++n) co_await bf::sleep_for(20us);
    co_return times;
}

bf::task<long> give_up_often(bf::event& never, int times) {
    long late = 0;
    for (int n = 0; n < times; ++n) {
        const auto answer = co_await bf::timeout(never.wait(), 20us);
        if (!answer) ++late;
    }
    co_return late;
}

}  // namespace

TEST_CASE("the_counter_counts_every_way_to_ask_for_memory") {
    if (!tests::counts_malloc) return;
    void* (*volatile get)(std::size_t) = &std::malloc;
    void* (*volatile get_zeroed)(std::size_t, std::size_t) = &std::calloc;
    const std::uint64_t before = tests::malloc_calls();
    std::free(get(10));
    std::free(get_zeroed(10, 10));
    ::operator delete(::operator new(10));
    ::operator delete(::operator new(10, std::align_val_t{64}), std::align_val_t{64});
    ::operator delete[](::operator new[](10));
    CHECK(tests::malloc_calls() - before == 5);
}

TEST_CASE("spawn_and_join_of_a_coroutine_calls_no_malloc") {
    check_spawn(
        "coroutine", [](int n) { return bf::spawn(coroutine, n); },
        [](bf::runtime& rt, int n) { return rt.spawn(coroutine, n); });
}

TEST_CASE("spawn_and_join_of_a_coroutine_that_yields_calls_no_malloc") {
    check_spawn(
        "coroutine", [](int n) { return bf::spawn(parking_coroutine, n); },
        [](bf::runtime& rt, int n) { return rt.spawn(parking_coroutine, n); });
}

TEST_CASE("spawn_and_join_of_a_coroutine_lambda_with_captures_calls_no_malloc") {
    const auto start = [](auto&& spawn, int n) {
        return spawn([n]() -> bf::task<int> {
            co_await bf::yield_now();
            co_return n;
        });
    };
    check_spawn(
        "lambda", [start](int n) { return start([](auto body) { return bf::spawn(body); }, n); },
        [start](bf::runtime& rt, int n) { return start([&rt](auto body) { return rt.spawn(body); }, n); });
}

TEST_CASE("spawn_and_join_of_a_plain_callable_calls_no_malloc") {
    check_spawn(
        "callable", [](int n) { return bf::spawn([n] { return n; }); },
        [](bf::runtime& rt, int n) { return rt.spawn([n] { return n; }); });
}

TEST_CASE("spawn_and_join_of_a_fiber_calls_no_malloc") {
    check_spawn(
        "fiber", [](int n) { return bf::spawn(bf::backend::stackful, [n] { return n; }); },
        [](bf::runtime& rt, int n) { return rt.spawn(bf::backend::stackful, [n] { return n; }); });
}

TEST_CASE("spawn_and_join_of_a_fiber_that_runs_a_coroutine_calls_no_malloc") {
    check_spawn(
        "fiber", [](int n) { return bf::spawn(bf::backend::stackful, parking_coroutine, n); },
        [](bf::runtime& rt, int n) { return rt.spawn(bf::backend::stackful, parking_coroutine, n); });
}

TEST_CASE("waiting_for_an_event_calls_no_malloc") {
    check_waits([](bf::runtime& rt, bf::backend on) {
        bf::event ping;
        bf::event pong;
        auto a = rt.spawn(on, play, std::ref(ping), std::ref(pong), true);
        auto b = rt.spawn(on, play, std::ref(pong), std::ref(ping), false);
        return a.join() + b.join();
    });
}

TEST_CASE("waiting_for_a_channel_calls_no_malloc") {
    bf::channel<int> there{1};
    bf::channel<int> back{1};
    check_waits([&](bf::runtime& rt, bf::backend on) {
        auto a = rt.spawn(on, pass_on, std::ref(there), std::ref(back), true);
        auto b = rt.spawn(on, pass_on, std::ref(back), std::ref(there), false);
        return a.join() + b.join();
    });
}

TEST_CASE("sleeping_calls_no_malloc") {
    check_waits([](bf::runtime& rt, bf::backend on) {
        constexpr int sleepers = 100;
        std::array<std::optional<bf::join_handle<long>>, sleepers> handles;
        for (auto& handle : handles) handle.emplace(rt.spawn(on, sleep_often, repetitions / sleepers));
        long waits = 0;
        for (auto& handle : handles) waits += handle->join();
        return waits;
    });
}

TEST_CASE("timeouts_that_give_up_call_no_malloc") {
    bf::event never;
    check_waits([&never](bf::runtime& rt, bf::backend on) {
        constexpr int tasks = 100;
        std::array<std::optional<bf::join_handle<long>>, tasks> handles;
        for (auto& handle : handles) handle.emplace(rt.spawn(on, give_up_often, std::ref(never), repetitions / tasks));
        long waits = 0;
        for (auto& handle : handles) waits += handle->join();
        return waits;
    });
}

TEST_CASE("a_plain_thread_that_waits_calls_no_malloc") {
    if (!tests::counts_malloc) return;
    bf::runtime rt{small_runtime(1)};
    bf::channel<int> there{1};
    bf::channel<int> back{1};
    const auto work = [&] {
        auto echo = rt.spawn(pass_on, std::ref(there), std::ref(back), false);
        for (int n = 0; n < repetitions; ++n) {
            (void)bf::await(there.send(n));
            (void)bf::await(back.recv());
        }
        (void)echo.join();
        for (int n = 0; n < 100; ++n) bf::block_on(bf::sleep_for(1ms));
    };
    CHECK(calls_when_warm(rt, work) == 0);
}

TEST_CASE("tasks_with_locals_and_deadlines_call_no_malloc") {
    static constinit bf::task_local<int> own;
    static constinit bf::task_local<std::array<char, 64>> passed_on{bf::inherit::yes};
    check_waits([](bf::runtime& rt, bf::backend on) {
        const auto leaf = []() -> bf::task<long> {
            own.set(1);
            co_await bf::yield_now();
            co_return bf::current_deadline() && passed_on.get() != nullptr ? *own.get() : 0;
        };
        const auto parent = [leaf, on]() -> bf::task<long> {
            passed_on.emplace();
            long sum = 0;
            for (int n = 0; n < repetitions; ++n) {
                auto spawns = [&]() -> bf::task<long> { co_return co_await bf::spawn(on, leaf); };
                sum += (co_await bf::deadline(spawns(), 1h)).value();
            }
            co_return sum;
        };
        return rt.spawn(on, parent).join();
    });
}
