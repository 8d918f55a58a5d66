// A call of a function that does nothing, on a thread of the pool for calls that block, awaited: one after the other,
// and many at a time. What is left is the way to the other thread and back.
#include <utility>
#include <vector>

#include "rows.hpp"

namespace bifilar::experiments {

namespace {

constexpr std::uint64_t calls = 20'000;  // Of a sample.

std::uint64_t nothing() { return 1; }

task<std::uint64_t> call_in_coroutine(std::uint64_t count, std::uint64_t at_once) {
    std::vector<join_handle<std::uint64_t>> under_way;
    under_way.reserve(at_once);
    std::uint64_t sum = 0;
    for (std::uint64_t done = 0; done < count; done += at_once) {
        for (std::uint64_t n = 0; n < at_once; ++n) under_way.push_back(spawn_blocking(nothing));
        for (auto& one : under_way) sum += co_await one;
        under_way.clear();
    }
    co_return sum;
}

std::uint64_t call_in_fiber(std::uint64_t count, std::uint64_t at_once) {
    std::vector<join_handle<std::uint64_t>> under_way;
    under_way.reserve(at_once);
    std::uint64_t sum = 0;
    for (std::uint64_t done = 0; done < count; done += at_once) {
        for (std::uint64_t n = 0; n < at_once; ++n) under_way.push_back(spawn_blocking(nothing));
        for (auto& one : under_way) sum += await(one);
        under_way.clear();
    }
    return sum;
}

sample call(backend model, const runtime_options& how, std::uint64_t at_once) {
    const pinned here{1};
    runtime made{how};
    const auto run = [&](std::uint64_t count) {
        return model == backend::stackless ? made.run(call_in_coroutine, count, at_once)
                                           : made.run(call_in_fiber, count, at_once);
    };
    (void)run(calls / 10);  // Starts the pool's threads.
    const counting_stopwatch watch;
    const std::uint64_t sum = run(calls);
    return watch.stop(calls, sum);
}

// With the pools that one gets, and with the same pool for all.
constexpr std::uint32_t usual_threads = 0;
constexpr std::uint32_t threads_of_libuv = 4;

void add_calls_at_once(experiment& all, std::string id, const std::string& title, std::uint64_t at_once,
                       std::uint32_t threads) {
    workload work{std::move(id), title, "ns per call", static_cast<double>(at_once), calls, {}};
    add_ours(work, [=](backend model, driver_kind driver) {
        runtime_options how = on_driver(driver);
        if (threads != usual_threads) how.max_blocking_threads = threads;
        return call(model, how, at_once);
    });
    const peer_arguments arguments{"call", std::to_string(calls), std::to_string(at_once)};
    peer_arguments tokios = arguments;
    if (threads != usual_threads) tokios.push_back(std::to_string(threads));
    add_peers(all, work, {tokio(std::move(tokios)), libuv(arguments), asio(arguments)});
    all.add(std::move(work));
}

}  // namespace

void add_calls(experiment& all) {
    const std::string title = "calls of a function that does nothing, in the pool";
    add_calls_at_once(all, "call", title + ", so many at a time", 1, usual_threads);
    add_calls_at_once(all, "call", title + ", so many at a time", 1000, usual_threads);
    add_calls_at_once(all, "call_by_four", title + " of four threads, so many at a time", 1000, threads_of_libuv);
}

}  // namespace bifilar::experiments
