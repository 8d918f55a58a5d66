// A million sleeps and a million cancelled timers on simulated time, each expiry compared with what arithmetic says.
#include "seed.hpp"
#include "simulated_runtime.hpp"
#include <bifilar/base/detail/random.hpp>
#include <bifilar/base/detail/sanitizer.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <vector>

namespace bf = bifilar;
using std::chrono::nanoseconds;
using tests::clock_mode;
using tests::noon;
using tests::on_clock;

namespace {

#if defined(BIFILAR_ASAN) || defined(BIFILAR_TSAN)
constexpr std::uint32_t sleeping_tasks = 1'000;
#else
constexpr std::uint32_t sleeping_tasks = 10'000;
#endif
constexpr std::uint32_t sleeps_a_task = 100;

// From nanoseconds to days, as often short as long.
nanoseconds random_length(bf::base::random& random) {
    return nanoseconds{static_cast<std::int64_t>((random.next() >> (17 + random.below(46))) + 1)};
}

bf::task<> sleep_and_note(std::uint64_t seed, std::vector<std::int64_t>& woke) {
    bf::base::random random{seed};
    for (std::uint32_t n = 0; n < sleeps_a_task; ++n) {
        co_await bf::sleep_for(random_length(random));
        woke.push_back((bf::now() - noon).count());
    }
}

// The same sleeps, by addition.
std::vector<std::int64_t> expected_expiries(std::uint64_t seed) {
    std::vector<std::int64_t> all;
    for (std::uint32_t task = 0; task < sleeping_tasks; ++task) {
        bf::base::random random{seed + task};
        nanoseconds at{0};
        for (std::uint32_t n = 0; n < sleeps_a_task; ++n) all.push_back((at += random_length(random)).count());
    }
    std::sort(all.begin(), all.end());
    return all;
}

struct tally {
    std::atomic<std::uint32_t> cancelled{0};  // Timers that were given up.
    std::atomic<std::uint32_t> wrong{0};
};

// Each turn makes two timers, of which at most one expires.
bf::task<> set_and_cancel(std::uint64_t seed, tally& count) {
    bf::base::random random{seed};
    for (std::uint32_t n = 0; n < sleeps_a_task; ++n) {
        const nanoseconds length = random_length(random);
        const nanoseconds limit = random_length(random);
        const auto from = bf::now();
        const auto answer = co_await bf::timeout(bf::sleep_for(length), limit);
        if (answer.has_value() != (length <= limit)) ++count.wrong;
        if (bf::now() - from != std::min(length, limit)) ++count.wrong;
        ++count.cancelled;
    }
}

}  // namespace

TEST_CASE("a_million_random_sleeps_end_when_an_oracle_says") {
    const std::uint64_t seed = tests::seed_of_this_run("a million sleeps");
    bf::simulated_clock clock{clock_mode::automatic, noon};
    bf::runtime rt{on_clock(clock, 1)};
    std::vector<std::int64_t> woke;
    woke.reserve(sleeping_tasks * sleeps_a_task);
    rt.run([&]() -> bf::task<> {
        std::vector<bf::join_handle<void>> all;
        for (std::uint32_t n = 0; n < sleeping_tasks; ++n) {
            // Every tenth is a fiber.
            const bf::backend on = n % 10 == 0 ? bf::backend::stackful : bf::backend::stackless;
            all.push_back(bf::spawn(on, sleep_and_note, seed + n, std::ref(woke)));
        }
        for (auto& one : all) co_await one;
    });
    const auto expected = expected_expiries(seed);
    CHECK(woke.size() == expected.size());
    const bool same = woke == expected;  // In order, too: none is early, late, lost or doubled.
    CHECK(same);
}

TEST_CASE("a_million_timers_set_and_cancelled_leave_exactly_the_others_to_expire") {
    const std::uint64_t seed = tests::seed_of_this_run("a million cancelled timers");
    for (const unsigned workers : {1U, 4U}) {
        bf::simulated_clock clock{clock_mode::automatic, noon};
        bf::runtime rt{on_clock(clock, workers)};
        const std::uint32_t tasks = workers == 1 ? sleeping_tasks : sleeping_tasks / 20;
        tally count;
        rt.run([&]() -> bf::task<> {
            std::vector<bf::join_handle<void>> all;
            for (std::uint32_t n = 0; n < tasks; ++n)
                all.push_back(bf::spawn(set_and_cancel, seed + n, std::ref(count)));
            for (auto& one : all) co_await one;
        });
        CHECK(count.cancelled == tasks * sleeps_a_task);
        CHECK(count.wrong == 0);
    }
}
