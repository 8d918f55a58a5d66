// What a task costs the others that keeps its worker, and what it costs to look for such tasks.
#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/base/detail/clock.hpp>
#include <bifilar/bifilar.hpp>
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <harness/histogram.hpp>
#include <harness/measure.hpp>
#include <harness/process.hpp>
#include <unistd.h>
#include <utility>
#include <vector>

#include "workloads.hpp"

namespace bifilar::experiments {

namespace {

constexpr std::uint32_t both_workers = 2;
constexpr std::uint64_t turns = 10'000'000;
constexpr std::uint64_t healthy_tasks = 16;
constexpr std::uint64_t sleeps = 500;
constexpr std::chrono::milliseconds between{1};
constexpr std::chrono::milliseconds stall{100};

// Set by the thread outside, read by all tasks. Relaxed: nothing hangs on when they see it.
using flag = base::atomic<bool>;

runtime_options watched(std::uint32_t count, std::chrono::milliseconds limit) {
    runtime_options options = workers(count);
    options.stall_limit = limit;
    options.on_stall = [](const task_stall&) {};
    return options;
}

// Sleeps that are due at once every so often: by how much each is late.
task<> be_healthy(histogram* late) {
    for (std::uint64_t n = 0; n < sleeps; ++n) {
        const base::instant_ns due = base::now_ns() + std::chrono::nanoseconds{between}.count();
        co_await sleep_for(between);
        late->add(static_cast<std::uint64_t>(std::max<base::instant_ns>(0, base::now_ns() - due)));
    }
}

// Half of the time, so that there is something to compare.
task<> stall_now_and_then(const flag* over) {
    while (!over->load(base::relaxed)) {  // Relaxed: see flag.
        const base::instant_ns end = base::now_ns() + std::chrono::nanoseconds{stall}.count();
        while (base::now_ns() < end) base::spin_pause();
        co_await sleep_for(stall);
    }
}

sample wait_beside(bool stalls) {
    const pinned here{2};
    runtime made{workers(both_workers)};
    flag over{false};
    std::vector<histogram> late(healthy_tasks);
    std::vector<join_handle<void>> handles;
    for (histogram& one : late) handles.push_back(made.spawn(be_healthy, &one));
    std::vector<join_handle<void>> stallers;
    if (stalls) stallers.push_back(made.spawn(stall_now_and_then, &over));
    for (auto& one : handles) one.join();
    over.store(true, base::relaxed);  // Relaxed: see flag.
    for (auto& one : stallers) one.join();
    std::uint64_t count = 0;
    std::vector<double> p999_us;
    for (const histogram& one : late) {
        count += one.count();
        p999_us.push_back(static_cast<double>(one.percentile(0.999)) / 1e3);
    }
    // Of the tasks the one that is worst off, and the middle one.
    std::ranges::sort(p999_us);
    return {p999_us[healthy_tasks / 2], count, {{"worst_p999_us", p999_us.back()}}};
}

// Two tasks on one worker that take turns. All that the process takes counts, with the thread that looks.
task<> take_turns(std::uint64_t count) {
    for (std::uint64_t n = 0; n < count; ++n) co_await yield_now();
}

sample turns_watched(std::chrono::milliseconds limit) {
    const pinned here{1};
    runtime made{watched(1, limit)};
    const std::uint64_t began_ns = processor_ns(::getpid());
    auto one = made.spawn(take_turns, turns);
    auto other = made.spawn(take_turns, turns);
    one.join();
    other.join();
    const auto lasted_ns = static_cast<double>(processor_ns(::getpid()) - began_ns);
    return {lasted_ns / static_cast<double>(2 * turns), made.stats().total().completed, {}};
}

}  // namespace

void add_stalls(experiment& all) {
    workload beside{"beside",
                    "the p99.9 of how late a sleep of 1 ms is, 16 tasks on two workers",
                    "us",
                    static_cast<double>(healthy_tasks),
                    healthy_tasks * sleeps,
                    {}};
    beside.contenders = {{"by themselves", [] { return wait_beside(false); }},
                         {"beside a task that spins for 100 ms", [] { return wait_beside(true); }}};
    all.add(std::move(beside));
    workload watch{
        "watched", "a yield of one of two tasks, one worker", "ns of processor time", static_cast<double>(turns), 2,
        {}};
    for (const auto& [name, limit] :
         {std::pair{"nobody looks", 0}, std::pair{"limit of 10 ms", 10}, std::pair{"limit of 1 ms", 1}})
        watch.contenders.push_back({name, [=] { return turns_watched(std::chrono::milliseconds{limit}); }});
    watch.repetitions = 31;
    all.add(std::move(watch));
}

}  // namespace bifilar::experiments
