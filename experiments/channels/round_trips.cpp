// Two tasks and two channels of capacity 1: one asks, the other answers, and neither has anything else to do.
// Unit: nanoseconds a round trip, which is two messages and two waits. The first thousand trips do not count.
#include "rows.hpp"
#include <harness/measure.hpp>
#include <harness/peers.hpp>

#include <optional>

namespace bifilar::experiments {

namespace {

constexpr std::uint64_t trips = 50'000;
constexpr std::uint64_t warm_up_trips = 1000;
constexpr std::uint64_t thread_trips = trips / 10;  // Long ones: each counts for ten.

struct line {
    channel<std::uint64_t> requests{1};
    channel<std::uint64_t> replies{1};
};

task<> answering_coroutine(line* on) {
    while (const std::optional<std::uint64_t> got = co_await on->requests.recv())
        (void)co_await on->replies.send(*got + 1);
}

task<std::uint64_t> asking_coroutine(line* on, std::uint64_t count) {
    std::uint64_t sum = 0;
    for (std::uint64_t n = 0; n < count; ++n) {
        (void)co_await on->requests.send(n);
        sum += *co_await on->replies.recv() - n;
    }
    co_return sum;
}

void answering_fiber(line* on) {
    while (const std::optional<std::uint64_t> got = await(on->requests.recv())) (void)await(on->replies.send(*got + 1));
}

std::uint64_t asking_fiber(line* on, std::uint64_t count) {
    std::uint64_t sum = 0;
    for (std::uint64_t n = 0; n < count; ++n) {
        (void)await(on->requests.send(n));
        sum += *await(on->replies.recv()) - n;
    }
    return sum;
}

task<sample> ask_and_answer(backend model) {
    line on;
    const bool fibers = model == backend::stackful;
    auto answering = fibers ? spawn(model, answering_fiber, &on) : spawn(model, answering_coroutine, &on);
    const auto ask = [&](std::uint64_t count) {
        return fibers ? spawn(model, asking_fiber, &on, count) : spawn(model, asking_coroutine, &on, count);
    };
    co_await ask(warm_up_trips);
    const counting_stopwatch watch;
    const std::uint64_t sum = co_await ask(trips);
    const sample all = watch.stop(trips, sum);
    on.requests.close();
    co_await answering;
    co_return all;
}

}  // namespace

void add_round_trips(experiment& all) {
    for (const std::uint32_t count : {1U, 2U}) {
        workload work{"pingpong" + std::to_string(count),
                      std::string{"a request and its reply, two channels of capacity 1, "} +
                          (count == 1 ? "one worker" : "two workers"),
                      "ns per round trip",
                      1,
                      trips,
                      {}};
        for (const backend model : {backend::stackless, backend::stackful})
            work.contenders.push_back({model == backend::stackless ? "coroutine" : "fiber", [=] {
                                           const pinned here{count};
                                           runtime made{workers(count)};
                                           return made.run(ask_and_answer, model);
                                       }});
        work.contenders.push_back({"thread", [=] {
                                       sample got = threads_round_trips(thread_trips, count);
                                       got.answer *= trips / thread_trips;
                                       return got;
                                   }});
        add_peers(all, work, every_channel({"channel", std::to_string(trips), std::to_string(count)}), count);
        work.in_turns = "round trips";  // One worker is compared with two.
        all.add(std::move(work));
    }
}

}  // namespace bifilar::experiments
