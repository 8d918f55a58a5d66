// sleep and timeout through a runtime, in a coroutine, a fiber and a plain thread.
// Only lower bounds of real time are asked for: how late a timer is depends on the machine.
#include "both/in_each_model.hpp"
#include "counted.hpp"
#include "last_words.hpp"
#include "seed.hpp"
#include <bifilar/base/detail/random.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <thread>
#include <vector>

using namespace both;
using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

namespace {

constexpr bf::backend backends[] = {bf::backend::stackless, bf::backend::stackful};

// Deadlines that nobody lives to see.
std::vector<bf::sleep> endless_sleeps() {
    std::vector<bf::sleep> all;
    all.push_back(bf::sleep_for(std::chrono::hours::max()));
    all.push_back(bf::sleep_for(std::chrono::nanoseconds::max()));
    all.push_back(bf::sleep_for(std::chrono::years{2}));
    all.push_back(bf::sleep_for(std::chrono::milliseconds{std::int64_t{1} << 36}));
    all.push_back(bf::sleep_for(std::chrono::duration<double>{1e30}));
    all.push_back(bf::sleep_until(steady::time_point::max()));
    return all;
}

bf::task<> sleep_in_coroutine(bf::sleep sleeper, std::atomic<int>& alive) {
    const tests::counted one{alive};
    co_await sleeper;
}
void sleep_in_fiber(bf::sleep sleeper, std::atomic<int>& alive) {
    const tests::counted one{alive};
    bf::await(sleeper);
}

}  // namespace

TEST_CASE("no_sleep_is_early") {
    in_each_model([](model m, bf::runtime& rt) {
        bool early = false;
        for (const auto length : {0ns, 1ns, 999ns, 50'000ns, 999'999ns, 1'000'000ns, 3'300'000ns}) {
            const auto began = steady::now();
            await_in(m, rt, [length] { return bf::sleep_for(length); });
            early |= steady::now() - began < length;
            const auto moment = steady::now() + length;
            await_in(m, rt, [moment] { return bf::sleep_until(moment); });
            early |= steady::now() < moment;
        }
        CHECK_FALSE(early);
    });
}

TEST_CASE("a_moment_in_the_past_is_ready_at_once") {
    in_each_model([](model m, bf::runtime& rt) {
        await_in(m, rt, [] { return bf::sleep_until(steady::time_point{}); });
        await_in(m, rt, [] { return bf::sleep_until(steady::time_point::min()); });
        await_in(m, rt, [] { return bf::sleep_for(-5s); });
        await_in(m, rt, [] { return bf::sleep_for(std::chrono::hours::min()); });
        CHECK(rt.workers() == 2);
    });
}

TEST_CASE("fractions_of_a_nanosecond_are_rounded_up") {
    const auto began = steady::now();
    bf::block_on(bf::sleep_for(std::chrono::duration<double, std::nano>{1'000'000.25}));
    CHECK(steady::now() - began >= 1'000'001ns);
}

TEST_CASE("sleeps_of_one_worker_each_end_after_their_own_deadline") {
    for (const bf::backend on : backends) {
        bf::runtime rt{small_runtime(1)};
        // Started by a task, so that one queue has all the timers, latest first.
        const int early = rt.run(
            [](bf::backend model) -> bf::task<int> {
                const auto body = [](steady::time_point when) -> bf::task<int> {
                    co_await bf::sleep_until(when);
                    co_return steady::now() < when ? 1 : 0;
                };
                std::vector<bf::join_handle<int>> handles;
                const auto from = steady::now();
                for (int n = 100; n > 0; --n) handles.push_back(bf::spawn(model, body, from + n * 100us));
                int count = 0;
                for (auto& handle : handles) count += co_await handle;
                co_return count;
            },
            on);
        CHECK(early == 0);
    }
}

