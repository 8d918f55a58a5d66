// Simulated time and the rest of a runtime: blocking calls, other threads, cancels, I/O, shutdowns, misuse.
#include "last_words.hpp"
#include "seed.hpp"
#include "simulated_runtime.hpp"
#include <bifilar/base/detail/random.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace bf = bifilar;
using namespace std::chrono_literals;
using tests::clock_mode;
using tests::moment;
using tests::noon;
using tests::on_clock;
using tests::on_simulated_time;

namespace {

bf::task<> sleep_for_long(std::chrono::nanoseconds length) { co_await bf::sleep_for(length); }

}  // namespace

TEST_CASE("a_blocking_call_holds_simulated_time_until_it_ends") {
    on_simulated_time(clock_mode::automatic, [](bf::simulated_clock& clock, bf::runtime& rt, bf::backend on) {
        const auto body = [](bf::simulated_clock& of, bf::backend model) -> bf::task<> {
            auto sleeper = bf::spawn(model, sleep_for_long, 1h);
            const auto look = [&of] {
                std::this_thread::sleep_for(5ms);
                return of.now();
            };
            auto call = bf::spawn_blocking(look);
            const moment seen = co_await call;
            CHECK(seen == noon);
            co_await sleeper;
            CHECK(bf::now() == noon + 1h);
        };
        rt.spawn(on, body, std::ref(clock), on).join();
    });
}

TEST_CASE("time_goes_on_when_a_blocking_call_ends_that_nobody_waits_for") {
    on_simulated_time(clock_mode::automatic, [](bf::simulated_clock& clock, bf::runtime& rt, bf::backend on) {
        constexpr int rounds = 200;
        const auto body = []() -> bf::task<> {
            for (int n = 0; n < rounds; ++n) {
                const auto pause = std::chrono::microseconds{n};
                auto call = bf::spawn_blocking([](auto length) { std::this_thread::sleep_for(length); }, pause);
                call.detach();
                co_await bf::sleep_for(1h);
            }
        };
        rt.spawn(on, body).join();
        CHECK(clock.now() == noon + rounds * 1h);
    });
}

TEST_CASE("choices_between_arms_repeat_on_a_simulated_clock") {
    const auto winners = [] {
        bf::simulated_clock clock{clock_mode::automatic, noon};
        bf::runtime rt{on_clock(clock, 1)};
        return rt.run([]() -> bf::task<std::vector<std::size_t>> {
            std::vector<std::size_t> all;
            for (int n = 0; n < 64; ++n) all.push_back((co_await bf::race(bf::ready(1), bf::ready(2))).index());
            co_return all;
        });
    };
    const std::vector<std::size_t> first = winners();
    CHECK(std::ranges::count(first, std::size_t{0}) > 8);
    CHECK(std::ranges::count(first, std::size_t{1}) > 8);
    CHECK(winners() == first);
}

TEST_CASE("who_moves_time_wakes_the_worker_whose_sleep_is_over") {
    bf::simulated_clock clock{clock_mode::automatic, noon};
    bf::runtime rt{on_clock(clock, 2)};
    bf::spawn_options on_first;
    on_first.worker = 0;
    bf::spawn_options on_second;
    on_second.worker = 1;
    for (int round = 1; round <= 5; ++round) {
        std::atomic<bool> begun{false};
        std::atomic<bool> ended{false};
        auto sleeper = rt.spawn(on_second, [&]() -> bf::task<> {
            begun = true;
            co_await bf::sleep_for(1h);
            ended = true;
        });
        // The last one that comes to rest has no sleep of its own. The other one may nap for a while before.
        rt.spawn(on_first, [&begun] {
              while (!begun) std::this_thread::yield();
              std::this_thread::sleep_for(2ms);
          }).join();
        // A join would have all workers look whether it is in vain.
        while (!ended) std::this_thread::yield();
        sleeper.join();
        CHECK(clock.now() == noon + round * 1h);
    }
}

