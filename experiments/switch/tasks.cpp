// Yields and channels between tasks of one runtime with one pinned worker.
// The worker's own queue holds all members of a ring, so that each has its turn once a round.
#include <bifilar/bifilar.hpp>
#include <bifilar/runtime/detail/tuned_runtime.hpp>
#include <algorithm>
#include <bit>
#include <deque>
#include <harness/pin.hpp>
#include <harness/stopwatch.hpp>
#include <harness/workers.hpp>

#include "contenders.hpp"

namespace bifilar::experiments {

namespace {

constexpr std::uint64_t warm_rounds = 2;

// Worker's thread alone. A turn counts, and compares what it need not work out, as in the peers.
class ring {
public:
    ring(std::size_t members, std::uint64_t rounds) : gates(members), rounds_{rounds}, left_{members} {}

    // Opened in the ring's order, which so becomes the queue's order.
    std::deque<event> gates;

    // A turn that is not of the round that all are in does not count, so that the answer shows a ring that is none.
    void turn(std::uint64_t round) noexcept {
        if (left_ == 0) begin_round();
        --left_;
        if (round == round_) ++turns_;
    }
    [[nodiscard]] std::uint64_t last_round() const noexcept { return warm_rounds + rounds_; }

    [[nodiscard]] sample result() const {
        const double turns = static_cast<double>(gates.size()) * static_cast<double>(rounds_);
        return {static_cast<double>(end_ns_ - start_ns_) / turns, timed_turns_, {}};
    }

private:
    // The first turn of a round comes here, and for two of them the clock is read.
    [[gnu::noinline, gnu::cold]] void begin_round() noexcept {
        left_ = gates.size();
        ++round_;
        if (round_ == warm_rounds) {
            turns_ = 0;
            start_ns_ = now_ns();
        } else if (round_ == last_round()) {
            timed_turns_ = turns_;
            end_ns_ = now_ns();
        }
    }

    std::uint64_t rounds_;
    std::uint64_t round_ = 0;
    std::uint64_t left_;  // Turns of this round that are still to come.
    std::uint64_t turns_ = 0;
    std::uint64_t timed_turns_ = 0;
    std::int64_t start_ns_ = 0;
    std::int64_t end_ns_ = 0;
};

task<void> coroutine_member(ring* in, std::uint32_t at) {
    co_await in->gates[at].wait();
    for (std::uint64_t round = 0; round <= in->last_round(); ++round) {
        in->turn(round);
        co_await yield_now();
    }
}

void fiber_member(ring* in, std::uint32_t at) {
    await(in->gates[at].wait());
    for (std::uint64_t round = 0; round <= in->last_round(); ++round) {
        in->turn(round);
        this_fiber::yield();
    }
}

class hand_member {
public:
    using output = void;
    hand_member(ring* in, std::uint32_t at) : in_{in}, gate_{in->gates[at].wait()} {}

    polled<void> poll(context& cx) noexcept {
        if (!open_ && !gate_.poll(cx)) return not_ready;
        open_ = true;
        if (round_ > in_->last_round()) return done;
        in_->turn(round_++);
        cx.yield();
        return not_ready;
    }

private:
    ring* in_;
    event::wait_future gate_;
    std::uint64_t round_ = 0;
    bool open_ = false;
};

// `start(ring*, index)` spawns one member.
template <class Start>
task<sample> go_round(std::size_t tasks, std::uint64_t rounds, bool shuffled, Start start) {
    ring in{tasks, rounds};
    const std::vector<std::uint32_t> order = ring_order(tasks, shuffled);
    std::vector<join_handle<void>> handles;
    handles.reserve(tasks);
    for (std::uint32_t at = 0; at < tasks; ++at) handles.push_back(start(&in, at));
    for (int i = 0; i < 3; ++i) co_await yield_now();  // All wait at their gates now.
    for (const std::uint32_t at : order) in.gates[at].set();
    co_await yield_now();  // All are in the queue: one that is awaited before that has its turn ahead of the others.
    for (auto& handle : handles) co_await handle;
    co_return in.result();
}

// The worker's queue has room for all from the beginning, so that it need not grow while they go round. The task that
// starts them needs a slot as well.
template <class Start>
sample run_ring(std::size_t tasks, std::uint64_t rounds, bool shuffled, Start start) {
    const pinned here{1};
    sched::tuning rules;
    rules.ring_slots = std::max(rules.ring_slots, std::bit_ceil(static_cast<std::uint32_t>(tasks) + 1));
    detail::tuned_runtime on{workers(1), rules};
    return on.run([](std::size_t n, std::uint64_t r, bool s, Start each) { return go_round(n, r, s, each); }, tasks,
                  rounds, shuffled, start);
}

using line = channel<std::uint64_t>;

task<std::uint64_t> coroutine_server(line* requests, line* replies) {
    std::uint64_t served = 0;
    while (const std::optional<std::uint64_t> got = co_await requests->recv()) {
        ++served;
        (void)co_await replies->send(*got + 1);
    }
    co_return served;
}

task<std::uint64_t> coroutine_client(line* requests, line* replies, std::uint64_t trips) {
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < trips; ++i) {
        (void)co_await requests->send(i);
        sum += *co_await replies->recv() - i;
    }
    co_return sum;
}

std::uint64_t fiber_server(line* requests, line* replies) {
    std::uint64_t served = 0;
    while (const std::optional<std::uint64_t> got = await(requests->recv())) {
        ++served;
        (void)await(replies->send(*got + 1));
    }
    return served;
}

std::uint64_t fiber_client(line* requests, line* replies, std::uint64_t trips) {
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < trips; ++i) {
        (void)await(requests->send(i));
        sum += *await(replies->recv()) - i;
    }
    return sum;
}

task<sample> converse(backend on, std::uint64_t trips) {
    line requests{1};
    line replies{1};
    const bool fibers = on == backend::stackful;
    auto server =
        fibers ? spawn(on, fiber_server, &requests, &replies) : spawn(on, coroutine_server, &requests, &replies);
    const auto client = [&](std::uint64_t count) {
        return fibers ? spawn(on, fiber_client, &requests, &replies, count)
                      : spawn(on, coroutine_client, &requests, &replies, count);
    };
    co_await client(1000);
    const stopwatch watch;
    const std::uint64_t sum = co_await client(trips);
    const double each = watch.per_operation(static_cast<double>(trips));
    requests.close();
    const std::uint64_t served = co_await server;
    co_return sample{each, served == trips + 1000 ? sum : 0, {}};
}

}  // namespace

sample coroutine_yields(std::size_t tasks, std::uint64_t rounds, bool shuffled) {
    return run_ring(tasks, rounds, shuffled,
                    [](ring* in, std::uint32_t at) { return spawn(backend::stackless, coroutine_member, in, at); });
}

sample hand_future_yields(std::size_t tasks, std::uint64_t rounds, bool shuffled) {
    return run_ring(tasks, rounds, shuffled, [](ring* in, std::uint32_t at) {
        return spawn(backend::stackless, hand_member{in, at});
    });
}

sample fiber_yields(std::size_t tasks, std::uint64_t rounds, bool shuffled) {
    return run_ring(tasks, rounds, shuffled,
                    [](ring* in, std::uint32_t at) { return spawn(backend::stackful, fiber_member, in, at); });
}

sample channel_round_trips(backend on, std::uint64_t trips) {
    const pinned here{1};
    runtime made{workers(1)};
    return made.run(converse, on, trips);
}

}  // namespace bifilar::experiments