TEST_CASE("timeout_gives_the_value_or_says_that_the_time_was_up") {
    in_each_model([](model m, bf::runtime& rt) {
        const auto ready = await_in(m, rt, [] { return bf::timeout(bf::ready(5), 10s); });
        REQUIRE(ready.has_value());
        CHECK(*ready == 5);

        const auto at_zero = await_in(m, rt, [] { return bf::timeout(bf::ready(6), 0s); });
        REQUIRE(at_zero.has_value());
        CHECK(*at_zero == 6);

        const auto began = steady::now();
        const auto late = await_in(m, rt, [] { return bf::timeout(bf::pending<int>(), 3ms); });
        REQUIRE_FALSE(late.has_value());
        CHECK(late.error() == bf::timed_out{});
        CHECK(steady::now() - began >= 3ms);

        const auto in_time = await_in(m, rt, [] { return bf::timeout(bf::sleep_for(1ms), std::chrono::hours::max()); });
        CHECK(in_time.has_value());

        const auto nested = await_in(m, rt, [] { return bf::timeout(bf::timeout(bf::pending<>(), 1h), 1ms); });
        CHECK_FALSE(nested.has_value());
        const auto inner = await_in(m, rt, [] { return bf::timeout(bf::timeout(bf::pending<>(), 1ms), 1h); });
        REQUIRE(inner.has_value());
        CHECK_FALSE(inner->has_value());
    });
}

TEST_CASE("a_timeout_leaves_what_it_gave_up_as_it_was") {
    in_each_model([](model m, bf::runtime& rt) {
        bf::event event;
        bf::channel<int> channel{1};
        const auto waited = await_in(m, rt, [&event] { return bf::timeout(event.wait(), 1ms); });
        CHECK_FALSE(waited.has_value());
        const auto received = await_in(m, rt, [&channel] { return bf::timeout(channel.recv(), 1ms); });
        CHECK_FALSE(received.has_value());
        CHECK(channel.try_send(7).has_value());
        CHECK(channel.try_recv() == 7);
        event.set();
        const auto again = await_in(m, rt, [&event] { return bf::timeout(event.wait(), 1h); });
        CHECK(again.has_value());
    });
}

TEST_CASE("an_endless_sleep_can_be_dropped_in_every_model") {
    in_each_model([](model m, bf::runtime& rt) {
        for (std::size_t n = 0; n < endless_sleeps().size(); ++n) {
            const auto raced = [n] { return bf::race(std::move(endless_sleeps()[n]), bf::sleep_for(1ms)); };
            auto first = await_in(m, rt, raced);
            CHECK(first.index() == 1);
        }
    });
}

TEST_CASE("a_cancelled_sleep_ends_at_once_and_unwinds") {
    for (const bf::backend on : backends) {
        bf::runtime rt{small_runtime()};
        std::atomic<int> alive{0};
        std::vector<bf::join_handle<void>> handles;
        for (bf::sleep& sleeper : endless_sleeps()) {
            if (on == bf::backend::stackless)
                handles.push_back(rt.spawn(sleep_in_coroutine, std::move(sleeper), std::ref(alive)));
            else
                handles.push_back(rt.spawn(on, sleep_in_fiber, std::move(sleeper), std::ref(alive)));
        }
        while (static_cast<std::size_t>(alive) != handles.size()) std::this_thread::yield();
        bool any_done = false;
        for (auto& handle : handles) any_done |= handle.done();
        for (auto& handle : handles) handle.cancel();
        std::size_t cancelled = 0;
        for (auto& handle : handles) {
            const auto outcome = bf::block_on(handle.outcome());
            cancelled += !outcome && outcome.error().is_cancelled() ? 1 : 0;
        }
        CHECK_FALSE(any_done);
        CHECK(cancelled == handles.size());
        CHECK(alive == 0);
    }
}

TEST_CASE("shutdown_ends_endless_sleeps") {
    std::atomic<int> alive{0};
    {
        bf::runtime rt{small_runtime()};
        for (bf::sleep& sleeper : endless_sleeps())
            rt.spawn(sleep_in_coroutine, std::move(sleeper), std::ref(alive)).detach();
        for (bf::sleep& sleeper : endless_sleeps())
            rt.spawn(bf::backend::stackful, sleep_in_fiber, std::move(sleeper), std::ref(alive)).detach();
        while (alive != 12) std::this_thread::yield();
        CHECK(rt.shutdown().clean());
    }
    CHECK(alive == 0);
}

TEST_CASE("a_plain_thread_sleeps_without_a_runtime") {
    std::atomic<int> early{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t)
        threads.emplace_back([&early] {
            for (const auto length : {1'000us, 2'000us}) {
                const auto began = steady::now();
                bf::block_on(bf::sleep_for(length));
                if (steady::now() - began < length) ++early;
            }
            if (bf::block_on(bf::timeout(bf::sleep_for(1h), 1ms)).has_value()) ++early;
            // Two timers of one thread at once.
            const auto began = steady::now();
            auto shorter = bf::sleep_for(1ms);
            auto longer = bf::sleep_for(2ms);
            bf::block_on(bf::join_all(std::move(longer), std::move(shorter)));
            if (steady::now() - began < 2ms) ++early;
        });
    for (std::thread& thread : threads) thread.join();
    CHECK(early == 0);
}

