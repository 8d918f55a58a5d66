// A call of a function that does nothing, on a thread of the pool for calls that block, awaited: one after the other,
// and many at a time. What is left is the way to the other thread and back.
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
    const stopwatch watch;
    const std::uint64_t sum = run(calls);
    return watch.stop(calls, sum);
}

// As many as libuv has.
sample call_in_few_threads(std::uint64_t at_once) {
    runtime_options how = workers(1);
    how.max_blocking_threads = 4;
    return call(backend::stackless, how, at_once);
}

void add_calls_at_once(experiment& all, std::uint64_t at_once) {
    workload work{"call",        "calls of a function that does nothing, in the pool, so many at a time",
                  "ns per call", static_cast<double>(at_once),
                  calls,         {}};
    add_ours(work, [=](backend model, driver_kind driver) { return call(model, on_driver(driver), at_once); });
    if (at_once > 1) work.contenders.push_back({"coroutine, 4 threads", [=] { return call_in_few_threads(at_once); }});
    const peer_arguments arguments{"call", std::to_string(calls), std::to_string(at_once)};
    add_peers(all, work, {tokio(arguments), libuv(arguments), asio(arguments)});
    all.add(std::move(work));
}

}  // namespace

void add_calls(experiment& all) {
    add_calls_at_once(all, 1);
    add_calls_at_once(all, 1000);
}

}  // namespace bifilar::experiments
