// Question: what does it cost to leave a task and come back, hot and cold, by itself and through the scheduler?
// Unit: nanoseconds a turn (one task is resumed, counts, gives up). Threats: clock speed, virtual processors.
#include <algorithm>
#include <harness/peers.hpp>
#include <harness/pin.hpp>

#include "contenders.hpp"

namespace bifilar::experiments {

namespace {

void add_ring(experiment& all, std::size_t tasks, bool shuffled) {
    // About five million turns, and at least four rounds of all.
    const std::uint64_t budget = all.options().quick ? 2'000'000 : 5'000'000;
    const std::uint64_t rounds = std::max<std::uint64_t>(4, budget / tasks);
    const std::uint64_t turns = rounds * tasks;
    ring_shape shape;
    shape.tasks = tasks;
    shape.turns = turns;
    shape.shuffled = shuffled;
    workload work{shuffled ? "shuffled" : "ring",
                  shuffled ? "a ring in random order" : "a ring in order",
                  "ns per turn",
                  static_cast<double>(tasks),
                  turns,
                  {}};
    work.full_only = tasks > 100'000 || tasks == 10 || tasks == 10'000;
    work.quick_repetitions = tasks == 100'000 ? 3 : 0;
    work.repetitions = tasks > 100'000 ? 5 : (tasks > 1000 ? 9 : 0);
    const auto bare = [&](sample (*ring)(const ring_shape&)) {
        return [=] {
            const pinned here{1};
            return ring(shape);
        };
    };
    work.contenders = {
        {"virtual poll, bare", bare(poll_ring)},
        {"coroutine handle, bare", bare(coroutine_ring)},
        {"jump_fcontext, bare", bare(jump_ring)},
        {"fiber_context, bare", bare(fiber_context_ring)},
        {"future by hand, yield", [=] { return hand_future_yields(tasks, rounds, shuffled); }},
        {"coroutine yield", [=] { return coroutine_yields(tasks, rounds, shuffled); }},
        {"fiber yield", [=] { return fiber_yields(tasks, rounds, shuffled); }},
    };
    if (!shuffled && tasks <= 100'000) {
        std::vector<peer> peers = go_and_tokio({"yield", std::to_string(tasks), std::to_string(rounds)});
        peers[0].column = "Go, Gosched";
        peers[1].column = "Tokio, yield_now";
        add_peers(all, work, std::move(peers));
    }
    all.add(std::move(work));
}

void add_threads(experiment& all) {
    const std::uint64_t turns = all.options().quick ? 20'000 : 100'000;
    workload work{"threads", "two threads, one turn", "ns per turn", 2, turns, {}};
    work.contenders = {
        {"futex, same processor", [=] { return threads_by_futex(turns, 1); }},
        {"pipe, same processor", [=] { return threads_by_pipe(turns, 1); }},
        {"futex, two processors", [=] { return threads_by_futex(turns, 2); }},
        {"pipe, two processors", [=] { return threads_by_pipe(turns, 2); }},
    };
    all.add(std::move(work));
}

void add_channel(experiment& all) {
    const std::uint64_t trips = 500'000;
    workload work{"channel", "request and reply over channels of capacity 1", "ns per round trip", 2, trips, {}};
    work.contenders = {
        {"coroutine", [=] { return channel_round_trips(backend::stackless, trips); }},
        {"fiber", [=] { return channel_round_trips(backend::stackful, trips); }},
    };
    add_peers(all, work, go_and_tokio({"channel", std::to_string(trips)}));
    all.add(std::move(work));
}

}  // namespace

}  // namespace bifilar::experiments

int main(int argc, char** argv) {
    using namespace bifilar::experiments;
    experiment all{"switch", 15, 5};
    all.parse(argc, argv);
    for (const std::size_t tasks : {2, 10, 100, 1000, 10'000, 100'000, 1'000'000}) add_ring(all, tasks, false);
    for (const std::size_t tasks : {1000, 10'000, 100'000, 1'000'000}) add_ring(all, tasks, true);
    add_threads(all);
    add_channel(all);
    return all.run();
}