TEST_CASE("a_move_of_time_by_hand_wakes_a_worker_that_nobody_else_does") {
    on_simulated_time(clock_mode::manual, [](bf::simulated_clock& clock, bf::runtime& rt, bf::backend on) {
        std::atomic<int> woken{0};
        auto sleeper = rt.spawn(on, [&woken]() -> bf::task<> {
            for (; woken < 3; ++woken) co_await bf::sleep_for(1h);
        });
        for (int hours = 1; hours <= 3; ++hours) {
            rt.settle();
            clock.advance(1h);
            while (woken != hours) std::this_thread::yield();
        }
        sleeper.join();
    });
}

TEST_CASE("sleeps_that_end_at_one_moment_of_simulated_time_go_on_in_the_order_in_which_they_began") {
    for (const bf::backend on : tests::each_backend) {
        bf::simulated_clock clock{clock_mode::automatic, noon};
        bf::runtime rt{on_clock(clock, 1)};
        std::vector<int> began;
        std::vector<int> ended;
        const auto body = [&](int n) -> bf::task<> {
            began.push_back(n);
            co_await bf::sleep_until(noon + 1h);
            ended.push_back(n);
        };
        rt.run([&]() -> bf::task<> {
            std::vector<bf::join_handle<void>> all;
            for (int n = 0; n < 4; ++n) all.push_back(bf::spawn(on, body, n));
            while (began.size() != 4) co_await bf::yield_now();
            for (auto& each : all) co_await each;
        });
        CHECK(ended == began);
    }
}

// A move of time wakes the worker, which looks for work in vain and sleeps again.
TEST_CASE("looks_in_vain_do_not_change_who_runs_first_on_a_simulated_clock") {
    const auto order_after = [](int looks) {
        bf::simulated_clock clock{clock_mode::manual, noon};
        bf::runtime rt{on_clock(clock, 1)};
        std::array<bf::event, 4> go;
        std::string order;
        const auto body = [&](std::size_t n) -> bf::task<> {
            co_await go[n].wait();
            order += static_cast<char>('a' + n);
        };
        std::vector<bf::join_handle<void>> all;
        for (std::size_t n = 0; n < go.size(); ++n)
            all.push_back(rt.spawn(n % 2 == 0 ? bf::backend::stackless : bf::backend::stackful, body, n));
        all.push_back(rt.spawn([&]() -> bf::task<> {
            co_await bf::sleep_until(noon + 1h);
            for (bf::event& each : go) each.set();
        }));
        rt.settle();
        for (int n = 0; n < looks; ++n) {
            clock.advance(1ms);
            rt.settle();
        }
        clock.advance(1h);
        for (auto& each : all) each.join();
        return order;
    };
    const std::string order = order_after(0);
    CHECK(order.size() == 4);
    for (int looks = 1; looks < 4; ++looks) CHECK(order_after(looks) == order);
}

TEST_CASE("threads_that_advance_one_clock_add_up_and_no_sleep_is_early_or_lost") {
    on_simulated_time(clock_mode::manual, [](bf::simulated_clock& clock, bf::runtime& rt, bf::backend on) {
        constexpr int sleepers = 400;
        std::atomic<int> early{0};
        const auto body = [&early](int n) -> bf::task<> {
            for (int part = 0; part < 4; ++part) {
                const auto when = noon + (part * sleepers + n) * 1ms;
                co_await bf::sleep_until(when);
                if (bf::now() < when) ++early;
            }
        };
        std::vector<bf::join_handle<void>> handles;
        for (int n = 0; n < sleepers; ++n) handles.push_back(rt.spawn(on, body, n));
        std::vector<std::thread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&clock] {
                for (int n = 0; n < sleepers; ++n) clock.advance(1ms);
            });
        for (std::thread& thread : threads) thread.join();
        CHECK(clock.now() == noon + 4 * sleepers * 1ms);
        for (auto& handle : handles) handle.join();
        CHECK(early == 0);
    });
}

