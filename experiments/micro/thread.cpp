// What each operation costs on a plain thread, also those of the pools of frames and stacks.
#include "rows.hpp"

#include <bifilar/stackful/detail/stack_pool.hpp>

namespace bifilar::experiments {

namespace {

void thread_block_on_ready(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(block_on(ready(1)));
}
void channel_try(benchmark::State& state) {
    channel<int> one{4};
    for (auto _ : state) {
        (void)one.try_send(1);
        benchmark::DoNotOptimize(one.try_recv());
    }
}
void event_set_reset(benchmark::State& state) {
    event e;
    for (auto _ : state) {
        e.set();
        e.reset();
    }
}
void frame(benchmark::State& state) {
    for (auto _ : state) detail::release_frame(detail::allocate_frame(160));
}
void stack(benchmark::State& state) {
    stackful::stack_pool pool;
    stackful::stack_cache warm{pool};
    for (auto _ : state) warm.give(warm.take(std::size_t{16} << 10));
}

}  // namespace

void add_on_thread(page& to) {
    to.add("thread", "block_on a ready future", thread_block_on_ready)
        .add("thread", "channel: try_send and try_recv", channel_try)
        .add("thread", "event: set and reset", event_set_reset)
        .add("thread", "frame pool: 160 bytes, taken and given back", frame)
        .add("thread", "stack pool: 16 KiB, taken warm and given back", stack)
        .end("thread", "On a plain thread");
}

}  // namespace bifilar::experiments
