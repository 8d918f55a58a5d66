// Very many producers that each send a few messages to one consumer; spawned, run and joined.
#include "meeting.hpp"

#include <memory>
#include <string>

namespace bifilar::experiments {

namespace {

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

}  // namespace

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

}  // namespace bifilar::experiments
