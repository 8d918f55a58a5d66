// What each operation costs in a fiber.
#include "rows.hpp"

namespace bifilar::experiments {

namespace {

void fiber_await_ready(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(await(ready(1)));
}
void fiber_await_coroutine(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(await(give(1)));
}
void fiber_spawn_fiber(benchmark::State& state) {
    for (auto _ : state) await(spawn(backend::stackful, [] {}));
}
void fiber_yield_alone(benchmark::State& state) {
    for (auto _ : state) this_fiber::yield();
}

}  // namespace

void add_in_fiber(page& to) {
    to.add("fiber", "await a ready future", [](benchmark::State& state) { in_fiber(state, fiber_await_ready); })
        .add("fiber", "await a coroutine", [](benchmark::State& state) { in_fiber(state, fiber_await_coroutine); })
        .add("fiber", "spawn a fiber and await it", [](benchmark::State& state) { in_fiber(state, fiber_spawn_fiber); })
        .add("fiber", "yield, nobody else there", [](benchmark::State& state) { in_fiber(state, fiber_yield_alone); })
        .end("fiber", "In a fiber");
}

}  // namespace bifilar::experiments
