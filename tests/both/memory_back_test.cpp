// A burst of tasks of both models, and then nothing: the runtime gives back the memory that they had.
// Method: the pause after which unneeded memory goes back is a millisecond here; the main thread looks at the runtime's
// stats until it has, however long that takes.
#include "both/in_each_model.hpp"
#include <bifilar/base/detail/sanitizer.hpp>
#include <bifilar/memory/detail/frame_pool.hpp>
#include <bifilar/runtime/detail/tuned_runtime.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <malloc.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace both;

#if !defined(BIFILAR_ASAN)  // There every frame is a malloc of its own.

namespace {

#if defined(BIFILAR_TSAN)
constexpr int many_coroutines = 20'000;
constexpr int many_fibers = 1'000;
#else
constexpr int many_coroutines = 100'000;
constexpr int many_fibers = 10'000;
#endif

constexpr bf::sched::tuning quick_to_trim{.trim_pause_ms = 1};

bf::task<> waits(bf::event& go, std::atomic<int>& alive) {
    ++alive;
    co_await go.wait();
    --alive;
}

void waits_in_a_fiber(bf::event& go, std::atomic<int>& alive) {
    ++alive;
    bf::await(go.wait());
    --alive;
}

// So many at once, until all have ended.
void burst(bf::runtime& rt, int coroutines, int fibers) {
    bf::event go;
    std::atomic<int> alive{0};
    rt.run([&] {
        bf::task_scope scope;
        for (int n = 0; n < coroutines; ++n) (void)scope.spawn(waits, std::ref(go), std::ref(alive));
        for (int n = 0; n < fibers; ++n)
            (void)scope.spawn(bf::backend::stackful, waits_in_a_fiber, std::ref(go), std::ref(alive));
        while (alive != coroutines + fibers) bf::this_fiber::yield();
        go.set();
    });
}

// Under ThreadSanitizer most of it is its own.
std::size_t resident_bytes() {
#if defined(BIFILAR_TSAN)
    return 0;
#else
    std::FILE* const file = std::fopen("/proc/self/statm", "r");
    REQUIRE(file != nullptr);
    unsigned long total = 0;
    unsigned long resident = 0;
    const int read = std::fscanf(file, "%lu %lu", &total, &resident);
    std::fclose(file);
    REQUIRE(read == 2);
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
#endif
}

#if !defined(BIFILAR_TSAN)
// Holds as many bytes as a buffer has, until all do.
bf::task<> holds_a_buffer(bf::unix_stream from, bf::latch& all_hold) {
    bf::receive_stream all = from.receive_all();
    std::vector<bf::received_bytes> held;
    for (std::size_t bytes = 0; bytes < bf::received_bytes::most; bytes += held.back().size())
        held.push_back((co_await all.next()).value());
    all_hold.count_down();
    co_await all_hold.wait();
}

void burst_of_connections(bf::runtime& rt, bf::backend on, std::size_t connections) {
    rt.run([&] {
        const std::vector<std::byte> sent(bf::received_bytes::most, std::byte{1});
        std::vector<bf::unix_stream> near;
        bf::latch all_hold{connections};
        bf::task_scope scope;
        for (std::size_t n = 0; n < connections; ++n) {
            auto ends = bf::unix_stream::pair().value();
            near.push_back(std::move(ends.first));
            (void)scope.spawn(on, holds_a_buffer, std::move(ends.second), std::ref(all_hold));
        }
        for (bf::unix_stream& one : near) bf::await(one.write_all(sent)).value();
    });
}
#endif

// What there may be of something in the end: ten percent more, and a little that the main thread keeps, or malloc.
std::uint64_t about(std::uint64_t at_start, std::uint64_t kept) { return at_start + at_start / 10 + kept; }
bool frames_are_back(const bf::runtime_stats& now, const bf::runtime_stats& start) {
    return now.frame_bytes <= about(start.frame_bytes, std::size_t{128} << 10);
}
bool stacks_are_back(const bf::runtime_stats& now, const bf::runtime_stats& start) {
    return now.stacks_taken + now.stacks_free <= about(start.stacks_taken + start.stacks_free, 64);
}
#if !defined(BIFILAR_TSAN)
// Each worker's driver keeps 128 buffers of 20 KiB for the next connections.
bool buffers_are_back(std::size_t resident_at_start, std::size_t workers) {
    return resident_bytes() <=
           about(resident_at_start, workers * 128 * bf::received_bytes::most + (std::size_t{1} << 20));
}
#endif

}  // namespace

