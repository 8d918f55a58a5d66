// Randomised parking, waking and stealing with more workers than processors.
// Method: rings of tasks pass tokens through capacity-1 channels; each pass parks, wakes, and sometimes yields or
// spawns, by a generator whose seed is printed. A lost wake-up hangs (the time limit reports it); a task that ran twice
// or not at all breaks the counts.
#include "catch.hpp"
#include "seed.hpp"
#include <bifilar/base/detail/random.hpp>
#include <bifilar/bifilar.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace bf = bifilar;

namespace {

// Takes a token, passes it on, a given number of times.
bf::task<std::uint64_t> pass_on(bf::channel<std::uint64_t>& in, bf::channel<std::uint64_t>& out, std::uint64_t passes,
                                std::uint64_t seed) {
    bf::base::random random{seed};
    std::uint64_t parked = 0;
    for (std::uint64_t n = 0; n < passes; ++n) {
        const auto token = co_await in.recv();
        if (!token) co_return parked;
        if (random.below(16) == 0) co_await bf::yield_now();
        if (random.below(64) == 0) co_await bf::spawn([] {});
        const auto sent = co_await out.send(*token + 1);
        if (!sent) co_return parked;
        ++parked;
    }
    co_return parked;
}

std::uint64_t run_rings(std::uint64_t rings, std::uint64_t members, std::uint64_t passes, std::uint64_t seed) {
    bf::runtime_options options;
    options.workers = 4;
    options.stack_bytes = 64 * 1024;
    bf::runtime rt{options};
    std::vector<std::unique_ptr<bf::channel<std::uint64_t>>> channels;
    std::vector<bf::join_handle<std::uint64_t>> tasks;
    for (std::uint64_t ring = 0; ring < rings; ++ring) {
        const std::size_t first = channels.size();
        for (std::uint64_t n = 0; n < members; ++n) channels.push_back(std::make_unique<bf::channel<std::uint64_t>>(1));
        for (std::uint64_t n = 0; n < members; ++n) {
            auto& in = *channels[first + n];
            auto& out = *channels[first + (n + 1) % members];
            const bf::backend on = n % 2 == 0 ? bf::backend::stackless : bf::backend::stackful;
            tasks.push_back(rt.spawn(on, pass_on, std::ref(in), std::ref(out), passes, seed + ring * members + n));
        }
        (void)channels[first]->try_send(0);
    }
    std::uint64_t sum = 0;
    for (auto& task : tasks) sum += task.join();
    // Every pass adds one to exactly one token.
    std::uint64_t tokens = 0;
    for (auto& channel : channels)
        if (auto left = channel->try_recv()) tokens += *left;
    REQUIRE(tokens == sum);
    return sum;
}

}  // namespace

TEST_CASE("rings_of_both_models_lose_no_wake_up") {
    CHECK(run_rings(8, 16, 400, tests::seed_of_this_run("rings")) == 8ULL * 16 * 400);
}

TEST_CASE("a_hundred_million_passes_lose_no_wake_up", "[.][nightly]") {
    CHECK(run_rings(32, 32, 100'000, tests::seed_of_this_run("rings")) == 32ULL * 32 * 100'000);
}

TEST_CASE("a_million_coroutines_parked_at_once_all_wake", "[.][nightly]") {
    bf::runtime rt{[] {
        bf::runtime_options options;
        options.workers = 2;
        return options;
    }()};
    bf::event event;
    struct body {
        static bf::task<> wait(bf::event& e) { co_await e.wait(); }
    };
    std::vector<bf::join_handle<void>> all;
    for (int n = 0; n < 1'000'000; ++n) all.push_back(rt.spawn(body::wait, std::ref(event)));
    event.set();
    for (auto& one : all) one.join();
}

TEST_CASE("a_million_guarded_fibers_parked_at_once_all_wake", "[.][nightly]") {
    bf::runtime_options options;
    options.workers = 2;
    options.stack_bytes = 16 * 1024;
    bf::runtime rt{options};
    bf::event event;
    std::vector<bf::join_handle<void>> all;
    for (int n = 0; n < 1'000'000; ++n)
        all.push_back(rt.spawn(
            bf::backend::stackful, [](bf::event& e) { bf::await(e.wait()); }, std::ref(event)));
    event.set();
    for (auto& one : all) one.join();
}
