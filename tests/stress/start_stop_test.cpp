// Runtimes that start and stop with everything in flight: each ends, and what a thousand of them leave behind is what
// the first of them left.
// Method: runtimes of one to three workers, by a seed. In each some of: coroutines that sleep, fibers that wait for a
// channel, a server whose accept is pending, a stream whose read is, blocking calls that run and that wait for a
// thread, tasks that yield for ever, a foreign thread that spawns meanwhile. Some are joined first, most are stopped at
// once. BIFILAR_STARTS: another number than the million of the nightly form.
#include "counted.hpp"
#include "descriptors.hpp"
#include "effort.hpp"
#include "io/stream_pair.hpp"
#include "seed.hpp"
#include <bifilar/base/detail/random.hpp>
#include <bifilar/base/detail/sanitizer.hpp>
#include <bifilar/bifilar.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <thread>
#include <unistd.h>
#include <utility>

namespace bf = bifilar;
using namespace std::chrono_literals;

namespace {

// Each task holds one from its spawn on, whether it comes to start or not.
using counted_life = std::unique_ptr<tests::counted>;
counted_life life(std::atomic<int>& alive) { return std::make_unique<tests::counted>(alive); }

bf::task<void> sleep_long(counted_life) { co_await bf::sleep_for(1h); }
bf::task<void> yield_for_ever(counted_life) {
    for (;;) co_await bf::yield_now();
}
bf::task<void> accept_one(counted_life, bf::tcp_listener from) { (void)co_await from.accept(); }
bf::task<void> read_some(counted_life, bf::tcp_stream from) {
    std::array<std::byte, 16> buffer;
    (void)co_await from.read(buffer);
}

// Starts each kind of work with the chance of a half; what the runtime refuses, as it is stopping, is not started.
void start_work(bf::runtime& rt, bf::base::random& random, std::atomic<int>& alive, bf::channel<int>& never) {
    const auto perhaps = [&](auto start) {
        const bf::backend on = random.below(2) == 0 ? bf::backend::stackless : bf::backend::stackful;
        if (random.below(2) == 0) start(on);
    };
    perhaps([&](bf::backend on) { rt.spawn(on, sleep_long, life(alive)).detach(); });
    perhaps([&](bf::backend on) { rt.spawn(on, yield_for_ever, life(alive)).detach(); });
    perhaps([&](bf::backend) {
        rt.spawn(bf::backend::stackful, [&never, counted = life(alive)] { (void)bf::await(never.recv()); }).detach();
    });
    perhaps([&](bf::backend on) {
        rt.spawn(on, accept_one, life(alive), bf::tcp_listener::bind("127.0.0.1:0").value()).detach();
    });
    perhaps([&](bf::backend on) {
        tests::stream_pair pair;
        rt.spawn(on, read_some, life(alive), std::move(pair.near)).detach();
    });
    perhaps([&](bf::backend on) {
        rt.spawn(on, [] { return bf::spawn_blocking([] { std::this_thread::yield(); }); }).join();
    });
}

// Whether all tasks have ended with their runtime.
bool start_and_stop(bf::base::random& random) {
    std::atomic<int> alive{0};
    {
        bf::channel<int> never{0};
        bf::runtime_options options;
        options.workers = static_cast<std::uint32_t>(1 + random.below(3));
        options.stack_bytes = 64 * 1024;
        options.max_blocking_threads = 1;
        bf::runtime rt{options};
        std::jthread foreign;
        if (random.below(4) == 0)
            foreign = std::jthread{[&rt, &alive] {
                try {
                    for (int i = 0; i != 3; ++i) rt.spawn(sleep_long, life(alive)).detach();
                } catch (const std::logic_error&) {
                }  // It has stopped.
            }};
        start_work(rt, random, alive, never);
        if (random.below(2) == 0) (void)rt.shutdown(std::chrono::steady_clock::now());
        if (foreign.joinable()) foreign.join();
    }
    return alive == 0;
}

std::size_t resident_bytes() {
    std::size_t all = 0;
    std::size_t resident = 0;
    std::ifstream{"/proc/self/statm"} >> all >> resident;
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

void start_and_stop_often(std::uint64_t count) {
    bf::base::random random{tests::seed_of_this_run("start_stop")};
    const std::uint64_t warm_up = count / 10;
    std::size_t open = 0;
    std::size_t resident = 0;
    for (std::uint64_t i = 0; i != count; ++i) {
        if (i == warm_up) {
            open = tests::open_descriptors();
            resident = resident_bytes();
        }
        if (!start_and_stop(random)) FAIL("tasks outlived runtime " << i);
    }
    const auto grown = static_cast<std::ptrdiff_t>(resident_bytes() - resident);
    std::printf("start_stop: %llu runtimes, resident memory %+td bytes since the %lluth\n",
                static_cast<unsigned long long>(count), grown, static_cast<unsigned long long>(warm_up));
    CHECK(tests::open_descriptors() == open);
#if !defined(BIFILAR_ASAN) && !defined(BIFILAR_TSAN)
    CHECK(grown < std::ptrdiff_t{4} << 20);  // What malloc keeps between one runtime and the next varies.
#endif
}

}  // namespace

TEST_CASE("runtimes_start_and_stop_with_work_in_flight") {
#if defined(BIFILAR_ASAN) || defined(BIFILAR_TSAN)
    start_and_stop_often(100);
#else
    start_and_stop_often(tests::rounds_of(1'000));
#endif
}

TEST_CASE("a_million_runtimes_start_and_stop_with_work_in_flight", "[.][nightly]") {
    const char* const given = std::getenv("BIFILAR_STARTS");
    start_and_stop_often(given != nullptr ? std::strtoull(given, nullptr, 10) : 1'000'000);
}
