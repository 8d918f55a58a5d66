// Bursts of small tasks that one worker spawns and others steal: how many its ring holds, how many a theft takes, and
// whom a thief asks first. A task is about a microsecond of arithmetic. The same bursts on one worker, where nobody
// steals, show whether the thefts gain anything.
#include <bifilar/base/detail/atomic.hpp>

#include <harness/worker_counts.hpp>

#include "least.hpp"
#include "questions.hpp"
#include "toil.hpp"

namespace bifilar::experiments {

namespace {

struct burst {
    wait_group under_way;
    // Counted by all. Relaxed: the wait group orders it before the read.
    base::atomic<std::uint64_t> ended{0};
};

task<> piece(burst* of) {
    toil();
    of->ended.fetch_add(1, base::relaxed);  // Relaxed: see burst.
    of->under_way.done();
    co_return;
}

task<> one_burst(burst* of, std::uint64_t tasks) {
    of->under_way.add(tasks);
    for (std::uint64_t n = 0; n < tasks; ++n) spawn(backend::stackless, piece, of).detach();
    co_await of->under_way.wait();
}

sample bursts(const ruled& how, std::uint64_t tasks, std::uint64_t size) {
    const pinned here{how.count};
    ruled_runtime made{how};
    sample taken = made.run([&]() -> task<sample> {
        burst of;
        co_await one_burst(&of, size);
        of.ended.store(0, base::relaxed);  // Relaxed: no task of the burst lives.
        const counting_stopwatch watch;
        for (std::uint64_t spawned = 0; spawned < tasks; spawned += size) co_await one_burst(&of, size);
        co_return watch.stop(tasks, of.ended.load(base::relaxed));  // Relaxed: see burst.
    });
    const auto stolen = static_cast<double>(made.stats().total().stolen);
    taken.also["stolen_percent"] = 100 * stolen / static_cast<double>(tasks + size);  // The warm-up counts as well.
    return taken;
}

// The same on one worker, by the same rules otherwise.
contender alone(const sched::tuning& rules, std::uint64_t tasks, std::uint64_t size) {
    return {"one worker", [=] { return bursts(ruled{1, rules, pin::core}, tasks, size); }};
}

constexpr std::uint64_t tasks_in_bursts = 20'000;
constexpr std::uint64_t tasks_at_once = 10'000;
constexpr std::uint32_t slots_for_them = 16'384;

}  // namespace

void add_ring(experiment& all) {
    for (const std::uint32_t slots : {64U, 128U, 256U, 512U, 1'024U, 4'096U}) {
        workload work{"ring",          "bursts of tasks of a microsecond, spawned by one task, two workers",
                      "ns per task",   static_cast<double>(slots),
                      tasks_in_bursts, {}};
        work.full_only = slots == 128 || slots == 512;
        work.in_turns = "sizes of the ring";  // A rule compares them within a tenth.
        work.repetitions = 61;
        const sched::tuning of_one_size{.ring_slots = slots, .grown_ring_slots = slots};
        const auto in_bursts_of = [=](std::uint64_t size) {
            return [=] { return bursts(ruled{2, of_one_size, pin::core}, tasks_in_bursts, size); };
        };
        work.contenders = {{"bursts of 200", in_bursts_of(200)}, {"bursts of 1,000", in_bursts_of(1'000)}};
        contender nobody_steals = alone(of_one_size, tasks_in_bursts, 1'000);
        nobody_steals.name = "bursts of 1,000, one worker";
        work.contenders.push_back(std::move(nobody_steals));
        all.add(std::move(work));
    }
}

void add_steal(experiment& all) {
    workload work{"steal",       "10,000 tasks of a microsecond in a burst, all in one ring, two workers",
                  "ns per task", 2,
                  tasks_at_once, {}};
    const std::vector<choice> most = {{"1 at most", {.ring_slots = slots_for_them, .max_stolen = 1}},
                                      {"8 at most", {.ring_slots = slots_for_them, .max_stolen = 8}},
                                      {"32 at most", {.ring_slots = slots_for_them, .max_stolen = 32}},
                                      {"half of all", {.ring_slots = slots_for_them, .max_stolen = 0}}};
    for (const choice& one : most)
        work.contenders.push_back({one.name, [=] {
                                       return bursts(ruled{2, one.rules, pin::core}, tasks_at_once, tasks_at_once);
                                   }});
    work.contenders.push_back(alone({.ring_slots = slots_for_them}, tasks_at_once, tasks_at_once));
    work.repetitions = 45;
    all.add(std::move(work));
}

void add_victims(experiment& all) {
    const std::vector<choice> orders = {{"in order", {.victims = sched::victim_order::in_order}},
                                        {"random", {.victims = sched::victim_order::random}},
                                        {"nearest first", {.victims = sched::victim_order::nearest}}};
    for (const std::uint32_t count : {4U, 8U}) {
        workload work{
            "victims",       "bursts of 1,000 tasks of a microsecond, spawned by one task, " + workers_here(count),
            "ns per task",   static_cast<double>(count),
            tasks_in_bursts, {}};
        work.full_only = count == 8;
        for (const choice& one : orders)
            work.contenders.push_back({one.name, [=] {
                                           return bursts(ruled{count, one.rules, pin::core}, tasks_in_bursts, 1'000);
                                       }});
        work.contenders.push_back(alone({}, tasks_in_bursts, 1'000));
        all.add(std::move(work));
    }
}

// What a task of these bursts does, without the task.
void add_toil(experiment& all) {
    const pinned here{1};
    all.fact("ns of the work of one task by itself", least_ns([] { toil(); }));
}

void add_by_workers(experiment& all) {
    for (const std::uint32_t count : all.options().workers) {
        workload work{
            "by_workers",    "bursts of 1,000 tasks of a microsecond, spawned by one task, " + workers_here(count),
            "ns per task",   static_cast<double>(count),
            tasks_in_bursts, {}};
        work.contenders = {{"coroutine", [=] { return bursts(ruled{count, {}, pin::core}, tasks_in_bursts, 1'000); }}};
        all.add(std::move(work));
    }
}

}  // namespace bifilar::experiments
