// What each operation costs in a coroutine.
#include "rows.hpp"

namespace bifilar::experiments {

namespace {

task<void> nothing() { co_return; }

task<void> await_ready(benchmark::State& state) {
    for (auto _ : state) co_await ready(1);
}
task<void> await_child(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(co_await give(1));
}
task<void> spawn_coroutine(benchmark::State& state) {
    for (auto _ : state) co_await spawn(nothing);
}
task<void> spawn_call(benchmark::State& state) {
    for (auto _ : state) co_await spawn([] {});
}
task<void> spawn_fiber(benchmark::State& state) {
    for (auto _ : state) co_await spawn(backend::stackful, [] {});
}
task<void> yield_alone(benchmark::State& state) {
    for (auto _ : state) co_await yield_now();
}
task<void> event_set(benchmark::State& state) {
    event open;
    open.set();
    for (auto _ : state) co_await open.wait();
}
task<void> channel_pair(benchmark::State& state) {
    channel<int> one{4};
    for (auto _ : state) {
        (void)co_await one.send(1);
        benchmark::DoNotOptimize(co_await one.recv());
    }
}
task<void> sleep_cancelled(benchmark::State& state) {
    for (auto _ : state) {
        auto now = ready(1);
        (void)co_await timeout(std::move(now), std::chrono::hours{1});
    }
}
task<void> join_two(benchmark::State& state) {
    for (auto _ : state) co_await join_all(ready(1), ready(2));
}
task<void> race_two(benchmark::State& state) {
    for (auto _ : state) co_await race(ready(1), ready(2));
}

}  // namespace

void add_in_coroutine(page& to) {
    to.add("coroutine", "await a ready future", await_ready)
        .add("coroutine", "await a child coroutine", await_child)
        .add("coroutine", "spawn a coroutine and await it", spawn_coroutine)
        .add("coroutine", "spawn a call and await it", spawn_call)
        .add("coroutine", "spawn a fiber and await it", spawn_fiber)
        .add("coroutine", "yield, nobody else there", yield_alone)
        .add("coroutine", "wait for an event that is set", event_set)
        .add("coroutine", "channel: send and receive, never full or empty", channel_pair)
        .add("coroutine", "timeout around a ready future", sleep_cancelled)
        .add("coroutine", "join_all of two ready futures", join_two)
        .add("coroutine", "race of two ready futures", race_two)
        .end("coroutine", "In a coroutine");
}

}  // namespace bifilar::experiments
