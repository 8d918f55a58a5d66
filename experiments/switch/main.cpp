// Question: what does it cost to leave a task and come back, hot and cold, by itself and through the scheduler?
// Unit: nanoseconds a turn (one task is resumed, counts, gives up). Threats: clock speed, virtual processors.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <harness/peers.hpp>
#include <harness/pin.hpp>

#include "contenders.hpp"

namespace bifilar::experiments {

namespace {

// Peers that take a microsecond a turn take fewer turns than ours; the count that they answer is held against theirs.
void add_peers_of(const experiment& all, workload& work, std::size_t tasks, std::uint64_t rounds,
                  const std::vector<peer (*)(peer_arguments)>& made, const std::vector<std::string>& columns,
                  const char* name = "yield") {
    const std::size_t own = work.contenders.size();
    const peer_arguments arguments{name, std::to_string(tasks), std::to_string(rounds)};
    std::vector<peer> peers;
    for (std::size_t i = 0; i < made.size(); ++i) {
        peers.push_back(made[i](arguments));
        peers.back().column = columns[i];
    }
    add_peers(all, work, std::move(peers));
    for (std::size_t i = own; i < work.contenders.size(); ++i)
        work.contenders[i].once = [once = work.contenders[i].once, turns = tasks * rounds, oracle = work.oracle] {
            sample got = once();
            got.answer = got.answer == turns ? oracle : 0;
            return got;
        };
}

void add_yields_of_peers(const experiment& all, workload& work, std::size_t tasks, std::uint64_t rounds) {
    const auto rounds_of = [&](std::uint64_t turns) { return std::max<std::uint64_t>(2, turns / tasks); };
    const std::uint64_t slow = rounds_of(50'000);
    const std::uint64_t few = rounds_of(200'000);
    const std::uint64_t some = rounds_of(1'000'000);
    add_peers_of(all, work, tasks, rounds, {go, tokio}, {"Go, Gosched", "Tokio, yield_now"});
    add_peers_of(all, work, tasks, rounds, {tokio}, {"Tokio, waker"}, "yield_waker");
    if (tasks != 2 && tasks != 1000 && tasks != 100'000) return;
    add_peers_of(all, work, tasks, slow, {python}, {"Python asyncio, sleep(0)"});
    add_peers_of(all, work, tasks, few, {python}, {"Python generator, bare"}, "generator");
    add_peers_of(all, work, tasks, few, {node, ruby, lua}, {"Node, await", "Ruby, Fiber.yield", "Lua, yield"});
    add_peers_of(all, work, tasks, some, {boost_fiber, asio}, {"Boost.Fiber, yield", "Asio, post"});
}

void add_parts(experiment& all) {
    const std::uint64_t turns = all.options().quick ? 2'000'000 : 5'000'000;
    workload work{"parts", "a pair of switches, by what it saves", "ns per turn", 2, turns, {}};
    work.contenders = {
        {"stack pointer alone", [=] { return switched_parts(switched::stack_pointer, turns); }},
        {"six registers", [=] { return switched_parts(switched::six_registers, turns); }},
        {"six registers and control words", [=] { return switched_parts(switched::control_words, turns); }},
        {"six registers and SIMD state", [=] { return switched_parts(switched::simd_state, turns); }},
    };
    work.repetitions = 25;
    all.add(std::move(work));
}

void add_ring(experiment& all, std::size_t tasks, bool shuffled) {
    // About five million turns, three of large rings, whose turns are slow; and at least three rounds of all.
    const std::uint64_t budget = all.options().quick ? 2'000'000 : (tasks >= 100'000 ? 3'000'000 : 5'000'000);
    const std::uint64_t rounds = std::max<std::uint64_t>(3, budget / tasks);
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
    const bool most = tasks == 1'000'000;
    work.repetitions = tasks == 2 || most ? 25 : (tasks > 1000 ? 10 : 0);  // Most rules are about two, some about most.
    if (most) work.warm_up = 0;                                            // Each repetition makes its tasks anew.
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
        // Of a million they take seconds to make, and no rule asks for them.
        {"future by hand, yield", [=] { return hand_future_yields(tasks, rounds, shuffled); }, most},
        {"coroutine yield", [=] { return coroutine_yields(tasks, rounds, shuffled); }, most},
        {"fiber yield", [=] { return fiber_yields(tasks, rounds, shuffled); }, most},
    };
    // A million stacks take seconds to make; jump_fcontext's stand for both.
    if (tasks <= 100'000) work.contenders.push_back({"fiber_context, bare", bare(fiber_context_ring)});
    if (!shuffled) {
        work.contenders.push_back({"copy of a pointer, bare", bare(copy_ring)});
        add_yields_of_peers(all, work, tasks, rounds);
    }
    all.add(std::move(work));
}

void add_threads(experiment& all) {
    constexpr std::uint64_t turns = 20'000;
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
    if (argc == 4 && std::strcmp(argv[1], "--count") == 0)
        return count_turns(argv[2], std::strtoull(argv[3], nullptr, 10));
    experiment all{"switch", 15, 5};
    all.parse(argc, argv);
    for (const std::size_t tasks : {2, 10, 100, 1000, 10'000, 100'000}) add_ring(all, tasks, false);
    for (const std::size_t tasks : {1000, 10'000, 100'000, 1'000'000}) add_ring(all, tasks, true);
    add_parts(all);
    add_threads(all);
    add_channel(all);
    return all.run();
}
