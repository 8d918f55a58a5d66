// The pool for calls that block: how far it grows and when it shrinks, and producers that block in it in front of the
// one consumer for whom they wait.
#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/sched/detail/blocking_pool.hpp>
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <harness/measure.hpp>
#include <harness/peers.hpp>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "workloads.hpp"

namespace bifilar::experiments {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t calls = 1'000;

struct sleepers {
    // Calls that have ended; written by the pool's threads, read by who looks on. Relaxed: a count that orders nothing.
    base::atomic<std::uint64_t> ended{0};
};

void sleep_in_the_pool(sleepers* among) {
    std::this_thread::sleep_for(milliseconds{100});
    among->ended.fetch_add(1, base::relaxed);  // Relaxed: see the member.
}

task<void> start_sleepers(sleepers* all) {
    std::vector<join_handle<void>> handles;
    handles.reserve(calls);
    for (std::uint64_t n = 0; n < calls; ++n) handles.push_back(spawn_blocking(sleep_in_the_pool, all));
    for (auto& one : handles) co_await one;
}

// Threads at most while the calls sleep; then waits until the idle ones are gone, twice as long as they are kept.
sample grow_and_shrink() {
    runtime made;
    sleepers all;
    const sched::blocking_pool& pool = runtime::blocking_pool_of(runtime::scheduler_of(made));
    auto root = made.spawn(backend::stackless, start_sleepers, &all);
    std::uint32_t most = 0;
    while (all.ended.load(base::relaxed) < calls) {  // Relaxed: see the member.
        most = std::max(most, pool.threads());
        std::this_thread::sleep_for(milliseconds{1});
    }
    const stopwatch since_last;
    root.join();
    while (pool.threads() > 0 && since_last.seconds() < 20) std::this_thread::sleep_for(milliseconds{1});
    const std::uint32_t left = pool.threads();
    // Relaxed: see the member.
    sample result{static_cast<double>(most), all.ended.load(base::relaxed), {{"threads_left", left}}};
    if (left == 0) result.also["reclaimed_s"] = since_last.seconds();
    return result;
}

// Producers of one message each, a channel with room for one, and a consumer of them all.
class conversation {
public:
    explicit conversation(std::uint64_t producers) noexcept : producers_{producers} {}

    [[nodiscard]] std::uint64_t producers() const noexcept { return producers_; }
    [[nodiscard]] channel<std::uint64_t>& line() noexcept { return line_; }

    void note_one() {
        const std::lock_guard guard{lock_};
        if (++received_ == producers_) all_arrived_.notify_one();
    }