TEST_CASE("cancels_that_race_an_advance_end_each_sleep_once") {
    const std::uint64_t seed = tests::seed_of_this_run("cancel and advance");
    on_simulated_time(clock_mode::manual, [seed](bf::simulated_clock& clock, bf::runtime& rt, bf::backend on) {
        bf::base::random random{seed};
        for (int round = 0; round < 15; ++round) {
            constexpr int sleepers = 100;
            const moment from = clock.now();
            std::array<std::atomic<int>, sleepers> woken{};
            std::atomic<int> early{0};
            const auto body = [&](int n) -> bf::task<> {
                co_await bf::sleep_until(from + (n + 1) * 1s);
                if (bf::now() < from + (n + 1) * 1s) ++early;
                ++woken[static_cast<std::size_t>(n)];
            };
            std::vector<bf::join_handle<void>> handles;
            for (int n = 0; n < sleepers; ++n) handles.push_back(rt.spawn(on, body, n));
            if (random.below(2) == 0) rt.settle();
            std::thread mover{[&clock] {
                for (int n = 0; n < sleepers; n += 2) clock.advance(2s);
            }};
            for (auto& handle : handles) handle.cancel();
            mover.join();
            int wrong = 0;
            for (std::size_t n = 0; n < sleepers; ++n) {
                const auto outcome = bf::block_on(std::move(handles[n]).outcome());
                if (woken[n] != (outcome.has_value() ? 1 : 0)) ++wrong;
            }
            CHECK(wrong == 0);
            CHECK(early == 0);
        }
    });
}

TEST_CASE("two_runtimes_live_on_two_clocks") {
    bf::simulated_clock first{clock_mode::manual, noon};
    bf::simulated_clock second{clock_mode::automatic, noon + 24h};
    bf::runtime slow{on_clock(first, 1)};
    bf::runtime fast{on_clock(second, 2)};
    auto waits = slow.spawn(sleep_for_long, 1h);
    fast.spawn(sleep_for_long, 10h).join();
    slow.settle();
    CHECK(first.now() == noon);
    CHECK(second.now() == noon + 34h);
    CHECK_FALSE(waits.done());
    // A task of one moves the clock of the other.
    fast.run(
        [](bf::simulated_clock& other) -> bf::task<> {
            other.advance(1h);
            co_return;
        },
        std::ref(first));
    waits.join();
    CHECK(second.now() == noon + 34h);
}

TEST_CASE("input_and_output_go_on_beside_time_that_jumps_without_end") {
    for (const unsigned workers : {1U, 2U}) {
        bf::simulated_clock clock{clock_mode::automatic, noon};
        bf::runtime rt{on_clock(clock, workers)};
        auto ticking = rt.spawn([]() -> bf::task<> {
            bf::interval ticks{1s};
            for (;;) co_await ticks.tick();
        });
        const auto echoed = rt.run([]() -> bf::task<int> {
            auto listener = bf::tcp_listener::bind("127.0.0.1:0").value();
            const auto serve = [](bf::tcp_listener& at) -> bf::task<> {
                auto conn = (co_await at.accept()).value();
                std::array<std::byte, 64> buffer;
                while (const auto n = (co_await conn.read(buffer)).value_or(0))
                    if (!(co_await conn.write_all(std::span(buffer).first(n)))) co_return;
            };
            auto server = bf::spawn(serve, std::ref(listener));
            int count = 0;
            {
                const std::string address = listener.local_address().value().to_string();
                auto conn = (co_await bf::tcp_stream::connect(address)).value();
                std::array<std::byte, 8> buffer{};
                for (; count < 20; ++count) {
                    if (!(co_await conn.write_all(buffer))) break;
                    if ((co_await conn.read(buffer)).value_or(0) == 0) break;
                }
            }
            co_await server;
            co_return count;
        });
        CHECK(echoed == 20);
        ticking.cancel();
        CHECK_THROWS_AS(ticking.join(), bf::task_cancelled);
    }
}

