// One more sender on a channel on which many wait: it waits too, and gives up for another arm of its race.
// If leaving a channel's list takes the same however long the list is, so does a race.
#include "meeting.hpp"

namespace bifilar::experiments {

namespace {

constexpr std::uint64_t races = 100'000;

// The other arm is ready at its second look, so that the send has always begun to wait. Gives how many were sent.
task<std::uint64_t> race_in_coroutine(meeting* at, std::uint64_t count) {
    std::uint64_t sent = 0;
    for (std::uint64_t n = 0; n < count; ++n) {
        auto first = co_await race(at->through.send(1), yield_now());
        sent += first.index() == 0 ? 1 : 0;
    }
    co_return sent;
}

std::uint64_t race_in_fiber(meeting* at, std::uint64_t count) {
    std::uint64_t sent = 0;
    for (std::uint64_t n = 0; n < count; ++n) sent += await(race(at->through.send(1), yield_now())).index() == 0;
    return sent;
}

task<sample> park_and_race(backend on, std::uint64_t senders) {
    meeting at{1};
    sender_handles handles(senders);
    for (auto& handle : handles) handle.emplace(start_sender(on, &at));
    while (at.arrived != senders) co_await yield_now();
    const auto run = [&](std::uint64_t count) {
        return on == backend::stackless ? spawn(on, race_in_coroutine, &at, count)
                                        : spawn(on, race_in_fiber, &at, count);
    };
    std::uint64_t sent = co_await run(races / 10);
    const counting_stopwatch watch;
    sent += co_await run(races);
    sample raced = watch.stop(races, 0);
    const sample drained = co_await drain(&at, senders + 1);
    for (auto& handle : handles) co_await *handle;
    // Everybody's value, once, and none of a send that was given up.
    raced.answer = sent == 0 ? drained.answer : 0;
    co_return raced;
}

}  // namespace

void add_given_up(experiment& all, std::uint64_t senders) {
    workload work{"given_up",    "a race beside so many parked senders, its own send given up, one worker",
                  "ns per race", static_cast<double>(senders),
                  senders + 1,   {}};
    work.isolated = true;
    work.warm_up = 0;
    for (const backend on : {backend::stackless, backend::stackful})
        work.contenders.push_back({on == backend::stackless ? "coroutine" : "fiber", [=] {
                                       const pinned here{1};
                                       runtime made{workers(1)};
                                       return made.run(park_and_race, on, senders);
                                   }});
    // flume looks through all who wait when one leaves: beside very many it is given fewer races.
    const auto talk = [&](std::uint64_t count) {
        return peer_arguments{"given_up", std::to_string(senders), std::to_string(count)};
    };
    add_peers(all, work,
              {go(talk(races)), tokio(talk(races)), flume(talk(senders > 10'000 ? races / 500 : races)),
               async_channel(talk(races))});
    all.add(std::move(work));
}

}  // namespace bifilar::experiments
