// Coroutines, futures written by hand and fibers, parked on one event of one worker.
// The handles' array is touched before the first reading, so that it does not count.
#include <bifilar/bifilar.hpp>
#include <harness/allocations.hpp>
#include <harness/meeting.hpp>
#include <optional>

#include "asked_for.hpp"
#include "parked.hpp"

namespace bifilar::experiments {

namespace {

// Writes `bytes` of the stack, as a call of that depth would.
[[gnu::noinline]] void touch_stack(std::size_t bytes) {
    if (bytes == 0) return;
    volatile unsigned char* const block = static_cast<unsigned char*>(__builtin_alloca(bytes));
    for (std::size_t i = 0; i < bytes; i += 512) block[i] = 1;
}

void fiber_visitor(meeting* at, std::size_t touched_bytes) {
    touch_stack(touched_bytes);
    ++at->arrived;
    await(at->gate.wait());
    at->leave();
}

// `start(meeting*)` spawns one task. Runs as a coroutine, on the worker's own stack.
template <class Start>
task<sample> meet(std::uint64_t tasks, Start start) {
    meeting at;
    std::vector<std::optional<join_handle<void>>> handles(tasks);
    for (int i = 0; i < 64; ++i) {  // The pools' and tables' first blocks are there before the first reading.
        meeting small;
        join_handle<void> one = start(&small);
        while (small.arrived == 0) co_await yield_now();
        small.gate.set();
        co_await one;
    }
    const memory_use before = read_memory();
    const allocation_count calls_before = allocations();
    for (auto& handle : handles) handle.emplace(start(&at));
    while (at.arrived != tasks) co_await yield_now();
    const allocation_count calls = allocations();
    sample result = per_task(before, read_memory(), tasks);
    result.also["malloc_calls"] = static_cast<double>(calls.calls - calls_before.calls) / static_cast<double>(tasks);
    at.gate.set();
    for (auto& handle : handles) co_await *handle;
    result.answer = at.left;
    co_return result;
}

template <class Start>
sample run_meeting(std::uint64_t tasks, std::size_t stack_bytes, Start start) {
    runtime_options options;
    options.workers = 1;
    options.stack_bytes = stack_bytes;
    runtime on{options};
    return on.run([](std::uint64_t count, Start each) { return meet(count, each); }, tasks, start);
}

task<std::size_t> ask_for_one() {
    meeting at;
    std::optional<frame_requests> frames{std::in_place};
    join_handle<void> one = spawn(backend::stackless, hand_visitor{&at});
    const std::uint64_t asked = frames->bytes();
    frames.reset();
    at.gate.set();
    co_await one;
    co_return at.left == 1 ? asked : 0;
}

}  // namespace

std::size_t hand_task_bytes() noexcept { return sizeof(stackless::future_task<hand_visitor>); }

std::size_t hand_task_bytes_asked_for() {
    runtime_options options;
    options.workers = 1;
    runtime on{options};
    (void)on.run(ask_for_one);  // The pools and queues have their first blocks now.
    const std::size_t asked = on.run(ask_for_one);
    if (asked == 0) throw std::runtime_error{"a spawned future by hand did not come to its end"};
    return asked;
}

sample per_task(const memory_use& before, const memory_use& after, std::uint64_t tasks) {
    const auto each = [&](std::int64_t bytes) { return static_cast<double>(bytes) / static_cast<double>(tasks); };
    sample result;
    result.also["resident_bytes"] = each(after.resident_bytes - before.resident_bytes);
    result.also["page_table_bytes"] = each(after.page_table_bytes - before.page_table_bytes);
    result.also["virtual_bytes"] = each(after.virtual_bytes - before.virtual_bytes);
    result.also["kernel_stack_bytes"] = each(after.kernel_stack_bytes - before.kernel_stack_bytes);
    result.also["mappings_of_all"] = static_cast<double>(after.mappings - before.mappings);
    result.also["resident_total_mb"] = static_cast<double>(after.resident_bytes - before.resident_bytes) / 1e6;
    result.value = result.also["resident_bytes"] + result.also["page_table_bytes"];
    return result;
}

sample park_coroutines(std::uint64_t tasks) {
    return run_meeting(tasks, 64 << 10, [](meeting* at) { return spawn(backend::stackless, coroutine_visitor, at); });
}

sample park_future_tasks(std::uint64_t tasks) {
    return run_meeting(tasks, 64 << 10, [](meeting* at) { return spawn(backend::stackless, hand_visitor{at}); });
}

sample park_fibers(std::uint64_t tasks, std::size_t stack_bytes, std::size_t touched_bytes) {
    return run_meeting(tasks, stack_bytes, [touched_bytes](meeting* at) {
        return spawn(backend::stackful, fiber_visitor, at, touched_bytes);
    });
}

}  // namespace bifilar::experiments