TEST_CASE("a_burst_and_then_idleness_gives_frames_and_stacks_back") {
    for (const unsigned workers : {1U, 2U}) {
        INFO("workers: " << workers);
        bf::detail::tuned_runtime rt{small_runtime(workers), quick_to_trim};
        burst(rt, 1'000, 100);
        const bf::runtime_stats start = rt.stats();
        const std::size_t resident_at_start = resident_bytes();
        CHECK(start.frame_bytes > 0);
        CHECK(start.stacks_taken + start.stacks_free >= 100);
        burst(rt, many_coroutines, many_fibers);
        // Nobody gives the workers anything to do: each wakes by itself a few times, and then no more.
        bf::runtime_stats now = rt.stats();
        while (!frames_are_back(now, start) || !stacks_are_back(now, start) ||
               resident_bytes() > about(resident_at_start, std::size_t{1} << 20)) {
            std::this_thread::yield();
            now = rt.stats();
        }
        CHECK(now.unused_frame_bytes <= now.frame_bytes);
    }
}

#if !defined(BIFILAR_TSAN)
TEST_CASE("a_burst_of_connections_and_then_idleness_gives_buffers_back") {
    for (const bf::backend on : {bf::backend::stackless, bf::backend::stackful}) {
        bf::detail::tuned_runtime rt{small_runtime(1), quick_to_trim};
        burst_of_connections(rt, on, 10);
        const std::size_t at_start = resident_bytes();
        burst_of_connections(rt, on, 400);
        do {
            std::this_thread::yield();
            ::malloc_trim(0);  // What the C library keeps is not the runtime's.
        } while (!buffers_are_back(at_start, 1));
    }
}
#endif

#if !defined(BIFILAR_TSAN)
// With the pauses that applications have. BIFILAR_IDLE_MINUTES: another number than 60.
TEST_CASE("a_long_burst_and_then_an_idle_hour_leave_what_there_was_before", "[.][nightly]") {
    constexpr std::chrono::minutes long_burst{1};
    const char* const given = std::getenv("BIFILAR_IDLE_MINUTES");
    const std::chrono::minutes idle{given != nullptr ? std::stoi(given) : 60};
    bf::runtime rt{small_runtime(2)};
    const auto burst_of_all = [&rt](int coroutines, int fibers, std::size_t connections) {
        burst(rt, coroutines, fibers);
        for (const bf::backend on : {bf::backend::stackless, bf::backend::stackful})
            burst_of_connections(rt, on, connections);
    };
    burst_of_all(1'000, 100, 10);
    const bf::runtime_stats start = rt.stats();
    const std::size_t resident_at_start = resident_bytes();
    const auto until = std::chrono::steady_clock::now() + long_burst;
    while (std::chrono::steady_clock::now() < until) burst_of_all(many_coroutines, many_fibers, 400);
    const std::size_t resident_at_end = resident_bytes();
    const std::clock_t worked = std::clock();
    std::this_thread::sleep_for(idle);
    const double idle_ms = static_cast<double>(std::clock() - worked) * 1e3 / CLOCKS_PER_SEC;
    const bf::runtime_stats now = rt.stats();
    ::malloc_trim(0);  // What the C library keeps is not the runtime's.
    std::printf("resident: %zu KiB before, %zu behind the burst, %zu after %d idle minutes, which took %.1f ms\n",
                resident_at_start >> 10, resident_at_end >> 10, resident_bytes() >> 10, static_cast<int>(idle.count()),
                idle_ms);
    CHECK(frames_are_back(now, start));
    CHECK(stacks_are_back(now, start));
    CHECK(buffers_are_back(resident_at_start, 2));
}
#endif

TEST_CASE("a_runtime_keeps_no_more_spare_stacks_than_it_was_told_to") {
    bf::runtime_options options = small_runtime(1);
    options.spare_stacks = 200;
    bf::runtime rt{options};
    burst(rt, 0, many_fibers);
    // A slab has 64 stacks at most, and the worker keeps as many warm.
    CHECK(rt.stats().stacks_free <= 200 + 64);
    CHECK(rt.stats().stacks_taken <= 64 + 1);
}

TEST_CASE("the_end_of_the_last_runtime_gives_all_frames_back") {
    std::size_t before = 0;
    for (int round = 0; round < 2; ++round) {
        bf::runtime rt{small_runtime(2)};
        burst(rt, round == 0 ? 1'000 : many_coroutines, 0);
        if (round == 0) before = rt.stats().frame_bytes;
        if (round == 1) CHECK(rt.stats().frame_bytes > 10 * before);
    }
    CHECK(bf::detail::frame_pool_bytes() <= before);
}

#endif
