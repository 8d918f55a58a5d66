// Counting calls of malloc in a steady state: work is done once to warm the pools of every thread, and counted while it
// is done again.
#pragma once

#include "both/in_each_model.hpp"
#include "counted_malloc.hpp"

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace tests {

namespace bf = bifilar;

inline constexpr int repetitions = 10'000;
inline constexpr bf::backend backends[] = {bf::backend::stackless, bf::backend::stackful};

inline bf::task<int> parking_coroutine(int value) {
    co_await bf::yield_now();
    co_return value;
}

// Keeps many tasks of both kinds alive at once on every worker, so that the pools own more than is needed later.
inline void warm(bf::runtime& rt) {
    constexpr int alive_at_once = 400;
    std::atomic<std::uint32_t> arrived{0};
    const auto all = rt.workers();
    // One such task occupies each worker until all are there; each then spawns from its own worker.
    const auto body = [&arrived, all]() -> bf::task<> {
        ++arrived;
        while (arrived < all) std::this_thread::yield();
        std::vector<bf::join_handle<int>> handles;
        for (const bf::backend on : backends)
            for (int n = 0; n < alive_at_once; ++n) handles.push_back(bf::spawn(on, parking_coroutine, n));
        for (auto& handle : handles) (void)co_await handle;
    };
    std::vector<bf::join_handle<void>> handles;
    for (std::uint32_t n = 0; n < all; ++n) handles.push_back(rt.spawn(body));
    for (auto& handle : handles) handle.join();
}

// Calls of malloc during the second of two runs of `work`. All threads count.
template <class Work>
std::uint64_t calls_when_warm(bf::runtime& rt, Work work) {
    warm(rt);
    work();
    const std::uint64_t before = tests::malloc_calls();
    work();
    return tests::malloc_calls() - before;
}

// Runs `work(rt, backend)` in both models and for one and two workers; it returns how many waits were made.
template <class Work>
void check_waits(Work work) {
    if (!tests::counts_malloc) return;
    for (const bf::backend on : backends)
        for (const std::uint32_t workers : {1U, 2U}) {
            INFO((on == bf::backend::stackless ? "stackless" : "stackful") << " on " << workers << " workers");
            bf::runtime rt{both::small_runtime(workers)};
            long waits = 0;
            const auto calls = calls_when_warm(rt, [&] { waits = work(rt, on); });
            CHECK(calls == 0);
            CHECK(waits >= repetitions);
        }
}

}  // namespace tests
