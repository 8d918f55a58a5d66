// Calls that block, from coroutines and fibers, and what the runtime says about itself.
#include "both/in_each_model.hpp"
#include "resource_limits.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <latch>
#include <stdexcept>
#include <thread>
#include <vector>

namespace bf = bifilar;
using both::small_runtime;

TEST_CASE("a_blocking_call_runs_elsewhere_and_gives_its_value_or_exception") {
    bf::runtime rt{small_runtime(1)};
    rt.run([]() -> bf::task<> {
        const auto here = std::this_thread::get_id();
        const auto there = co_await bf::spawn_blocking([] { return std::this_thread::get_id(); });
        CHECK(here != there);
        bool thrown = false;
        try {
            (void)co_await bf::spawn_blocking([]() -> int { throw std::runtime_error{"blocked"}; });
        } catch (const std::runtime_error&) {
            thrown = true;
        }
        CHECK(thrown);
    });
    rt.run([] { CHECK(bf::await(bf::spawn_blocking([](int a) { return a + 1; }, 1)) == 2); });
    CHECK_THROWS_AS(bf::spawn_blocking([] {}), std::logic_error);
}

TEST_CASE("six_hundred_blocking_calls_wait_for_512_threads_and_all_finish") {
    if (!tests::threads_suffice(560)) return;
    bf::runtime rt{small_runtime(1)};
    const int finished = rt.run([]() -> bf::task<int> {
        std::latch full{512};
        std::vector<bf::join_handle<int>> calls;
        for (int n = 0; n < 600; ++n)
            calls.push_back(bf::spawn_blocking([&full, n] {
                if (n < 512) full.arrive_and_wait();
                return 1;
            }));
        int sum = 0;
        for (auto& call : calls) sum += co_await call;
        co_return sum;
    });
    CHECK(finished == 600);
}

namespace {

// Ends with its thread, and slowly.
struct slow_end {
    std::atomic<bool>* begun = nullptr;
    std::atomic<bool>* may_go = nullptr;
    ~slow_end() {
        if (begun == nullptr) return;
        *begun = true;
        while (!*may_go) std::this_thread::yield();
    }
};
thread_local slow_end at_the_end;

}  // namespace

// Its thread_locals may wait for what this worker has still to do.
TEST_CASE("a_blocking_thread_that_ends_slowly_holds_up_no_worker") {
    std::atomic<bool> begun{false};
    std::atomic<bool> may_go{false};
    bf::runtime_options options = small_runtime(1);
    options.blocking_keep_alive = std::chrono::milliseconds{1};
    bf::runtime rt{options};
    const int got = rt.run([&] {
        bf::await(bf::spawn_blocking([&] {
            at_the_end.begun = &begun;
            at_the_end.may_go = &may_go;
        }));
        while (!begun) bf::await(bf::sleep_for(std::chrono::milliseconds{1}));
        auto next = bf::spawn_blocking([] { return 5; });
        may_go = true;
        return bf::await(next);
    });
    CHECK(got == 5);
}

TEST_CASE("stats_count_what_happened") {
    bf::runtime rt{small_runtime(1)};
    rt.run([]() -> bf::task<> {
        for (int n = 0; n < 10; ++n) co_await bf::spawn([] {});
    });
    const bf::worker_stats total = rt.stats().total();
    CHECK(total.spawned == 11);
    CHECK(total.polled >= 11);
    CHECK(rt.workers() == 1);
    CHECK(rt.driver() != bf::driver_kind::best);
}

TEST_CASE("an_idle_runtime_does_not_wake_up") {
    if (!tests::sleeps_are_undisturbed()) return;
    bf::runtime_options options = small_runtime(1);
    options.workers = 4;
    bf::runtime rt{options};
    rt.run([]() -> bf::task<> { co_await bf::yield_now(); });
    const auto sleeps_after_a_while = [&] {
        bf::block_on(bf::sleep_for(std::chrono::milliseconds{100}));
        return rt.stats().total().parked;
    };
    // Until the workers have come to rest, which takes a busy machine a while.
    std::uint64_t before = 0;
    std::uint64_t after = 1;
    for (int attempt = 0; attempt < 100 && after != before; ++attempt) {
        before = sleeps_after_a_while();
        (void)sleeps_after_a_while();
        after = sleeps_after_a_while();
    }
    CHECK(after == before);
}
