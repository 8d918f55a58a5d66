// Receivers that wait on a channel, and are all told at once that it is closed: until the last has seen it.
// Unit: nanoseconds a receiver. The scheduler's own count of runs says how often each was woken for it.
#include "rows.hpp"
#include <harness/measure.hpp>
#include <harness/peers.hpp>

#include <optional>

namespace bifilar::experiments {

namespace {

// Worker's thread alone, but for the channel.
struct audience {
    channel<std::uint64_t> from{1};
    wait_group there;
    std::uint64_t arrived = 0;
    std::uint64_t saw_closed = 0;
};

task<> coroutine_receiver(audience* in) {
    ++in->arrived;
    const std::optional<std::uint64_t> got = co_await in->from.recv();
    if (!got) ++in->saw_closed;
    in->there.done();
}

void fiber_receiver(audience* in) {
    ++in->arrived;
    const std::optional<std::uint64_t> got = await(in->from.recv());
    if (!got) ++in->saw_closed;
    in->there.done();
}

task<sample> close_under(backend on, std::uint64_t receivers, const runtime* of) {
    audience in;
    in.there.add(receivers);
    for (std::uint64_t n = 0; n < receivers; ++n) {
        if (on == backend::stackful)
            spawn(on, fiber_receiver, &in).detach();
        else
            spawn(on, coroutine_receiver, &in).detach();
    }
    while (in.arrived != receivers) co_await yield_now();  // With one worker, who has arrived waits.
    const std::uint64_t runs_before = of->stats().total().polled;
    const counting_stopwatch watch;
    in.from.close();
    co_await in.there.wait();
    sample got = watch.stop(receivers, in.saw_closed);
    const std::uint64_t runs = of->stats().total().polled - runs_before;
    got.also["runs_per_receiver"] = static_cast<double>(runs) / static_cast<double>(receivers);
    co_return got;
}

sample close_warm(backend on, std::uint64_t receivers) {
    const pinned here{1};
    runtime made{workers(1)};
    const runtime* const of = &made;
    (void)made.run(close_under, on, receivers, of);
    return made.run(close_under, on, receivers, of);
}

}  // namespace

void add_close(experiment& all) {
    for (const std::uint64_t receivers : {1'000, 100'000}) {
        workload work{"close",           "receivers that wait are told that the channel is closed, one worker",
                      "ns per receiver", static_cast<double>(receivers),
                      receivers,         {}};
        work.contenders = {{"coroutine", [=] { return close_warm(backend::stackless, receivers); }},
                           {"fiber", [=] { return close_warm(backend::stackful, receivers); }}};
        const peer_arguments close{"close", std::to_string(receivers)};
        peer beside = flume(close);
        beside.column = "flume beside a semaphore";
        add_peers(all, work, {go(close)});
        const bool takes_long = receivers > 10'000;  // Half a minute each time: it looks at all of them for each.
        add_peers(all, work, {std::move(beside)}, 1, takes_long);
        if (takes_long) {
            work.repetitions = 11;
            work.warm_up = 0;
        }
        all.add(std::move(work));
    }
}

}  // namespace bifilar::experiments
