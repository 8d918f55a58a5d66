// Senders that all wait, are measured, and are then received from.
#include "meeting.hpp"

#include <harness/memory.hpp>
#include <string>

namespace bifilar::experiments {

namespace {

// Parks the senders, measures them, then receives everything that they and the channel hold.
task<sample> park_and_drain(backend on, std::uint32_t capacity, std::uint64_t senders) {
    meeting at{capacity};
    sender_handles handles(senders);  // Touched before the first reading, so that they do not count.
    const memory_use before = read_memory();
    for (auto& handle : handles) handle.emplace(start_sender(on, &at));
    while (at.arrived != senders) co_await yield_now();
    const memory_use parked = read_memory();
    const std::uint64_t messages = senders + capacity;
    const counting_stopwatch watch;
    sample drained = co_await drain(&at, messages);
    for (auto& handle : handles) co_await *handle;
    drained.also["until_all_ended_ns"] = watch.stop(messages, 0).value;
    drained.also["resident_bytes_per_sender"] =
        static_cast<double>(parked.resident_bytes - before.resident_bytes) / static_cast<double>(senders);
    co_return drained;
}

}  // namespace

void add_parked(experiment& all, std::uint32_t capacity, std::uint64_t senders) {
    workload work{"parked" + std::to_string(capacity),
                  "senders parked on a channel of capacity " + std::to_string(capacity) + ", then drained, one worker",
                  "ns per message",
                  static_cast<double>(senders),
                  senders + capacity,
                  {}};
    work.isolated = true;
    work.warm_up = 0;
    work.full_only = senders > 100'000;
    work.repetitions = senders > 100'000 ? 6 : 10;
    for (const backend on : {backend::stackless, backend::stackful}) {
        if (on == backend::stackful && senders > 100'000) continue;  // Their stacks are measured on the memory page.
        work.contenders.push_back({on == backend::stackless ? "coroutine" : "fiber", [=] {
                                       const pinned here{1};
                                       runtime made{workers(1)};
                                       return made.run(park_and_drain, on, capacity, senders);
                                   }});
    }
    add_peers(all, work, every_channel({"parked", std::to_string(capacity), std::to_string(senders)}));
    all.add(std::move(work));
}

}  // namespace bifilar::experiments
