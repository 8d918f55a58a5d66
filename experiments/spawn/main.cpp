// Question: what does it cost to spawn a task and await it, one at a time and many at once?
// Unit: nanoseconds a task. Threats: warm pools against cold ones, two virtual processors.
#include <algorithm>
#include <harness/pin.hpp>

#include "contenders.hpp"

namespace bifilar::experiments {

namespace {

struct peer {
    std::string folder;
    void add_to(workload& work, const std::string& name, std::vector<std::string> arguments) const {
        if (folder.empty()) return;
        work.contenders.push_back({name, [program = folder + "/go_peer", arguments = std::move(arguments)] {
                                       const pinned here{arguments.size() > 2 ? std::stoul(arguments[2]) : 1};
                                       return run_peer(program, arguments);
                                   }});
    }
};

void add_sequential(experiment& all, const peer& go, std::uint64_t tasks, bool threads) {
    workload work{"sequential",  "spawn and await, one after the other, one worker",
                  "ns per task", static_cast<double>(tasks),
                  tasks,         {}};
    work.contenders = {
        {"coroutine", [=] { return spawn_sequential(backend::stackless, tasks); }},
        {"fiber", [=] { return spawn_sequential(backend::stackful, tasks); }},
    };
    if (threads) work.contenders.push_back({"thread", [=] { return threads_sequential(tasks); }});
    go.add_to(work, "Go", {"sequential", std::to_string(tasks)});
    all.add(std::move(work));
}

void add_concurrent(experiment& all, const peer& go, std::uint64_t tasks) {
    workload work{
        "concurrent", "spawn n, then await all, one worker", "ns per task", static_cast<double>(tasks), tasks, {}};
    work.contenders = {
        {"coroutine", [=] { return spawn_concurrent(backend::stackless, tasks, 1); }},
        {"fiber", [=] { return spawn_concurrent(backend::stackful, tasks, 1); }},
    };
    if (tasks <= 10'000) work.contenders.push_back({"thread", [=] { return threads_concurrent(tasks); }});
    go.add_to(work, "Go", {"concurrent", std::to_string(tasks)});
    all.add(std::move(work));
}

void add_million(experiment& all, const peer& go) {
    constexpr std::uint64_t tasks = 1'000'000;
    workload work{"million",     "spawn 1,000,000, increment, join all, two workers",
                  "ns per task", static_cast<double>(tasks),
                  tasks,         {}};
    work.contenders = {
        {"coroutine", [=] { return spawn_concurrent(backend::stackless, tasks, 2); }},
        {"fiber", [=] { return spawn_concurrent(backend::stackful, tasks, 2); }},
    };
    work.repetitions = 7;
    work.quick_repetitions = 1;
    work.warm_up = 0;
    go.add_to(work, "Go", {"million", std::to_string(tasks), "2"});
    all.add(std::move(work));
}

}  // namespace

}  // namespace bifilar::experiments

int main(int argc, char** argv) {
    using namespace bifilar::experiments;
    experiment all{"spawn", 11, 3};
    all.parse(argc, argv);
    const peer go{all.options().peers};
    add_sequential(all, go, 10'000, true);
    add_sequential(all, go, 1'000'000, false);
    for (const std::uint64_t tasks : {1'000, 10'000, 50'000, 100'000}) add_concurrent(all, go, tasks);
    add_million(all, go);
    return all.run();
}
