// A task from outside in front of workers that have enough of their own: from its spawn to its run, by how often they
// look at the global queue. Their own tasks are turns of a microsecond.
#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/base/detail/clock.hpp>

#include <algorithm>
#include <thread>

#include "questions.hpp"
#include "toil.hpp"

namespace bifilar::experiments {

namespace {

constexpr std::size_t spawns = 300;
constexpr int busy_tasks = 16;
constexpr std::uint32_t both_workers = 2;

// Set by the thread outside, read by all tasks. Relaxed: nothing hangs on when they see it.
using flag = base::atomic<bool>;

task<> be_busy(const flag* over) {
    while (!over->load(base::relaxed)) {  // Relaxed: see flag.
        toil();
        co_await yield_now();
    }
}

task<> arrive(base::instant_ns spawned_ns, double* waited_us) {
    *waited_us = static_cast<double>(base::now_ns() - spawned_ns) / 1'000;
    co_return;
}

sample arrive_before_busy_workers(std::uint32_t fixed_interval) {
    constexpr std::chrono::milliseconds between{1};
    const pinned here{2};
    ruled_runtime made{ruled{both_workers, {.fixed_global_interval = fixed_interval}, pin::core}};
    flag over{false};
    std::vector<join_handle<void>> busy;
    for (int n = 0; n < busy_tasks; ++n) busy.push_back(made.spawn(backend::stackless, be_busy, &over));
    std::vector<double> waits_us(spawns, -1);
    std::vector<join_handle<void>> arrivals;
    for (double& wait_us : waits_us) {
        std::this_thread::sleep_for(between);  // A pace, not an order: they may arrive in any.
        arrivals.push_back(made.spawn(backend::stackless, arrive, base::now_ns(), &wait_us));
    }
    for (auto& arrival : arrivals) arrival.join();
    over.store(true, base::relaxed);  // Relaxed: see flag.
    for (auto& one : busy) one.join();
    const auto arrived = static_cast<std::uint64_t>(std::ranges::count_if(waits_us, [](double us) { return us >= 0; }));
    std::ranges::sort(waits_us);
    return {waits_us[spawns / 2], arrived, {{"p99_us", waits_us[spawns * 99 / 100]}}};
}

}  // namespace

void add_global_check(experiment& all) {
    workload work{
        "global_check", "a task from outside, two workers busy with turns of a microsecond, from spawn to run",
        "us",           both_workers,
        spawns,         {}};
    const std::vector<std::pair<std::string, std::uint32_t>> intervals = {
        {"adaptive", 0}, {"every 8", 8}, {"every 61", 61}, {"every 255", 255}};
    for (const auto& [name, interval] : intervals)
        work.contenders.push_back({name, [=] { return arrive_before_busy_workers(interval); }});
    work.quick_repetitions = 2;
    all.add(std::move(work));
}

}  // namespace bifilar::experiments
