// A child that reads what its parent has just written, with the LIFO slot and without, among many others.
// And a pair that talks beside a neighbour that uses the cache, with workers pinned to cores and not.
#include <bifilar/base/detail/atomic.hpp>

#include <algorithm>

#include "questions.hpp"

namespace bifilar::experiments {

namespace {

constexpr std::uint64_t parents = 256;

struct family {
    explicit family(std::size_t words) : block(words) {}
    std::vector<std::uint64_t> block;
    std::uint64_t sum = 0;  // The one worker's thread alone.
};

task<> child(family* of) {
    std::uint64_t sum = 0;
    for (const std::uint64_t word : of->block) sum += word;
    of->sum += sum;
    co_return;
}

task<> parent(family* of, std::uint64_t rounds) {
    for (std::uint64_t round = 1; round <= rounds; ++round) {
        std::ranges::fill(of->block, round);
        auto born = spawn(backend::stackless, child, of);
        // Awaited at once it would run inside of this poll. A slot of cap 0 hands it to the queue only when this task
        // has gone there, so that it has run after the second turn whatever the cap, and the join never waits.
        co_await yield_now();
        co_await yield_now();
        co_await born;
    }
}

task<> one_generation(std::vector<family>* all, std::uint64_t rounds) {
    std::vector<join_handle<void>> handles;
    handles.reserve(all->size());
    for (family& each : *all) handles.push_back(spawn(backend::stackless, parent, &each, rounds));
    for (auto& handle : handles) co_await handle;
}

std::uint64_t rounds_of(std::uint64_t block_bytes) {
    constexpr std::uint64_t written_bytes = std::uint64_t{256} << 20;
    return std::clamp<std::uint64_t>(written_bytes / (parents * block_bytes), 4, 200);
}

// The words of all blocks in all rounds.
std::uint64_t sum_of_all(std::uint64_t block_bytes) {
    const std::uint64_t rounds = rounds_of(block_bytes);
    return parents * (block_bytes / sizeof(std::uint64_t)) * (rounds * (rounds + 1) / 2);
}

sample read_by_children(std::uint64_t block_bytes, const sched::tuning& rules) {
    const pinned here{1};
    ruled_runtime made{ruled{1, rules}};
    return made.run([&]() -> task<sample> {
        std::vector<family> all(parents, family{block_bytes / sizeof(std::uint64_t)});
        co_await one_generation(&all, 1);
        for (family& each : all) each.sum = 0;
        const std::uint64_t rounds = rounds_of(block_bytes);
        const counting_stopwatch watch;
        co_await one_generation(&all, rounds);
        sample taken = watch.stop(parents * rounds, 0);
        for (const family& each : all) taken.answer += each.sum;
        co_return taken;
    });
}

constexpr std::uint64_t trips = 20'000;

struct table {
    auto_reset_event request;
    auto_reset_event reply;
    // Set by the one that asks, read by the neighbour. Relaxed: nothing hangs on when it is seen.
    base::atomic<bool> over{false};
    std::vector<std::uint64_t> walked = std::vector<std::uint64_t>((std::size_t{256} << 10) / sizeof(std::uint64_t), 1);
};

task<std::uint64_t> ask(table* at) {
    std::uint64_t answered = 0;
    for (; answered < trips; ++answered) {
        at->request.set();
        co_await at->reply.wait();
    }
    at->over.store(true, base::relaxed);  // Relaxed: see table.
    co_return answered;
}

task<> reply(table* at) {
    for (std::uint64_t n = 0; n < trips; ++n) {
        co_await at->request.wait();
        at->reply.set();
    }
}

task<> walk(table* at) {
    while (!at->over.load(base::relaxed)) {  // Relaxed: see table.
        std::uint64_t sum = 0;
        for (const std::uint64_t word : at->walked) sum += word;
        keep(sum);
        co_await yield_now();
    }
}

sample talk_beside_a_walker(pin where) {
    const pinned here{2};
    ruled_runtime made{ruled{2, {}, where}};
    return made.run([&]() -> task<sample> {
        table at;
        auto walker = spawn(backend::stackless, walk, &at);
        auto replying = spawn(backend::stackless, reply, &at);
        const counting_stopwatch watch;
        const std::uint64_t answered = co_await spawn(backend::stackless, ask, &at);
        const sample taken = watch.stop(trips, answered);
        co_await replying;
        co_await walker;
        co_return taken;
    });
}

}  // namespace

std::vector<choice> lifo_caps() {
    return {{"LIFO cap 0", {.max_lifo_runs = 0}},
            {"LIFO cap 3", {.max_lifo_runs = 3}},
            {"no LIFO cap", {.max_lifo_runs = sched::tuning::no_lifo_cap}}};
}

void add_locality(experiment& all) {
    for (const std::uint64_t bytes : {64, 4'096, 16'384, 262'144}) {
        workload work{"locality",        "a child reads the block that its parent wrote, 256 parents, one worker",
                      "ns per child",    static_cast<double>(bytes),
                      sum_of_all(bytes), {}};
        work.full_only = bytes == 4'096 || bytes == 262'144;
        work.repetitions = 45;
        for (const choice& cap : lifo_caps())
            work.contenders.push_back({cap.name, [=] { return read_by_children(bytes, cap.rules); }});
        all.add(std::move(work));
    }
}

void add_placement(experiment& all) {
    workload work{"placement",
                  "a request and its reply beside a neighbour that walks 256 KiB, two workers",
                  "ns per round trip",
                  2,
                  trips,
                  {}};
    work.contenders = {{"pinned", [] { return talk_beside_a_walker(pin::core); }},
                       {"unpinned", [] { return talk_beside_a_walker(pin::none); }}};
    all.add(std::move(work));
}

}  // namespace bifilar::experiments
