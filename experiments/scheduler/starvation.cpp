// Two tasks that wake each other in turn, beside a third that waits in the queue and yields each time it runs.
// One worker; without a cap of the LIFO slot the third waits until the pair has ended.
#include <algorithm>

#include "questions.hpp"

namespace bifilar::experiments {

namespace {

constexpr std::uint64_t pair_turns = 100'000;

// The one worker's thread alone.
struct game {
    auto_reset_event left;
    auto_reset_event right;
    std::uint64_t turns = 0;
    std::uint64_t thirds_turns = 0;
};

task<> play(game* at, auto_reset_event* own, auto_reset_event* others) {
    for (std::uint64_t n = 0; n < pair_turns / 2; ++n) {
        co_await own->wait();
        ++at->turns;
        others->set();
    }
}

// Its turns count from the pair's first to its last.
task<> look_on(game* at) {
    while (at->turns < pair_turns) {
        if (at->turns != 0) ++at->thirds_turns;
        co_await yield_now();
    }
}

sample play_before_a_third(const sched::tuning& rules) {
    const pinned here{1};
    ruled_runtime made{ruled{1, rules}};
    return made.run([]() -> task<sample> {
        game at;
        auto left = spawn(backend::stackless, play, &at, &at.left, &at.right);
        auto right = spawn(backend::stackless, play, &at, &at.right, &at.left);
        auto third = spawn(backend::stackless, look_on, &at);
        at.left.set();
        co_await left;
        co_await right;
        co_await third;
        const auto turns = static_cast<double>(at.turns);
        const auto thirds = static_cast<double>(std::max<std::uint64_t>(at.thirds_turns, 1));
        co_return sample{turns / thirds, at.turns, {{"turns_of_the_third", static_cast<double>(at.thirds_turns)}}};
    });
}

}  // namespace

void add_starvation(experiment& all) {
    workload work{"starvation",
                  "two tasks wake each other 100,000 times before a third, one worker",
                  "turns for each of the third's",
                  1,
                  pair_turns,
                  {}};
    for (const choice& cap : lifo_caps())
        work.contenders.push_back({cap.name, [=] { return play_before_a_third(cap.rules); }});
    all.add(std::move(work));
}

}  // namespace bifilar::experiments
