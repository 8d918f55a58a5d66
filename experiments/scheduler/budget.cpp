// A task whose channel never runs dry beside one that yields: how many messages does it take before the other has its
// turn? One worker. Without a budget it would be all.
#include <harness/peers.hpp>
#include <harness/statistics.hpp>
#include <optional>

#include "questions.hpp"

namespace bifilar::experiments {

namespace {

constexpr std::uint64_t messages = 1'000'000;

// The one worker's thread alone, but for the channel.
struct desk {
    unbounded_channel<std::uint64_t> line;
    std::uint64_t taken = 0;
    std::uint64_t taken_before = 0;  // When the neighbour last ran.
    std::vector<double> between;     // Taken between two turns of the neighbour.

    void look() {
        if (taken == taken_before) return;
        between.push_back(static_cast<double>(taken - taken_before));
        taken_before = taken;
    }
};

task<> receiving_coroutine(desk* at) {
    while (at->taken < messages) {
        const std::optional<std::uint64_t> got = co_await at->line.recv();
        if (got) ++at->taken;
    }
}

task<> yielding_coroutine(desk* at) {
    while (at->taken < messages) {
        at->look();
        co_await yield_now();
    }
    at->look();
}

void receiving_fiber(desk* at) {
    while (at->taken < messages) {
        const std::optional<std::uint64_t> got = await(at->line.recv());
        if (got) ++at->taken;
    }
}

void yielding_fiber(desk* at) {
    while (at->taken < messages) {
        at->look();
        this_fiber::yield();
    }
    at->look();
}

sample take_beside_a_neighbour(backend on) {
    const pinned here{1};
    runtime made{workers(1)};
    return made.run([=]() -> task<sample> {
        desk at;
        for (std::uint64_t n = 0; n < messages; ++n) (void)at.line.send(n);
        const bool fibers = on == backend::stackful;
        auto receiving = fibers ? spawn(on, receiving_fiber, &at) : spawn(on, receiving_coroutine, &at);
        auto yielding = fibers ? spawn(on, yielding_fiber, &at) : spawn(on, yielding_coroutine, &at);
        co_await receiving;
        co_await yielding;
        co_return sample{summarise(at.between).median, at.taken, {}};
    });
}

}  // namespace

void add_budget(experiment& all) {
    workload work{"budget",
                  "a receiver of 1,000,000 messages that are all there beside a task that yields, one worker",
                  "messages between two turns of the neighbour",
                  1,
                  messages,
                  {}};
    work.contenders = {{"coroutine", [] { return take_beside_a_neighbour(backend::stackless); }},
                       {"fiber", [] { return take_beside_a_neighbour(backend::stackful); }}};
    const peer_arguments same{"budget", std::to_string(messages)};
    add_peers(all, work, {tokio(same), go(same)});
    all.add(std::move(work));
}

}  // namespace bifilar::experiments
