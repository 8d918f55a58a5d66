// Question: what does it cost to spawn a task and await it, one at a time and many at once?
// Unit: nanoseconds a task. Threats: warm pools against cold ones, two virtual processors.
#include <algorithm>
#include <harness/peers.hpp>
#include <harness/worker_counts.hpp>

#include "contenders.hpp"

namespace bifilar::experiments {

namespace {

// Where a rule looks at what differs from one repetition to the next.
constexpr int often = 21;

void add_sequential(experiment& all, std::uint64_t tasks, bool threads) {
    workload work{"sequential",  "spawn and await, one after the other, one worker",
                  "ns per task", static_cast<double>(tasks),
                  tasks,         {}};
    work.contenders = {
        {"coroutine", [=] { return spawn_sequential(backend::stackless, tasks); }},
        {"fiber", [=] { return spawn_sequential(backend::stackful, tasks); }},
        {"coroutine, through the queue", [=] { return spawn_scheduled(backend::stackless, tasks); }},
        {"fiber, through the queue", [=] { return spawn_scheduled(backend::stackful, tasks); }},
    };
    if (threads) work.contenders.push_back({"thread", [=] { return threads_sequential(tasks); }});
    const peer_arguments sequential{"sequential", std::to_string(tasks)};
    add_peers(all, work, go_and_tokio(sequential));
    if (tasks <= 10'000) {
        add_peers(all, work, {python(sequential), node(sequential), asio(sequential), boost_fiber(sequential)});
        add_peers(all, work, {ruby(sequential), libuv(sequential)}, 1, true);
        work.repetitions = often;
    }
    all.add(std::move(work));
}

// A rule compares those that are awaited with those that are let go, within a few percent.
std::string in_turns_of(std::uint64_t tasks) { return "spawn " + std::to_string(tasks); }

void add_concurrent(experiment& all, std::uint64_t tasks) {
    workload work{
        "concurrent", "spawn n, then await all, one worker", "ns per task", static_cast<double>(tasks), tasks, {}};
    work.contenders = {
        {"coroutine", [=] { return spawn_concurrent(backend::stackless, tasks, 1); }},
        {"fiber", [=] { return spawn_concurrent(backend::stackful, tasks, 1); }},
    };
    if (tasks <= 10'000) work.contenders.push_back({"thread", [=] { return threads_concurrent(tasks); }});
    const peer_arguments concurrent{"concurrent", std::to_string(tasks)};
    add_peers(all, work, go_and_tokio(concurrent));
    add_peers(all, work, {python(concurrent), node(concurrent), asio(concurrent), boost_fiber(concurrent)});
    work.in_turns = in_turns_of(tasks);
    if (tasks == 100'000) work.repetitions = often;
    all.add(std::move(work));
}

void add_let_go(experiment& all, std::uint64_t tasks) {
    workload work{"let_go", "spawn n and let them go, one worker", "ns per task", static_cast<double>(tasks), tasks,
                  {}};
    work.contenders = {
        {"coroutine", [=] { return spawn_and_let_go(backend::stackless, tasks); }},
        {"fiber", [=] { return spawn_and_let_go(backend::stackful, tasks); }},
    };
    add_peers(all, work, go_and_tokio({"let_go", std::to_string(tasks)}));
    work.in_turns = in_turns_of(tasks);
    if (tasks == 100'000) work.repetitions = often;
    all.add(std::move(work));
}

void add_million(experiment& all) {
    constexpr std::uint64_t tasks = 1'000'000;
    workload work{"million",     "spawn 1,000,000, increment, join all, two workers",
                  "ns per task", static_cast<double>(tasks),
                  tasks,         {}};
    work.contenders = {
        {"coroutine", [=] { return spawn_concurrent(backend::stackless, tasks, 2); }},
        {"fiber", [=] { return spawn_concurrent(backend::stackful, tasks, 2); }},
    };
    work.repetitions = 10;
    work.quick_repetitions = 1;
    work.warm_up = 0;
    add_peers(all, work, go_and_tokio({"million", std::to_string(tasks), "2"}), 2);
    all.add(std::move(work));
}

// The same work on ever more workers.
void add_by_workers(experiment& all) {
    constexpr std::uint64_t tasks = 100'000;
    for (const std::uint32_t count : all.options().workers) {
        workload work{"by_workers",  "spawn 100,000, increment, join all, " + workers_here(count),
                      "ns per task", static_cast<double>(count),
                      tasks,         {}};
        work.contenders = {
            {"coroutine", [=] { return spawn_concurrent(backend::stackless, tasks, count); }},
            {"fiber", [=] { return spawn_concurrent(backend::stackful, tasks, count); }},
        };
        add_peers(all, work, go_and_tokio({"million", std::to_string(tasks), std::to_string(count)}), count);
        all.add(std::move(work));
    }
}

}  // namespace

}  // namespace bifilar::experiments

int main(int argc, char** argv) {
    using namespace bifilar::experiments;
    experiment all{"spawn", 11, 3};
    all.parse(argc, argv);
    add_sequential(all, 10'000, true);
    add_sequential(all, 1'000'000, false);
    for (const std::uint64_t tasks : {1'000, 10'000, 50'000, 100'000}) {
        add_concurrent(all, tasks);
        if (tasks == 10'000 || tasks == 100'000) add_let_go(all, tasks);
    }
    add_million(all);
    add_by_workers(all);
    return all.run();
}
