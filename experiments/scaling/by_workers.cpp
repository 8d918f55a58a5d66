// The same work on ever more workers, up to four for each processor. All sizes of a work are measured in the same
// rounds, since what is asked is how each compares with the best of them.
#include <harness/pin.hpp>

#include "../fork_join/works.hpp"
#include "../spawn/contenders.hpp"
#include "questions.hpp"
#include "turns.hpp"

namespace bifilar::experiments {

namespace {

// 1, 2, 4, … below the processors, their number, and twice and four times that.
std::vector<std::uint32_t> counts_of_workers() {
    const auto processors = static_cast<std::uint32_t>(allowed_processors().size());
    std::vector<std::uint32_t> counts;
    for (std::uint32_t count = 1; count < processors; count *= 2) counts.push_back(count);
    for (const std::uint32_t times : {1U, 2U, 4U}) counts.push_back(times * processors);
    return counts;
}

struct swept {
    std::string id;
    std::string title;
    std::string unit;
    std::uint64_t answer;
    std::function<sample(backend on, std::uint32_t workers)> run;
};

void add(experiment& all, const swept& of) {
    for (const std::uint32_t count : counts_of_workers()) {
        workload work{of.id, of.title, of.unit, static_cast<double>(count), of.answer, {}};
        work.contenders = {{"coroutine", [=] { return of.run(backend::stackless, count); }},
                           {"fiber", [=] { return of.run(backend::stackful, count); }}};
        work.in_turns = of.id;
        work.warm_up = 0;  // Each repetition is the second of two runs.
        all.add(std::move(work));
    }
}

void add_spawns(experiment& all) {
    constexpr std::uint64_t spawned = 100'000;
    add(all, {"spawn_by_workers", "100,000 tasks are spawned and awaited", "ns per task", spawned,
              [](backend on, std::uint32_t workers) { return spawn_concurrent(on, spawned, workers); }});
}

void add_search(experiment& all) {
    const forked_work search = tree();
    add(all, {"tree_by_workers", search.title, "ms", search.answer, search.run});
}

}  // namespace

void add_by_workers(experiment& all) {
    constexpr std::uint64_t members = 1'000;
    constexpr std::uint64_t few = 64;
    constexpr std::uint64_t eight = 8;
    add_spawns(all);
    add_search(all);
    add(all, {"yields_by_workers", "1,000 tasks yield", "ns per yield", members * 300,
              [](backend on, std::uint32_t workers) { return yield_together(on, members, 300, workers); }});
    add(all, {"channel_by_workers", "4 tasks send to 4 others by one channel, capacity 1,000", "ns per message",
              eight / 2 * 50'000,
              [](backend on, std::uint32_t workers) { return talk_together(on, eight, 50'000, workers, 1'000); }});
    add(all, {"own_mutex_by_workers", "64 tasks lock a mutex each, which nobody else wants", "ns per lock",
              few * 20'000, [](backend on, std::uint32_t workers) { return lock_apart(on, few, 20'000, workers); }});
    add(all, {"one_mutex_by_workers", "64 tasks want one mutex", "ns per lock", few * 5'000,
              [](backend on, std::uint32_t workers) { return lock_together(on, few, 5'000, workers, false); }});
}

}  // namespace bifilar::experiments
