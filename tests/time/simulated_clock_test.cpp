// Simulated time as tasks see it: exact sleeps in the order of their deadlines, timeouts, intervals, jumps over years.
#include "seed.hpp"
#include "simulated_runtime.hpp"
#include "time/sleeper_task.hpp"
#include <bifilar/base/detail/random.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace bf = bifilar;
using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using tests::clock_mode;
using tests::moment;
using tests::noon;
using tests::on_clock;
using tests::on_simulated_time;

namespace {

// Sleeps until `when`, notes when it woke.
void note_waking(moment when, std::atomic<std::int64_t>& woke) {
    bf::await(bf::sleep_until(when));
    woke = (bf::now() - noon).count();
}
bf::task<> note_waking_too(moment when, std::atomic<std::int64_t>& woke) {
    co_await bf::sleep_until(when);
    woke = (bf::now() - noon).count();
}
bf::join_handle<void> spawn_sleeper(bf::runtime& rt, bf::backend on, moment when, std::atomic<std::int64_t>& woke) {
    woke = -1;
    if (on == bf::backend::stackful) return rt.spawn(on, note_waking, when, std::ref(woke));
    return rt.spawn(note_waking_too, when, std::ref(woke));
}

std::vector<std::uint32_t> shuffled(std::uint32_t count, bf::base::random& random) {
    std::vector<std::uint32_t> all(count);
    for (std::uint32_t n = 0; n < count; ++n) all[n] = n;
    for (std::uint32_t n = count - 1; n > 0; --n) std::swap(all[n], all[random.below(n + 1)]);
    return all;
}

}  // namespace

