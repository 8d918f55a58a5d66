// What is measured on every architecture alike: coroutines alone, driven by block_on on one thread.
// Uses only what the library offers in WebAssembly; workloads are functions of their size.
#pragma once

#include <bifilar/channel/channel.hpp>
#include <bifilar/combine/join_all.hpp>
#include <bifilar/combine/join_range.hpp>
#include <bifilar/future/block_on.hpp>
#include <bifilar/future/yield.hpp>
#include <bifilar/memory/detail/frame_pool.hpp>
#include <bifilar/stackless/task.hpp>
#include <bifilar/sync/event.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <vector>

namespace bifilar::experiments::portability {

struct measured {
    double value = 0;  ///< Nanoseconds an operation, or bytes a task.
    std::uint64_t answer = 0;
    double frame_bytes = 0;  ///< Of one of the coroutines, as the pool rounds it up; 0: not asked.
};

class stopwatch {
public:
    [[nodiscard]] double ns_per(std::uint64_t operations) const {
        const std::chrono::duration<double, std::nano> since = std::chrono::steady_clock::now() - start_;
        return since.count() / static_cast<double>(operations);
    }

private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

inline task<std::uint64_t> ask(channel<std::uint64_t>& to, channel<std::uint64_t>& from, std::uint64_t trips) {
    std::uint64_t sum = 0;
    for (std::uint64_t n = 0; n < trips; ++n) {
        (void)co_await to.send(1);
        sum += (co_await from.recv()).value_or(0);
    }
    to.close();
    co_return sum;
}
inline task<std::uint64_t> echo(channel<std::uint64_t>& from, channel<std::uint64_t>& to) {
    while (const auto got = co_await from.recv()) (void)co_await to.send(*got);
    co_return 0;
}

/// Two coroutines, two channels of capacity 1: request and reply.
inline measured channel_trips(std::uint64_t trips) {
    channel<std::uint64_t> there{1};
    channel<std::uint64_t> back{1};
    std::vector<task<std::uint64_t>> both;
    both.push_back(ask(there, back, trips));
    both.push_back(echo(there, back));
    const stopwatch time;
    const std::vector<std::uint64_t> sums = block_on(join_all(std::move(both)));
    return {time.ns_per(trips), sums[0] + sums[1], 0};
}

inline task<std::uint64_t> pass_on(channel<std::uint64_t>& from, channel<std::uint64_t>& to, std::uint64_t rounds) {
    std::uint64_t seen = 0;
    for (std::uint64_t n = 0; n < rounds; ++n) {
        const std::uint64_t hops = (co_await from.recv()).value_or(0);
        (void)co_await to.send(hops + 1);
        ++seen;
    }
    co_return seen;
}

/// A token goes `rounds` times round a ring of `tasks` coroutines, over a channel between each two.
inline measured ring_hops(std::uint64_t tasks, std::uint64_t rounds) {
    std::deque<channel<std::uint64_t>> links;
    for (std::uint64_t n = 0; n < tasks; ++n) links.emplace_back(1U);
    (void)links[0].try_send(0);
    std::vector<task<std::uint64_t>> all;
    for (std::uint64_t n = 0; n < tasks; ++n) all.push_back(pass_on(links[n], links[(n + 1) % tasks], rounds));
    const double frame = static_cast<double>(all.front().frame_bytes());
    const stopwatch time;
    const std::vector<std::uint64_t> seen = block_on(join_all(std::move(all)));
    const double ns = time.ns_per(tasks * rounds);
    return {ns, links[0].try_recv().value_or(0), frame};
}

inline task<std::uint64_t> one() { co_return 1; }
inline task<std::uint64_t> call_children(std::uint64_t count) {
    std::uint64_t sum = 0;
    for (std::uint64_t n = 0; n < count; ++n) sum += co_await one();
    co_return sum;
}

/// A coroutine awaits children that end at once.
inline measured child_calls(std::uint64_t count) {
    const stopwatch time;
    const std::uint64_t sum = block_on(call_children(count));
    return {time.ns_per(count), sum, 0};
}

inline task<std::uint64_t> wait_for(event& open) {
    co_await open.wait();
    co_return 1;
}
inline task<std::uint64_t> open_behind(event& open, double& grown, double before, double (*bytes)()) {
    co_await yield_now();
    grown = bytes() - before;
    open.set();
    co_return 0;
}

/// `tasks` coroutines wait for one event; `bytes` tells the memory in use.
inline measured parked(std::uint64_t tasks, double (*bytes)()) {
    event open;
    double grown = 0;
    const double before = bytes();
    std::vector<task<std::uint64_t>> all;
    all.reserve(tasks + 1);
    for (std::uint64_t n = 0; n < tasks; ++n) all.push_back(wait_for(open));
    const double frame = static_cast<double>(all.front().frame_bytes());
    all.push_back(open_behind(open, grown, before, bytes));
    std::uint64_t woken = 0;
    for (const std::uint64_t one_of : block_on(join_all(std::move(all)))) woken += one_of;
    return {grown / static_cast<double>(tasks), woken, frame};
}

}  // namespace bifilar::experiments::portability