TEST_CASE("a_shutdown_ends_sleepers_of_a_clock_that_stands") {
    on_simulated_time(clock_mode::manual, [](bf::simulated_clock& clock, bf::runtime& rt, bf::backend on) {
        for (int n = 0; n < 100; ++n) rt.spawn(on, sleep_for_long, 1h * n + 1ns).detach();
        auto kept = rt.spawn(on, []() -> bf::task<> { co_await bf::shield(bf::sleep_for(2h)); });
        rt.settle();
        // What is shielded from the shutdown sleeps on until the clock is moved.
        std::uint64_t alive = 0;
        for (int attempt = 0; attempt < 1'000 && alive != 1; ++attempt)  // A slow machine needs several.
            alive = rt.shutdown(std::chrono::steady_clock::now() + 10ms).tasks_alive();
        CHECK(alive == 1);
        CHECK_FALSE(kept.done());
        clock.advance(2h);
        CHECK(rt.shutdown().clean());
        CHECK(kept.done());
        kept.detach();
    });
    on_simulated_time(clock_mode::automatic, [](bf::simulated_clock& clock, bf::runtime& rt, bf::backend on) {
        const auto forever = []() -> bf::task<> { co_await bf::sleep_until(moment::max()); };
        for (int n = 0; n < 100; ++n) rt.spawn(on, forever).detach();
        rt.settle();
        CHECK(clock.now() == noon);
        rt.spawn(on, sleep_for_long, 1h).join();
        rt.settle();
        CHECK(clock.now() == noon + 1h);
        CHECK(rt.shutdown().clean());
    });
}

TEST_CASE("a_clock_that_is_misused_says_so") {
    bf::simulated_clock clock;
    {
        std::optional<bf::runtime> first;
        first.emplace(on_clock(clock, 1));
        std::string message;
        try {
            const bf::runtime second{on_clock(clock, 1)};
        } catch (const std::logic_error& error) {
            message = error.what();
        }
        CHECK(message.find("make one simulated_clock for each runtime") != std::string::npos);
        // The refusal has left the first runtime as it was.
        first->spawn(sleep_for_long, 1h).join();
    }
    // Free again, and time stands where it stood.
    const moment before = clock.now();
    bf::runtime third{on_clock(clock, 1)};
    third.spawn(sleep_for_long, 1h).join();
    CHECK(clock.now() >= before + 1h);
    CHECK_THROWS_AS(third.run([&third] { third.settle(); }), std::logic_error);
    bf::runtime real{both::small_runtime(1)};
    CHECK_THROWS_AS(real.settle(), std::logic_error);
    CHECK_THROWS_AS(bf::simulated_clock(clock_mode::manual, moment{-1ns}), std::invalid_argument);
    CHECK_THROWS_AS(bf::simulated_clock(clock_mode::manual, moment::max()), std::invalid_argument);
    bf::simulated_clock fourth;
    bf::runtime waits{tests::on_clock(fourth, 1)};
    CHECK_THROWS_AS(waits.run([&waits]() -> bf::task<> { co_await bf::spawn_blocking([&waits] { waits.settle(); }); }),
                    std::logic_error);
    if (tests::children_have_threads) {
        tests::check_aborts("destroyed before its runtime", [] {
            auto gone = std::make_unique<bf::simulated_clock>();
            bf::runtime rt{on_clock(*gone, 1)};
            gone.reset();
        });
    }
}

TEST_CASE("a_deadline_leaves_as_much_time_on_another_clock") {
    // Far before and far behind the real clock.
    for (const moment start : {moment{1h}, std::chrono::steady_clock::now() + 10'000h}) {
        bf::simulated_clock clock{clock_mode::automatic, start};
        bf::runtime rt{tests::on_clock(clock, 1)};
        // From the simulated clock to a thread on the real one, and back.
        const auto asks = [] { return bf::current_deadline().value() - std::chrono::steady_clock::now(); };
        const auto left = rt.run([asks]() -> bf::task<std::chrono::nanoseconds> {
            auto job = [asks] { return bf::spawn_blocking(asks); };
            co_return (co_await bf::deadline(job, 1h)).value();
        });
        CHECK(left <= 1h);
        CHECK(left > 30min);
        const auto sleeps = []() -> bf::task<bool> {
            const auto there = bf::current_deadline().value() - bf::now();
            co_await bf::sleep_for(there - 1min);
            co_return true;
        };
        auto from_outside = [&] { return rt.spawn(sleeps); };
        CHECK(bf::block_on(bf::deadline(from_outside, 1h)).value());
        auto too_long = [&] { return rt.spawn([]() -> bf::task<> { co_await bf::sleep_for(2h); }); };
        CHECK_THROWS_AS(bf::block_on(bf::deadline(too_long, 1h)), bf::task_cancelled);
    }
}
