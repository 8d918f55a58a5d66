// Conversations: so many producers send to so many consumers over channels of each kind, and all end.
#include "rows.hpp"
#include <harness/measure.hpp>
#include <harness/peers.hpp>
#include <harness/worker_counts.hpp>

#include <limits>
#include <memory>
#include <vector>

namespace bifilar::experiments {

namespace {

constexpr std::uint64_t messages = 400'000;
constexpr std::uint32_t no_bound = std::numeric_limits<std::uint32_t>::max();

struct shape {
    std::uint32_t capacity;  // no_bound: unbounded.
    std::uint32_t producers;
    std::uint32_t pairs;  // Channels, each with its producers and consumers.
    bool batches;         // A consumer takes up to 256 at a time.
    std::uint32_t consumers = 1;
};

task<> produce(channel<std::uint64_t>& to, std::uint64_t count) {
    for (std::uint64_t n = 0; n < count; ++n) (void)co_await to.send(1);
}

// A send here never waits, so the producer lets others run now and then.
task<> produce_unbounded(unbounded_channel<std::uint64_t>& to, std::uint64_t count) {
    for (std::uint64_t n = 0; n < count; ++n) {
        (void)to.send(1);
        if (n % 128 == 127) co_await yield_now();
    }
}

template <class Channel>
task<std::uint64_t> consume(Channel& from, bool batches) {
    std::uint64_t sum = 0;
    if (!batches) {
        while (const auto value = co_await from.recv()) sum += *value;
        co_return sum;
    }
    std::vector<std::uint64_t> batch;
    batch.reserve(256);
    for (;;) {
        batch.clear();
        const std::size_t count = co_await from.recv_many(batch, 256);
        if (count == 0) co_return sum;
        for (const std::uint64_t value : batch) sum += value;
    }
}

// One run over a kind of channel; `make` gives a channel, `send` a producer.
template <class Channel, class Make, class Send>
task<sample> converse(backend on, shape of, Make make, Send send) {
    std::vector<std::unique_ptr<Channel>> channels;
    std::vector<join_handle<void>> producers;
    std::vector<join_handle<std::uint64_t>> consumers;
    const std::uint64_t each = messages / of.pairs / of.producers;
    for (std::uint32_t n = 0; n < of.pairs; ++n) channels.push_back(make());
    const counting_stopwatch watch;
    for (auto& channel : channels) {
        for (std::uint32_t n = 0; n < of.consumers; ++n)
            consumers.push_back(spawn(on, consume<Channel>, std::ref(*channel), of.batches));
        for (std::uint32_t n = 0; n < of.producers; ++n) producers.push_back(spawn(on, send, std::ref(*channel), each));
    }
    for (auto& producer : producers) co_await producer;
    for (auto& channel : channels) channel->close();
    std::uint64_t sum = 0;
    for (auto& consumer : consumers) sum += co_await consumer;
    co_return watch.stop(messages, sum);
}

sample run(backend on, std::uint32_t count, shape of) {
    const pinned here{count};
    runtime made{workers(count)};
    const auto once = [&] {
        if (of.capacity == no_bound)
            return made.run([=] {
                using kind = unbounded_channel<std::uint64_t>;
                return converse<kind>(
                    on, of, [] { return std::make_unique<kind>(); }, produce_unbounded);
            });
        return made.run([=] {
            using kind = channel<std::uint64_t>;
            return converse<kind>(
                on, of, [=] { return std::make_unique<kind>(of.capacity); }, produce);
        });
    };
    (void)once();
    return once();
}

// Go has no unbounded channel, Tokio and async-channel have none of capacity 0; one of Tokio has one consumer.
std::vector<peer> peers_of(shape of, std::uint32_t processors) {
    const peer_arguments talk{"conversation",           std::to_string(of.capacity), std::to_string(of.producers),
                              std::to_string(of.pairs), std::to_string(messages),    std::to_string(processors)};
    if (of.consumers > 1) {  // The peers' program of that name has four of each.
        const peer_arguments many{"mpmc", std::to_string(of.capacity), std::to_string(messages),
                                  std::to_string(processors)};
        return {go(many), flume(many), async_channel(many)};
    }
    if (of.capacity == 0) return {go(talk), flume(talk)};
    if (of.capacity == no_bound) return {tokio(talk), flume(talk), async_channel(talk)};
    return every_channel(talk);
}

void add_both_models(workload& work, shape of, std::uint32_t count) {
    for (const backend on : {backend::stackless, backend::stackful}) {
        const std::string name = on == backend::stackless ? "coroutine" : "fiber";
        work.contenders.push_back({name, [=] { return run(on, count, of); }});
    }
}

void add(experiment& all, const std::string& id, const std::string& title, shape of) {
    for (const std::uint32_t count : {1U, 2U}) {
        workload work{id + std::to_string(count),
                      title + (count == 1 ? ", one worker" : ", two workers"),
                      "ns per message",
                      static_cast<double>(of.capacity),
                      messages,
                      {}};
        add_both_models(work, of, count);
        shape batched = of;
        batched.batches = true;
        if (of.capacity > 1)
            work.contenders.push_back(
                {"coroutine, recv_many", [=] { return run(backend::stackless, count, batched); }});
        add_peers(all, work, peers_of(of, count), count);
        all.add(std::move(work));
    }
}

// The same conversations on ever more workers.
void add_by_workers(experiment& all, const std::string& id, const std::string& title, shape of) {
    for (const std::uint32_t count : all.options().workers) {
        workload work{id, title + ", " + workers_here(count), "ns per message", static_cast<double>(count), messages,
                      {}};
        add_both_models(work, of, count);
        add_peers(all, work, peers_of(of, count), count);
        all.add(std::move(work));
    }
}

}  // namespace

void add_conversations(experiment& all) {
    add(all, "rendezvous", "1 producer, 1 consumer, capacity 0", {0, 1, 1, false});
    for (const std::uint32_t capacity : {1U, 16U, 100U, 1024U})
        add(all, "capacity" + std::to_string(capacity) + "_",
            "1 producer, 1 consumer, capacity " + std::to_string(capacity), {capacity, 1, 1, false});
    add(all, "unbounded", "1 producer, 1 consumer, unbounded", {no_bound, 1, 1, false});
    add(all, "four", "4 producers, 1 consumer, capacity 100", {100, 4, 1, false});
    add(all, "four_to_four", "4 producers, 4 consumers, capacity 1,024", {1024, 4, 1, false, 4});
    add(all, "pairs", "16 pairs, capacity 16", {16, 1, 16, false});
    add_by_workers(all, "pairs_by_workers", "16 pairs, capacity 16", {16, 1, 16, false});
    add_by_workers(all, "four_by_workers", "4 producers, 4 consumers, capacity 1,024", {1024, 4, 1, false, 4});
}

}  // namespace bifilar::experiments
