// Ten to a hundred thousand tasks that want the same channel, the same mutex, or timers of the same runtime; two
// workers. At least twenty operations a task, so that the opening of the gate is little of it.
#include <algorithm>

#include "questions.hpp"
#include "turns.hpp"

namespace bifilar::experiments {

namespace {

constexpr std::uint32_t both_workers = 2;
constexpr std::uint64_t operations = 400'000;
// Then each message has somebody wait, however many tasks there are.
constexpr std::uint32_t capacity = 0;

template <class Run>
void add(experiment& all, const std::string& id, const std::string& title, const std::string& unit, std::uint64_t tasks,
         std::uint64_t each, std::uint64_t answer, Run run) {
    workload work{id, title, unit, static_cast<double>(tasks), answer, {}};
    work.contenders = {{"coroutine", [=] { return run(backend::stackless, each); }},
                       {"fiber", [=] { return run(backend::stackful, each); }}};
    work.in_turns = id;
    work.warm_up = 0;  // Each repetition is the second of two runs.
    work.full_only = tasks > 10'000;
    if (tasks > 10'000) work.repetitions = 5;
    all.add(std::move(work));
}

}  // namespace

void add_one_object(experiment& all) {
    const std::vector<std::uint64_t> counts{10, 100, 1'000, 10'000, 100'000};
    const auto each_of = [](std::uint64_t tasks) { return std::max<std::uint64_t>(20, operations / tasks); };
    for (const std::uint64_t tasks : counts)
        add(all, "one_channel", "half of n tasks send to the others by one channel without room, two workers",
            "ns per message", tasks, each_of(tasks), tasks / 2 * each_of(tasks),
            [=](backend on, std::uint64_t each) { return talk_together(on, tasks, each, both_workers, capacity); });
    for (const std::uint64_t tasks : counts)
        add(all, "one_mutex", "n tasks want one mutex and yield while they have it, two workers", "ns per lock", tasks,
            each_of(tasks), tasks * each_of(tasks),
            [=](backend on, std::uint64_t each) { return lock_together(on, tasks, each, both_workers, true); });
    for (const std::uint64_t tasks : counts)
        add(all, "timers", "n tasks set a timer of an hour each, yield and cancel it, two workers", "ns per timer",
            tasks, each_of(tasks), tasks * each_of(tasks),
            [=](backend on, std::uint64_t each) { return set_timers_together(on, tasks, each, both_workers); });
}

}  // namespace bifilar::experiments
