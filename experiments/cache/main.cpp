// Question: what do many tasks do to the caches, and does the model matter?
// Unit: nanoseconds a resume, a line walked, an addition. Threats: no hit rates are read; prefetchers; stack tops.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <harness/pin.hpp>

#include "contenders.hpp"

namespace bifilar::experiments {

namespace {

// Linked, the memory of one is waited for before the next can be asked for; else the processor may look ahead.
void add_sweep(experiment& all, std::size_t tasks, bool linked) {
    ring_shape shape;
    shape.tasks = tasks;
    shape.turns = std::max<std::uint64_t>(all.options().quick ? 300'000 : 2'000'000, tasks * 4) / tasks * tasks;
    shape.shuffled = true;
    shape.linked = linked;
    ring_shape aligned = shape;
    aligned.coloured = false;
    workload work{
        linked ? "sweep" : "ahead",
        linked ? "tasks resumed in random order, each names the next" : "tasks resumed by a list that the loop has",
        "ns per resume",
        static_cast<double>(tasks),
        shape.turns,
        {}};
    work.full_only = tasks > 100'000;
    work.repetitions = tasks > 100'000 ? 10 : 0;
    if (tasks == 1'000'000) work.warm_up = 0;  // It takes seconds, and each repetition makes its tasks anew.
    if (linked && tasks <= 1000) {
        work.in_turns = "few";  // A rule compares ten with a thousand.
        work.repetitions = 45;  // They take no time, and differ from one to the next.
    }
    const auto on_one = [](ring_function ring, const ring_shape& of) {
        return [=] {
            const pinned here{1};
            return ring(of);
        };
    };
    work.contenders = {
        {"virtual poll", on_one(poll_ring, shape)},
        {"coroutine", on_one(coroutine_ring, shape)},
        {"fiber, coloured tops", on_one(fiber_context_ring, shape)},
    };
    if (linked) work.contenders.push_back({"fiber, aligned tops", on_one(fiber_context_ring, aligned)});
    all.add(std::move(work));
}

void add_neighbour(experiment& all, std::size_t tasks) {
    constexpr std::uint64_t walks = 100;
    workload work{"neighbour",   "a walk through 256 KiB after the tasks were resumed",
                  "ns per line", static_cast<double>(tasks),
                  walks,         {}};
    work.contenders = {
        {"after coroutines", [=] { return walk_after(coroutine_ring, tasks, walks); }},
        {"after fibers", [=] { return walk_after(fiber_context_ring, tasks, walks); }},
    };
    work.in_turns = "neighbour";
    work.repetitions = 45;  // A rule wants a fifth of difference.
    all.add(std::move(work));
}

void add_sharing(experiment& all, std::size_t stride_bytes) {
    const std::uint64_t additions = all.options().quick ? 3'000'000 : 10'000'000;
    workload work{"sharing",         "two threads add to two counters",
                  "ns per addition", static_cast<double>(stride_bytes),
                  2 * additions,     {}};
    work.contenders = {{"two threads", [=] { return add_apart(stride_bytes, additions); }}};
    work.in_turns = "sharing";  // Rules compare the distances.
    all.add(std::move(work));
}

}  // namespace

}  // namespace bifilar::experiments

int main(int argc, char** argv) {
    using namespace bifilar::experiments;
    if (argc == 3 && std::strcmp(argv[1], "--trace") == 0) return trace(argv[2]);
    if (argc == 5 && std::strcmp(argv[1], "--resume") == 0)
        return resume_often(argv[2], std::strtoull(argv[3], nullptr, 10), std::strtoull(argv[4], nullptr, 10));
    experiment all{"cache", 15, 5};
    all.parse(argc, argv);
    for (const std::size_t tasks : {1, 3, 10, 30, 100, 300, 1000, 3000, 10'000, 30'000, 100'000, 300'000, 1'000'000})
        add_sweep(all, tasks, true);
    for (const std::size_t tasks : {100, 1000, 10'000, 30'000, 100'000, 1'000'000}) add_sweep(all, tasks, false);
    for (const std::size_t tasks : {0, 100, 300, 1000, 2000, 4000, 8000}) add_neighbour(all, tasks);
    for (const std::size_t bytes : {8, 16, 32, 64, 128, 256, 512}) add_sharing(all, bytes);
    return all.run();
}
