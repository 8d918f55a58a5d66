// Work on one worker and on two, by itself and beside a busy loop on each processor: all four in the same rounds.
// The neighbour is another process, so that the kernel divides each processor between the two.
#include "../fork_join/works.hpp"
#include "../spawn/contenders.hpp"
#include "busy_neighbour.hpp"
#include "questions.hpp"

namespace bifilar::experiments {

namespace {

struct neighboured {
    std::string id;
    std::string title;
    std::string unit;
    std::uint64_t answer;
    std::function<sample(backend on, std::uint32_t workers)> run;
    std::function<std::vector<peer>(std::uint32_t workers)> peers;
    bool has_fibers = true;
};

std::function<sample()> beside_a_neighbour(std::function<sample()> once) {
    return [once = std::move(once)] {
        const busy_neighbour beside;
        sample got = once();
        got.also["neighbour_percent"] = beside.share_percent();
        return got;
    };
}

void add(experiment& all, const neighboured& of) {
    for (const bool busy : {false, true})
        for (const std::uint32_t count : {1U, 2U}) {
            workload work{of.id + (busy ? "_beside" : "_alone"),
                          of.title + (busy ? ", beside a busy loop on each processor" : ", by itself"),
                          of.unit,
                          static_cast<double>(count),
                          of.answer,
                          {}};
            work.contenders = {{"coroutine", [=] { return of.run(backend::stackless, count); }}};
            if (of.has_fibers)
                work.contenders.push_back({"fiber", [=] { return of.run(backend::stackful, count); }, true});
            add_peers(all, work, of.peers(count), count);
            if (busy)
                for (contender& one : work.contenders) one.once = beside_a_neighbour(std::move(one.once));
            work.in_turns = of.id;
            work.warm_up = 0;  // Each repetition is the second of two runs.
            all.add(std::move(work));
        }
}

void add_forked_beside(experiment& all, const std::string& id, const forked_work& of) {
    add(all, {id, of.title, "ms", of.answer, of.run, [of](std::uint32_t workers) { return peers_of(of, workers); }});
}

}  // namespace

void add_beside(experiment& all) {
    constexpr std::uint64_t spawned = 1'000'000;
    add(all, {"spawn", "1,000,000 tasks are spawned and awaited", "ns per task", spawned,
              [](backend on, std::uint32_t workers) { return spawn_concurrent(on, spawned, workers); },
              [](std::uint32_t workers) {
                  return go_and_tokio({"million", std::to_string(spawned), std::to_string(workers)});
              },
              false});
    add_forked_beside(all, "fibonacci", fibonacci());
    add_forked_beside(all, "skynet", skynet());
}

}  // namespace bifilar::experiments
