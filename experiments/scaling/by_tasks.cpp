// The cost of a task, from a thousand at once to ten millions, on one worker. Where there is not the memory for so
// many, the report says so.
#include <algorithm>
#include <harness/process.hpp>

#include "../spawn/contenders.hpp"
#include "questions.hpp"
#include "turns.hpp"

namespace bifilar::experiments {

namespace {

constexpr std::uint64_t max_fibers = 1'000'000;
constexpr std::uint64_t operations = 2'000'000;  // Of each workload, two a task at the least.

// With its page tables, its handle and some to spare; two runs have the same memory.
std::int64_t bytes_of(backend on) { return on == backend::stackful ? 5'000 : 400; }

void want_memory(backend on, std::uint64_t tasks) {
    const std::int64_t wanted = bytes_of(on) * static_cast<std::int64_t>(tasks);
    const std::int64_t available = bytes_after("/proc/meminfo", "MemAvailable:");
    if (available < wanted + wanted / 4)
        throw std::runtime_error{"so many take about " + std::to_string(wanted >> 20) + " MiB, and " +
                                 std::to_string(available >> 20) + " MiB are to be had"};
}

// `run(on, each)`: each task has so many turns.
template <class Run>
void add(experiment& all, const std::string& id, const std::string& title, const std::string& unit, std::uint64_t tasks,
         std::uint64_t each, Run run) {
    workload work{id, title, unit, static_cast<double>(tasks), tasks * each, {}};
    for (const backend on : {backend::stackless, backend::stackful}) {
        if (on == backend::stackful && tasks > max_fibers) continue;
        work.contenders.push_back({on == backend::stackless ? "coroutine" : "fiber", [=] {
                                       want_memory(on, tasks);
                                       return run(on, each);
                                   }});
    }
    work.isolated = true;  // So that what a million needed is not what a thousand find.
    work.in_turns = id;
    work.warm_up = 0;  // Each repetition is the second of two runs.
    work.full_only = tasks > 100'000;
    if (tasks > 100'000) work.repetitions = 3;
    all.add(std::move(work));
}

void add_spawns(experiment& all, std::uint64_t tasks) {
    add(all, "spawn_by_tasks", "spawn n, then await all, one worker", "ns per task", tasks, 1,
        [=](backend on, std::uint64_t) { return spawn_concurrent(on, tasks, 1); });
}

}  // namespace

void add_by_tasks(experiment& all) {
    const std::vector<std::uint64_t> counts{1'000, 10'000, 100'000, 1'000'000, 10'000'000};
    for (const std::uint64_t tasks : counts) add_spawns(all, tasks);
    for (const std::uint64_t tasks : counts)
        add(all, "parked_by_tasks", "n tasks wait for one event, are woken and wait for the next, one worker",
            "ns per task and wake", tasks, std::max<std::uint64_t>(2, operations / tasks),
            [=](backend on, std::uint64_t each) { return park_together(on, tasks, each); });
    for (const std::uint64_t tasks : counts)
        add(all, "yields_by_tasks", "n tasks yield, one worker", "ns per yield", tasks,
            std::max<std::uint64_t>(2, operations / tasks),
            [=](backend on, std::uint64_t each) { return yield_together(on, tasks, each, 1); });
}

}  // namespace bifilar::experiments
