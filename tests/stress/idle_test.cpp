// What an idle runtime costs: processor time and context switches over ten seconds, counted by the kernel.
#include "catch.hpp"
#include <bifilar/bifilar.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <sys/resource.h>
#include <thread>

namespace bf = bifilar;

namespace {

struct use {
    double processor_ms = 0;
    long switches = 0;
};

use now() {
    rusage all{};
    ::getrusage(RUSAGE_SELF, &all);
    const auto ms = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_usec) / 1e3;
    };
    return {ms(all.ru_utime) + ms(all.ru_stime), all.ru_nvcsw + all.ru_nivcsw};
}

}  // namespace

TEST_CASE("an_idle_runtime_of_four_workers_sleeps_for_ten_seconds", "[.][nightly]") {
    bf::runtime_options options;
    options.workers = 4;
    bf::event never;  // Outlives the tasks that wait for it, which end with the runtime.
    bf::runtime rt{options};
    // Both kinds of task are there, parked, and a timer far away.
    auto coroutine = rt.spawn([](bf::event& e) -> bf::task<> { co_await e.wait(); }, std::ref(never));
    auto fiber = rt.spawn(
        bf::backend::stackful, [](bf::event& e) { bf::await(e.wait()); }, std::ref(never));
    auto late = rt.spawn([]() -> bf::task<> { co_await bf::sleep_for(std::chrono::hours{1}); });
    double share = 1;
    std::uint64_t sleeps = 1;
    // Again where the workers had not come to rest when the count began, as on a busy machine.
    for (int attempt = 0; attempt < 5 && (share >= 0.001 || sleeps != 0); ++attempt) {
        std::this_thread::sleep_for(std::chrono::milliseconds{200});
        const auto parked = rt.stats().total().parked;
        const use before = now();
        std::this_thread::sleep_for(std::chrono::seconds{10});
        const use after = now();
        sleeps = rt.stats().total().parked - parked;
        share = (after.processor_ms - before.processor_ms) / 10'000;
        std::printf(
            "idle for 10 s: %.2f ms of processor time (%.4f %% of a core), %ld context switches, this thread's own 1 "
            "among them\n",
            after.processor_ms - before.processor_ms, share * 100, after.switches - before.switches);
    }
    CHECK(share < 0.001);
    CHECK(sleeps == 0);
}
