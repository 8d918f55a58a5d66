// A dump of so many parked tasks, while each worker runs others without a break. The oracle counts the parked ones in
// the dump: each is in it once.
#include <algorithm>
#include <atomic>
#include <bifilar/bifilar.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <harness/measure.hpp>
#include <thread>
#include <utility>
#include <vector>

#include "workloads.hpp"

namespace bifilar::experiments {

namespace {

enum class mix : std::uint8_t { coroutines, fibers, both };

task<> wait_in_coroutine(event& until) { co_await until.wait(); }

// As deep as a handler of a request may be.
[[gnu::noinline]] void wait_in_fiber(event& until, int depth) {
    if (depth == 0)
        await(until.wait());
    else
        wait_in_fiber(until, depth - 1);
    asm("");  // So that the call above is not the last thing.
}

task<> turn(const std::atomic<bool>& enough) {
    while (!enough.load(std::memory_order_relaxed)) co_await yield_now();
}

struct figures {
    std::chrono::nanoseconds longest_pause;
    std::chrono::nanoseconds whole;
    std::uint32_t pauses;
    std::uint64_t parked;
};

figures dump(mix of, std::uint64_t tasks) {
    constexpr std::uint32_t count_of_workers = 2;
    event until;
    std::atomic<bool> enough = false;
    runtime made{workers(count_of_workers)};
    std::vector<join_handle<void>> handles;
    handles.reserve(tasks + 2 * count_of_workers);
    for (std::uint64_t n = 0; n < tasks; ++n) {
        if (of == mix::fibers || (of == mix::both && n % 2 == 0))
            handles.push_back(made.spawn(backend::stackful, [&until] { wait_in_fiber(until, 4); }));
        else
            handles.push_back(made.spawn(wait_in_coroutine, std::ref(until)));
    }
    while (made.stats().total().polled < tasks) std::this_thread::yield();
    for (std::uint32_t n = 0; n < 2 * count_of_workers; ++n) handles.push_back(made.spawn(turn, std::cref(enough)));
    const auto begin = std::chrono::steady_clock::now();
    const runtime_dump seen = made.dump();
    const auto whole = std::chrono::steady_clock::now() - begin;
    const auto parked = std::ranges::count(seen.tasks(), dumped_task::state::parked, &dumped_task::now);
    enough = true;
    until.set();
    for (auto& one : handles) one.join();
    return {seen.longest_pause(), whole, seen.pauses(), static_cast<std::uint64_t>(parked)};
}

void add_dump(experiment& all, std::uint64_t tasks, bool pause) {
    const auto microseconds = [](std::chrono::nanoseconds time) { return static_cast<double>(time.count()) / 1e3; };
    workload work{pause ? "pause" : "dump",
                  pause ? "the longest stop of the workers in a dump of so many tasks" : "a dump of so many tasks",
                  "us",
                  static_cast<double>(tasks),
                  tasks,
                  {}};
    for (const auto& [name, of] : {std::pair{"coroutines", mix::coroutines}, std::pair{"fibers", mix::fibers},
                                   std::pair{"both, half and half", mix::both}})
        work.contenders.push_back({name, [=] {
                                       const figures one = dump(of, tasks);
                                       return sample{microseconds(pause ? one.longest_pause : one.whole),
                                                     one.parked,
                                                     {{"pauses", static_cast<double>(one.pauses)}}};
                                   }});
    all.add(std::move(work));
}

}  // namespace

void add_dumps(experiment& all) {
    for (const std::uint64_t tasks : {1'000, 10'000, 100'000}) add_dump(all, tasks, true);
    for (const std::uint64_t tasks : {1'000, 10'000, 100'000}) add_dump(all, tasks, false);
}

}  // namespace bifilar::experiments