TEST_CASE("a_day_of_sleeps_passes_at_once_and_each_ends_at_its_own_moment") {
    const std::uint64_t seed = tests::seed_of_this_run("a day of sleeps");
    const auto began = std::chrono::steady_clock::now();
    on_simulated_time(clock_mode::automatic, [seed](bf::simulated_clock& clock, bf::runtime& rt, bf::backend on) {
        bf::base::random random{seed};
        const auto minutes = shuffled(1'440, random);
        std::mutex mutex;
        std::vector<std::uint32_t> order;
        int inexact = 0;
        const auto sleeper = [&](std::uint32_t minute) -> bf::task<> {
            co_await bf::sleep_until(noon + minute * 1min);
            const std::lock_guard guard{mutex};
            order.push_back(minute);
            if (bf::now() != noon + minute * 1min) ++inexact;
        };
        rt.run([&]() -> bf::task<> {
            std::vector<bf::join_handle<void>> handles;
            for (const std::uint32_t minute : minutes) handles.push_back(bf::spawn(on, sleeper, minute));
            for (auto& handle : handles) co_await handle;
        });
        CHECK(inexact == 0);
        CHECK(order.size() == minutes.size());
        CHECK(std::is_sorted(order.begin(), order.end()));
        CHECK(clock.now() == noon + 1'439min);
    });
    CHECK(std::chrono::steady_clock::now() - began < 1h);
}

TEST_CASE("an_hour_is_an_hour_to_the_nanosecond") {
    on_simulated_time(clock_mode::automatic, [](bf::simulated_clock&, bf::runtime& rt, bf::backend on) {
        const auto body = []() -> bf::task<int> {
            int wrong = 0;
            const nanoseconds lengths[] = {0ns, 1ns, 999ns, 65'535ns, 65'536ns, 65'537ns, 1s, 1h, 24h * 800};
            for (const nanoseconds length : lengths) {
                const auto from = bf::now();
                co_await bf::sleep_for(length);
                if (bf::now() - from != length) ++wrong;
            }
            co_return wrong;
        };
        CHECK(rt.spawn(on, body).join() == 0);
    });
}

TEST_CASE("a_manual_clock_moves_only_when_told_and_then_wakes_what_is_due") {
    on_simulated_time(clock_mode::manual, [](bf::simulated_clock& clock, bf::runtime& rt, bf::backend on) {
        std::atomic<std::int64_t> woke;
        auto sleeper = spawn_sleeper(rt, on, noon + 1h, woke);
        rt.settle();
        std::this_thread::sleep_for(3ms);
        CHECK(clock.now() == noon);
        CHECK_FALSE(sleeper.done());
        clock.advance(1h - 1ns);
        rt.settle();
        CHECK_FALSE(sleeper.done());
        clock.advance(1ns);
        rt.settle();
        CHECK(sleeper.done());
        CHECK(woke == nanoseconds{1h}.count());
        sleeper.join();
        // Time does not go back, and ends before what never comes.
        clock.advance(-1h);
        clock.advance_to(noon);
        CHECK(clock.now() == noon + 1h);
        auto endless = spawn_sleeper(rt, on, moment::max(), woke);
        clock.advance(std::chrono::hours::max());
        clock.advance(1h);
        rt.settle();
        CHECK(clock.now() < moment::max());
        CHECK_FALSE(endless.done());
        endless.cancel();
        CHECK_THROWS_AS(endless.join(), bf::task_cancelled);
    });
}

TEST_CASE("a_task_that_advances_the_clock_finds_the_sleepers_of_its_worker_woken") {
    for (const bf::backend on : tests::each_backend) {
        bf::simulated_clock clock{clock_mode::manual, noon};
        bf::runtime rt{on_clock(clock, 1)};
        rt.run([&] {
            std::atomic<std::int64_t> woke;
            auto sleeper = spawn_sleeper(rt, on, noon + 5s, woke);
            for (int turn = 0; turn < 10; ++turn) bf::this_fiber::yield();
            clock.advance(5s - 1ns);
            for (int turn = 0; turn < 10; ++turn) bf::this_fiber::yield();
            CHECK(woke == -1);
            clock.advance(1ns);
            for (int turn = 0; turn < 10; ++turn) bf::this_fiber::yield();
            CHECK(woke == nanoseconds{5s}.count());
        });
    }
}

TEST_CASE("one_step_over_many_deadlines_wakes_in_their_order_on_one_worker") {
    const std::uint64_t seed = tests::seed_of_this_run("one step");
    for (const bf::backend on : tests::each_backend) {
        bf::base::random random{seed};
        bf::simulated_clock clock{clock_mode::manual, noon};
        bf::runtime rt{on_clock(clock, 1)};
        std::vector<std::uint32_t> order;
        std::vector<bf::join_handle<void>> handles;
        const auto sleeper = [&order](std::uint32_t n) -> bf::task<> {
            co_await bf::sleep_until(noon + n * 100us);  // Some share a tick of the real clock's timers.
            order.push_back(n);
        };
        for (const std::uint32_t n : shuffled(256, random)) handles.push_back(rt.spawn(on, sleeper, n));
        rt.settle();
        clock.advance(1h);
        for (auto& handle : handles) handle.join();
        CHECK(order.size() == 256);
        CHECK(std::is_sorted(order.begin(), order.end()));
    }
}

TEST_CASE("timeouts_are_up_at_their_moment") {
    on_simulated_time(clock_mode::automatic, [](bf::simulated_clock& clock, bf::runtime& rt, bf::backend on) {
        const auto body = [](bf::simulated_clock& of) -> bf::task<> {
            auto from = bf::now();
            const auto late = co_await bf::timeout(bf::pending<int>(), 1h);
            CHECK_FALSE(late.has_value());
            CHECK(bf::now() - from == 1h);
            from = bf::now();
            const auto in_time = co_await bf::timeout(bf::sleep_for(1h - 1ns), 1h);
            CHECK(in_time.has_value());
            CHECK(bf::now() - from == 1h - 1ns);
            from = bf::now();
            const auto nested = co_await bf::timeout(bf::timeout(bf::pending<>(), 2s), 1s);
            CHECK_FALSE(nested.has_value());
            CHECK(bf::now() - from == 1s);
            CHECK(of.now() == bf::now());
        };
        rt.spawn(on, body, std::ref(clock)).join();
    });
}

TEST_CASE("an_interval_ticks_exactly_and_treats_missed_ticks_by_its_policy") {
    on_simulated_time(clock_mode::automatic, [](bf::simulated_clock&, bf::runtime& rt, bf::backend on) {
        const auto body = []() -> bf::task<int> {
            int wrong = 0;
            const auto from = bf::now();
            bf::interval ticks{7min};
            for (int n = 0; n < 500; ++n) {
                const auto due = co_await ticks.tick();
                if (due != from + n * 7min || bf::now() != due) ++wrong;
            }
            co_return wrong;
        };
        CHECK(rt.spawn(on, body).join() == 0);
    });
    // A jump of 35 ms over ticks that are 10 ms apart.
    const auto gaps = [](bf::missed_tick policy, bf::backend on) {
        bf::simulated_clock clock{clock_mode::automatic, noon};
        bf::runtime rt{on_clock(clock, 1)};
        const auto body = [](bf::missed_tick late, bf::simulated_clock& moved) -> bf::task<std::vector<nanoseconds>> {
            std::vector<nanoseconds> found;
            bf::interval ticks{10ms, late};
            co_await ticks.tick();
            moved.advance(35ms);
            for (int n = 0; n < 5; ++n) {
                const auto due = co_await ticks.tick();
                found.push_back(due - noon);
                found.push_back(bf::now() - noon);
            }
            co_return found;
        };
        return rt.spawn(on, body, policy, std::ref(clock)).join();
    };
    for (const bf::backend on : tests::each_backend) {
        using ms = std::vector<nanoseconds>;
        const ms burst{10ms, 35ms, 20ms, 35ms, 30ms, 35ms, 40ms, 40ms, 50ms, 50ms};
        const ms delay{10ms, 35ms, 45ms, 45ms, 55ms, 55ms, 65ms, 65ms, 75ms, 75ms};
        const ms skip{10ms, 35ms, 40ms, 40ms, 50ms, 50ms, 60ms, 60ms, 70ms, 70ms};
        CHECK(gaps(bf::missed_tick::burst, on) == burst);
        CHECK(gaps(bf::missed_tick::delay, on) == delay);
        CHECK(gaps(bf::missed_tick::skip, on) == skip);
    }
}

TEST_CASE("jumps_over_days_and_years_end_exactly_the_sleeps_that_are_due") {
    const std::uint64_t seed = tests::seed_of_this_run("jumps of a simulated clock");
    for (const nanoseconds jump : {nanoseconds{12 * 24h}, nanoseconds{730 * 24h}, nanoseconds{tests::range_ms_36}}) {
        on_simulated_time(clock_mode::manual, [&](bf::simulated_clock& clock, bf::runtime& rt, bf::backend on) {
            bf::base::random random{seed};
            const auto within = [&random](nanoseconds limit) {
                return nanoseconds{
                    static_cast<std::int64_t>(random.next() % static_cast<std::uint64_t>(limit.count()))};
            };
            constexpr std::size_t count = 300;
            std::vector<moment> deadlines;
            std::vector<std::atomic<std::int64_t>> woke(count);
            std::vector<bf::join_handle<void>> handles;
            for (auto& slot : woke) {
                deadlines.push_back(noon + within(2 * jump));
                handles.push_back(spawn_sleeper(rt, on, deadlines.back(), slot));
            }
            rt.settle();
            int wrong = 0;
            moment before = noon;
            while (clock.now() < noon + 2 * jump) {
                const nanoseconds step = within(jump / (1 + random.below(20))) + 1ns;
                clock.advance(step);
                rt.settle();
                const moment now = clock.now();
                for (std::size_t n = 0; n < count; ++n) {
                    const bool newly = deadlines[n] > before && deadlines[n] <= now;
                    if (newly && woke[n] != (now - noon).count()) ++wrong;
                    if (deadlines[n] > now && woke[n] != -1) ++wrong;
                }
                before = now;
            }
            CHECK(wrong == 0);
            for (auto& handle : handles) handle.join();
        });
    }
}

TEST_CASE("one_worker_repeats_the_same_run_again_and_again") {
    const auto trace = [](std::uint64_t seed) {
        bf::simulated_clock clock{clock_mode::automatic, noon};
        bf::runtime rt{on_clock(clock, 1)};
        std::vector<std::int64_t> seen;
        bf::channel<int> channel{3};
        const auto body = [&](int name, std::uint64_t from) -> bf::task<> {
            bf::base::random random{from};
            for (int n = 0; n < 50; ++n) {
                (void)co_await bf::timeout(channel.send(name), std::chrono::milliseconds{random.below(5)});
                co_await bf::sleep_for(std::chrono::milliseconds{random.below(7)});
                if (const auto got = channel.try_recv()) seen.push_back(*got * 1'000 + name);
                seen.push_back((bf::now() - noon).count());
            }
        };
        rt.run([&]() -> bf::task<> {
            std::vector<bf::join_handle<void>> all;
            for (int name = 0; name < 20; ++name) {
                const bf::backend on = tests::each_backend[name % 2];
                all.push_back(bf::spawn(on, body, name, seed + static_cast<std::uint64_t>(name)));
            }
            for (auto& one : all) co_await one;
        });
        return seen;
    };
    const std::uint64_t seed = tests::seed_of_this_run("the same run again");
    const auto first = trace(seed);
    CHECK(first.size() >= 1'000);
    CHECK(trace(seed) == first);
    CHECK(trace(seed) == first);
}

TEST_CASE("only_tasks_of_the_runtime_live_on_its_clock") {
    on_simulated_time(clock_mode::automatic, [](bf::simulated_clock& clock, bf::runtime& rt, bf::backend on) {
        const auto body = [](bf::simulated_clock& of) -> bf::task<bool> {
            const bool mine = bf::now() == of.now();
            const bool elsewhere = co_await bf::spawn_blocking([] { return bf::now() == noon; });
            co_return mine && !elsewhere;
        };
        CHECK(rt.spawn(on, body, std::ref(clock)).join());
        const auto real = std::chrono::steady_clock::now();
        CHECK(bf::now() >= real);
        bf::block_on(bf::sleep_for(1ms));
        CHECK(std::chrono::steady_clock::now() - real >= 1ms);
        CHECK(clock.now() == noon);
    });
}

TEST_CASE("the_day_of_the_readme_passes_at_once") {
    bf::simulated_clock clock;
    const auto before = clock.now();
    bf::runtime_options options;
    options.clock = &clock;
    bf::runtime rt{options};
    rt.run([]() -> bf::task<> { co_await bf::sleep_for(std::chrono::hours{24}); });
    CHECK(clock.now() - before == 24h);
}