    /// On a thread that nobody waits for: closes the channel when all have arrived, after five seconds at the latest.
    /// Gives how many had arrived by then.
    std::uint64_t close_in_time() {
        std::unique_lock guard{lock_};
        all_arrived_.wait_for(guard, seconds{5}, [&] { return received_ == producers_; });
        const std::uint64_t arrived = received_;
        guard.unlock();
        line_.close();
        return arrived;
    }

private:
    const std::uint64_t producers_;
    channel<std::uint64_t> line_{1};
    std::mutex lock_;  // Guards received_.
    std::condition_variable all_arrived_;
    std::uint64_t received_ = 0;
};

// Ends when the message has gone, or was refused because the channel is closed.
void produce_in_a_thread(conversation* in) { (void)block_on(in->line().send(1)); }
void consume_in_a_thread(conversation* in) {
    while (block_on(in->line().recv())) in->note_one();
}

task<void> produce_in_a_coroutine(conversation* in) { (void)co_await in->line().send(1); }
task<void> consume_in_a_coroutine(conversation* in) {
    for (;;) {
        const std::optional<std::uint64_t> got = co_await in->line().recv();
        if (!got) co_return;
        in->note_one();
    }
}

void produce_in_a_fiber(conversation* in) { (void)await(in->line().send(1)); }
void consume_in_a_fiber(conversation* in) {
    while (await(in->line().recv())) in->note_one();
}

// The producers first, the consumer last; gives how many of them have ended when all have. `start(f, in)` starts f(in).
template <class Start, class Producer, class Consumer>
task<std::uint64_t> converse(conversation* in, Start start, Producer produce, Consumer consume) {
    std::vector<join_handle<void>> all;
    all.reserve(in->producers() + 1);
    for (std::uint64_t n = 0; n < in->producers(); ++n) all.push_back(start(produce, in));
    all.push_back(start(consume, in));
    std::uint64_t ended = 0;
    for (auto& one : all) {
        co_await one;
        ++ended;
    }
    co_return ended;
}

template <class Start, class Producer, class Consumer>
sample crowd_of(std::uint64_t producers, Start start, Producer produce, Consumer consume) {
    conversation in{producers};
    runtime made{workers(1)};
    auto root = made.spawn(backend::stackless, converse<Start, Producer, Consumer>, &in, start, produce, consume);
    const stopwatch watch;
    const std::uint64_t arrived = in.close_in_time();
    const double took_s = watch.seconds();
    const std::uint64_t ended = root.join();
    return {static_cast<double>(arrived), ended == producers + 1 ? 1U : 0U, {{"until_the_close_s", took_s}}};
}

sample crowd_of_calls(std::uint64_t producers) {
    return crowd_of(
        producers, [](auto f, conversation* in) { return spawn_blocking(f, in); }, produce_in_a_thread,
        consume_in_a_thread);
}

sample crowd_of_coroutines(std::uint64_t producers) {
    return crowd_of(
        producers, [](auto f, conversation* in) { return spawn(backend::stackless, f, in); }, produce_in_a_coroutine,
        consume_in_a_coroutine);
}

sample crowd_of_fibers(std::uint64_t producers) {
    return crowd_of(
        producers, [](auto f, conversation* in) { return spawn(backend::stackful, f, in); }, produce_in_a_fiber,
        consume_in_a_fiber);
}

void add_crowd(experiment& all, std::uint64_t producers) {
    constexpr std::uint64_t threads_of_a_pool = 512;
    workload work{"crowded_pool",
                  "producers that block, and after them their consumer",
                  "messages received within 5 s",
                  static_cast<double>(producers),
                  1,
                  {}};
    work.isolated = true;
    work.warm_up = 0;
    const bool may_stand_still = producers > threads_of_a_pool && producers < 1'000;
    work.repetitions = may_stand_still ? 3 : 0;
    work.quick_repetitions = 1;
    work.contenders = {{"coroutine", [=] { return crowd_of_coroutines(producers); }},
                       {"fiber", [=] { return crowd_of_fibers(producers); }}};
    if (producers < 1'000) {
        work.contenders.push_back({"spawn_blocking", [=] { return crowd_of_calls(producers); }});
        peer tokios = tokio({"crowded", std::to_string(producers)});
        tokios.column = "Tokio, spawn_blocking";
        add_peers(all, work, {std::move(tokios)}, 2);
    }
    all.add(std::move(work));
}

}  // namespace

void add_blocking(experiment& all) {
    workload work{"blocking",
                  "calls that sleep 100 ms, at once in the pool",
                  "threads of the pool at most",
                  static_cast<double>(calls),
                  calls,
                  {}};
    work.isolated = true;
    work.warm_up = 0;
    work.repetitions = 2;  // Of eleven seconds each.
    work.quick_repetitions = 1;
    work.contenders = {{"ours", grow_and_shrink}};
    peer_arguments tokios{"blocking", std::to_string(calls)};
    if (!all.options().quick) tokios.emplace_back("20");  // Seconds that it waits for its threads to end.
    add_peers(all, work, {tokio(std::move(tokios))}, 2);
    all.add(std::move(work));

    for (const std::uint64_t producers : {511, 513, 10'000}) add_crowd(all, producers);
}

}  // namespace bifilar::experiments
