// Waits that do not hold up the thread: many for the clock on one worker, and many for one event that is set.
// For comparison the same waits in a pool of few threads, which do hold them up.
#include <chrono>
#include <cstdint>
#include <harness/measure.hpp>
#include <harness/meeting.hpp>
#include <harness/peers.hpp>
#include <harness/process.hpp>
#include <stdexcept>
#include <thread>
#include <vector>

#include "workloads.hpp"

namespace bifilar::experiments {

namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t waits = 64;
constexpr milliseconds wait_time{100};

task<std::uint64_t> wait_in_a_coroutine() {
    co_await sleep_for(wait_time);
    co_return 1;
}

std::uint64_t wait_in_a_fiber() {
    await(sleep_for(wait_time));
    return 1;
}

std::uint64_t wait_in_a_thread() {
    std::this_thread::sleep_for(wait_time);
    return 1;
}

// ms from the first start to the last end. `start()` starts one.
template <class Start>
task<sample> wait_for_all(Start start) {
    std::vector<join_handle<std::uint64_t>> handles;
    handles.reserve(waits);
    const stopwatch watch;
    for (std::uint64_t n = 0; n < waits; ++n) handles.push_back(start());
    std::uint64_t ended = 0;
    for (auto& one : handles) ended += co_await one;
    co_return sample{static_cast<double>(watch.ns()) / 1e6, ended, {}};
}

template <class Start>
sample all_wait(Start start, std::uint32_t blocking_threads = 512) {
    const pinned here{1};
    runtime_options options = workers(1);
    options.max_blocking_threads = blocking_threads;
    runtime made{options};
    return made.run(wait_for_all<Start>, start);
}

sample coroutines_wait() {
    return all_wait([] { return spawn(backend::stackless, wait_in_a_coroutine); });
}
sample fibers_wait() {
    return all_wait([] { return spawn(backend::stackful, wait_in_a_fiber); });
}
sample threads_wait() {
    return all_wait([] { return spawn_blocking(wait_in_a_thread); }, 8);
}

void fiber_visitor(meeting* at) {
    ++at->arrived;
    await(at->gate.wait());
    at->leave();
}

// `start(meeting*)` starts one task. Runs as a coroutine, on the worker's own stack.
template <class Start>
task<sample> meet(std::uint64_t tasks, Start start) {
    meeting at;
    at.expected = tasks;
    std::vector<join_handle<void>> handles;
    handles.reserve(tasks);
    for (std::uint64_t n = 0; n < tasks; ++n) handles.push_back(start(&at));
    while (at.arrived != tasks) co_await yield_now();
    const auto set = std::chrono::steady_clock::now();
    at.gate.set();
    for (auto& one : handles) co_await one;
    const std::chrono::duration<double, std::nano> elapsed = at.last_left - set;
    co_return sample{elapsed.count() / static_cast<double>(tasks), at.left, {}};
}

template <class Start>
sample wake_all(std::uint64_t tasks, Start start) {
    const pinned here{1};
    runtime made{workers(1)};
    (void)made.run(meet<Start>, std::uint64_t{64}, start);
    return made.run(meet<Start>, tasks, start);
}

sample wake_coroutines(std::uint64_t tasks) {
    return wake_all(tasks, [](meeting* at) { return spawn(backend::stackless, coroutine_visitor, at); });
}
sample wake_futures(std::uint64_t tasks) {
    return wake_all(tasks, [](meeting* at) { return spawn(backend::stackless, hand_visitor{at}); });
}
sample wake_fibers(std::uint64_t tasks) {
    constexpr std::int64_t needed_for_many = std::int64_t{3} << 30;
    if (tasks > 100'000 && bytes_after("/proc/meminfo", "MemAvailable:") < needed_for_many)
        throw std::runtime_error{"300,000 stacks want 3 GiB of memory, and the machine has less to give"};
    return wake_all(tasks, [](meeting* at) { return spawn(backend::stackful, fiber_visitor, at); });
}

void add_waits(experiment& all) {
    workload work{"waits",
                  "tasks on one worker that wait 100 ms",
                  "ms until the last has ended",
                  static_cast<double>(waits),
                  waits,
                  {}};
    work.isolated = true;
    work.warm_up = 0;
    work.contenders = {{"coroutine", coroutines_wait}, {"fiber", fibers_wait}, {"pool of 8 threads", threads_wait}};
    const peer_arguments arguments{"waits", std::to_string(waits), std::to_string(wait_time.count())};
    add_peers(all, work, {go(arguments), tokio(arguments), python(arguments)});
    all.add(std::move(work));
}

void add_wake_all(experiment& all, std::uint64_t tasks) {
    workload work{"wake_all",    "tasks that wait for one event, which is set",
                  "ns per task", static_cast<double>(tasks),
                  tasks,         {}};
    work.isolated = true;
    work.warm_up = 0;
    work.repetitions = tasks > 100'000 ? 10 : 0;
    work.quick_repetitions = tasks > 10'000 ? 1 : 0;
    work.contenders = {{"coroutine", [=] { return wake_coroutines(tasks); }},
                       {"future by hand", [=] { return wake_futures(tasks); }},
                       {"fiber", [=] { return wake_fibers(tasks); }}};
    add_peers(all, work, go_and_tokio({"wake_all", std::to_string(tasks)}));
    all.add(std::move(work));
}

}  // namespace

void add_waking(experiment& all) {
    add_waits(all);
    for (const std::uint64_t tasks : {10'000, 100'000, 300'000}) add_wake_all(all, tasks);
}

}  // namespace bifilar::experiments