TEST_CASE("sleeps_and_their_cancellations_on_two_workers_end_every_task_once") {
    constexpr std::uint32_t fewest = 20'000;
    constexpr std::uint32_t at_once = 500;
    const std::uint64_t seed = tests::seed_of_this_run("sleep and cancel");
    INFO("seed: " << seed);
    bf::runtime rt{small_runtime(2)};
    std::atomic<int> alive{0};
    std::atomic<std::uint32_t> woken{0};
    std::atomic<std::uint32_t> early{0};
    struct body {
        static bf::task<> sleeps(std::uint32_t ns, std::atomic<int>& alive, std::atomic<std::uint32_t>& woken,
                                 std::atomic<std::uint32_t>& early) {
            const tests::counted one{alive};
            const auto until = steady::now() + std::chrono::nanoseconds{ns};
            co_await bf::sleep_for(std::chrono::nanoseconds{ns});
            if (steady::now() < until) ++early;
            ++woken;
        }
        // Returns how many of the tasks were cancelled; each one is asked after.
        static bf::task<std::uint32_t> cancels(std::vector<bf::join_handle<void>> handles, std::uint64_t seed) {
            bf::base::random random{seed};
            for (auto& handle : handles) {
                if (random.below(3) != 0) handle.cancel();
                if (random.below(64) == 0) co_await bf::sleep_for(std::chrono::microseconds{random.below(400)});
            }
            std::uint32_t cancelled = 0;
            for (auto& handle : handles) {
                const auto outcome = co_await handle.outcome();
                if (!outcome && outcome.error().is_cancelled()) ++cancelled;
            }
            co_return cancelled;
        }
    };
    bf::base::random random{seed};
    std::uint32_t spawned = 0;
    std::uint32_t cancelled = 0;
    // All sleepers of a round may have woken before somebody comes to cancel them.
    for (; spawned < fewest || cancelled == 0; spawned += at_once) {
        // The sleepers of a round are spread over both workers; so are the tasks that cancel them.
        std::vector<bf::join_handle<void>> handles[2];
        for (std::uint32_t n = 0; n < at_once; ++n) {
            const bf::backend on = backends[random.below(2)];
            handles[n % 2].push_back(
                rt.spawn(on, body::sleeps, random.below(2'000'000), std::ref(alive), std::ref(woken), std::ref(early)));
        }
        auto first = rt.spawn(body::cancels, std::move(handles[0]), random.next());
        auto second = rt.spawn(body::cancels, std::move(handles[1]), random.next());
        cancelled += first.join();
        cancelled += second.join();
    }
    CHECK(early == 0);
    CHECK(alive == 0);
    CHECK(woken + cancelled == spawned);
    CHECK(woken > 0);
}

TEST_CASE("the_shortest_sleeps_of_a_plain_thread_end") {
    // A deadline that passes between the poll and the sleep of the thread must end that sleep.
    for (int n = 0; n < 1'000; ++n)
        for (const auto length : {1ns, 20ns, 100ns, 1'000ns, 5'000ns}) bf::block_on(bf::sleep_for(length));
    CHECK(true);
}

TEST_CASE("a_sleep_that_has_fired_outlives_the_runtime_that_polled_it") {
    std::optional<bf::sleep> kept;
    {
        bf::runtime rt{small_runtime(1)};
        rt.run(
            [](std::optional<bf::sleep>& longer) -> bf::task<> {
                // One that is ready before this task sleeps is used up; then a new one takes its place.
                for (bool waits = false; !waits;) {
                    longer.emplace(bf::sleep_for(5ms));
                    auto turn = bf::yield_now();
                    const auto first = co_await bf::select(*longer, turn);
                    waits = first.index() == 1;
                }
                co_await bf::sleep_for(20ms);
            },
            std::ref(kept));
    }
    bf::block_on(*kept);
    CHECK(true);
}

TEST_CASE("a_thread_that_ends_before_its_sleeps_aborts") {
    if (!tests::children_have_threads) return;
    tests::check_aborts("a thread ended while timers of its futures still wait", [] {
        auto sleep = bf::sleep_for(std::chrono::hours{1});
        std::thread{[&sleep] {
            auto shorter = bf::sleep_for(1ms);
            (void)bf::block_on(bf::select(sleep, shorter));
        }}.join();
    });
}
