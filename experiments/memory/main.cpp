// Question: how much memory does a parked task cost in each model, at ten thousand, a hundred thousand and a million?
// Unit: bytes a task, resident pages and page tables. Threats: huge pages, pools kept warm; see the report.
#include <bifilar/bifilar.hpp>
#include <harness/peers.hpp>

#include "parked.hpp"

namespace bifilar::experiments {

namespace {

void add_parked(experiment& all, std::uint64_t tasks) {
    workload work{"parked", "tasks parked on one event", "bytes per task", static_cast<double>(tasks), tasks, {}};
    work.isolated = true;
    work.warm_up = 0;
    work.contenders = {
        {"coroutine", [=] { return park_coroutines(tasks); }},
        {"future by hand", [=] { return park_future_tasks(tasks); }},
        {"fiber, 16 KiB stack", [=] { return park_fibers(tasks, 16 << 10, 0); }},
        {"fiber, 64 KiB stack", [=] { return park_fibers(tasks, 64 << 10, 0); }},
    };
    if (tasks <= 10'000) work.contenders.push_back({"thread", [=] { return park_threads(tasks); }});
    const peer_arguments waiting{"waiting", std::to_string(tasks)};
    add_peers(all, work, {go(waiting), tokio(waiting), lua(waiting)});
    // The others take many seconds for a million.
    if (tasks <= 100'000)
        add_peers(all, work, {boost_fiber(waiting), asio(waiting), node(waiting), gjs(waiting), python(waiting)});
    if (tasks <= 10'000) add_peers(all, work, {ruby(waiting)});
    all.add(std::move(work));
}

// What a runtime gives a coroutine to begin with; ours give what the other tables say.
void add_initial(experiment& all) {
    constexpr std::uint64_t tasks = 10'000;
    const peer_arguments initial{"initial", std::to_string(tasks)};
    workload work{"initial", "what a new coroutine is given", "bytes per task", static_cast<double>(tasks), tasks, {}};
    work.warm_up = 0;
    add_peers(all, work, {go(initial), lua(initial), boost_fiber(initial), ruby(initial)});
    if (!work.contenders.empty()) all.add(std::move(work));
}

void add_run_through(experiment& all) {
    constexpr std::uint64_t tasks = 100'000;
    const peer_arguments run_through{"run_through", std::to_string(tasks)};
    workload work{"run_through",
                  "tasks that end at once, the most that was resident",
                  "bytes per task",
                  static_cast<double>(tasks),
                  tasks,
                  {}};
    work.isolated = true;
    work.warm_up = 0;
    work.contenders = {
        {"coroutine", [] { return run_coroutines_through(tasks); }},
        {"fiber, 16 KiB stack", [] { return run_fibers_through(tasks, 16 << 10); }},
    };
    add_peers(all, work, {go(run_through), tokio(run_through), python(run_through)});
    all.add(std::move(work));
}

void add_touched(experiment& all, std::size_t touched_bytes) {
    constexpr std::uint64_t tasks = 10'000;
    workload work{"touched",
                  "fibers parked after a call that used some of the stack",
                  "bytes per task",
                  static_cast<double>(touched_bytes),
                  tasks,
                  {}};
    work.isolated = true;
    work.warm_up = 0;
    work.contenders = {{"fiber, 64 KiB stack", [=] { return park_fibers(tasks, 64 << 10, touched_bytes); }}};
    all.add(std::move(work));
}

void add_reserved(experiment& all, std::size_t stack_bytes) {
    constexpr std::uint64_t tasks = 10'000;
    workload work{"reserved",
                  "fibers parked, by the size of their stacks",
                  "bytes per task",
                  static_cast<double>(stack_bytes),
                  tasks,
                  {}};
    work.isolated = true;
    work.warm_up = 0;
    work.contenders = {{"fiber", [=] { return park_fibers(tasks, stack_bytes, 0); }}};
    all.add(std::move(work));
}

}  // namespace

}  // namespace bifilar::experiments

int main(int argc, char** argv) {
    using namespace bifilar::experiments;
    experiment all{"memory", 10, 1};
    all.parse(argc, argv);
    for (const std::uint64_t tasks : {10'000, 100'000, 1'000'000}) add_parked(all, tasks);
    add_initial(all);
    add_run_through(all);
    for (const std::size_t bytes : {0, 4096, 8192, 16384, 32768, 57344}) add_touched(all, bytes);
    for (const std::size_t bytes : {std::size_t{16} << 10, std::size_t{64} << 10, std::size_t{256} << 10,
                                    std::size_t{1} << 20, std::size_t{8} << 20})
        add_reserved(all, bytes);
    all.fact("sizeof(waker)", sizeof(bifilar::waker));
    all.fact("sizeof(waker_ref)", sizeof(bifilar::waker_ref));
    all.fact("sizeof(task<void>)", sizeof(bifilar::task<void>));
    all.fact("sizeof(join_handle<void>)", sizeof(bifilar::join_handle<void>));
    all.fact("sizeof(event::wait_future)", sizeof(bifilar::event::wait_future));
    all.fact("sizeof(task of a future by hand)", hand_task_bytes());
    // In a process of its own: it needs a runtime, and the measurements fork.
    const auto asked = run_isolated([] { return sample{static_cast<double>(hand_task_bytes_asked_for()), 0, {}}; });
    all.fact("asked for: task of a future by hand", static_cast<std::uint64_t>(asked.value));
    add_frame_sizes(all);
    return all.run();
}
