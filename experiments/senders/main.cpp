// Question: what does a message cost when very many senders wait on one channel, and does that depend on how many?
// Unit: nanoseconds a message from the first receive to the last, and bytes a parked sender. Threats: cold memory.
#include "meeting.hpp"
#include <harness/memory.hpp>

#include <memory>

namespace bifilar::experiments {

namespace {

task<> send_coroutine(meeting* at) {
    ++at->arrived;
    (void)co_await at->through.send(1);
}

void send_fiber(meeting* at) {
    ++at->arrived;
    (void)await(at->through.send(1));
}

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

// Everybody at once: producers that each send `each` messages, and one consumer; all end.
sample crowd(backend on, std::uint32_t count, std::uint64_t producers, std::uint64_t each) {
    const pinned here{count};
    runtime made{workers(count)};
    const auto once = [&] {
        return made.run([=]() -> task<sample> {
            const auto through = std::make_unique<channel<std::uint64_t>>(16U);
            std::vector<join_handle<void>> senders;
            senders.reserve(producers);
            const counting_stopwatch watch;
            join_handle<std::uint64_t> consumer = spawn(
                on,
                [](channel<std::uint64_t>& from) -> task<std::uint64_t> {
                    std::uint64_t sum = 0;
                    while (const auto value = co_await from.recv()) sum += *value;
                    co_return sum;
                },
                std::ref(*through));
            for (std::uint64_t n = 0; n < producers; ++n)
                senders.push_back(spawn(
                    on,
                    [](channel<std::uint64_t>& to, std::uint64_t messages) -> task<> {
                        for (std::uint64_t m = 0; m < messages; ++m) (void)co_await to.send(1);
                    },
                    std::ref(*through), each));
            for (auto& sender : senders) co_await sender;
            through->close();
            const std::uint64_t sum = co_await consumer;
            co_return watch.stop(producers * each, sum);
        });
    };
    (void)once();
    return once();
}

void add_crowd(experiment& all, std::uint64_t producers, std::uint64_t each) {
    const std::uint64_t messages = producers * each;
    for (const std::uint32_t count : {1U, 2U}) {
        workload work{"crowd" + std::to_string(count),
                      std::string{"producers, one consumer, capacity 16, spawn and join included, "} +
                          (count == 1 ? "one worker" : "two workers"),
                      "ns per message",
                      static_cast<double>(producers),
                      messages,
                      {}};
        for (const backend on : {backend::stackless, backend::stackful})
            work.contenders.push_back(
                {on == backend::stackless ? "coroutine" : "fiber", [=] { return crowd(on, count, producers, each); }});
        work.repetitions = 10;
        work.quick_repetitions = 1;
        work.warm_up = 0;
        add_peers(all, work,
                  every_channel({"conversation", "16", std::to_string(producers), "1", std::to_string(messages),
                                 std::to_string(count)}),
                  count);
        all.add(std::move(work));
    }
}

}  // namespace

join_handle<void> start_sender(backend on, meeting* at) {
    return on == backend::stackless ? spawn(on, send_coroutine, at) : spawn(on, send_fiber, at);
}

task<sample> drain(meeting* at, std::uint64_t messages) {
    std::uint64_t sum = 0;
    const counting_stopwatch watch;
    for (std::uint64_t n = 0; n < messages; ++n) sum += (co_await at->through.recv()).value_or(0);
    co_return watch.stop(messages, sum);
}

}  // namespace bifilar::experiments

int main(int argc, char** argv) {
    using namespace bifilar::experiments;
    experiment all{"senders", 10, 1};
    all.parse(argc, argv);
    for (const std::uint32_t capacity : {16U, 1U})
        for (const std::uint64_t senders : {1'000, 10'000, 100'000, 1'000'000}) add_parked(all, capacity, senders);
    for (const std::uint64_t senders : {1, 1'000, 100'000}) add_given_up(all, senders);
    add_crowd(all, 513, 800);
    add_crowd(all, 10'000, 40);
    add_crowd(all, 100'000, 4);
    return all.run();
}
