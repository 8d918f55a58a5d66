// Tasks that end at once: what the process needed at the most while all of them were there.
// One worker, which runs none of them before the last is spawned; the peak is the kernel's own mark.
#include <bifilar/bifilar.hpp>
#include <optional>

#include "parked.hpp"

namespace bifilar::experiments {

namespace {

task<void> coroutine_passer(std::uint64_t* passed) {
    ++*passed;
    co_return;
}

void fiber_passer(std::uint64_t* passed) { ++*passed; }

// `start(std::uint64_t*)` spawns one task; the count is the worker's thread's alone.
template <class Start>
task<sample> pass_through(std::uint64_t tasks, Start start) {
    std::vector<std::optional<join_handle<void>>> handles(tasks);
    std::uint64_t passed = 0;
    for (int i = 0; i < 64; ++i) co_await start(&passed);  // The pools' and tables' first blocks.
    passed = 0;
    reset_peak();
    const std::int64_t before = read_peak_bytes();
    for (auto& handle : handles) handle.emplace(start(&passed));
    for (auto& handle : handles) co_await *handle;
    const auto grown = static_cast<double>(read_peak_bytes() - before);
    co_return sample{grown / static_cast<double>(tasks), passed, {{"resident_total_mb", grown / 1e6}}};
}

template <class Start>
sample run_pass(std::uint64_t tasks, std::size_t stack_bytes, Start start) {
    runtime_options options;
    options.workers = 1;
    options.stack_bytes = stack_bytes;
    runtime on{options};
    return on.run([](std::uint64_t count, Start each) { return pass_through(count, each); }, tasks, start);
}

}  // namespace

sample run_coroutines_through(std::uint64_t tasks) {
    return run_pass(tasks, 64 << 10,
                    [](std::uint64_t* passed) { return spawn(backend::stackless, coroutine_passer, passed); });
}

sample run_fibers_through(std::uint64_t tasks, std::size_t stack_bytes) {
    return run_pass(tasks, stack_bytes,
                    [](std::uint64_t* passed) { return spawn(backend::stackful, fiber_passer, passed); });
}

}  // namespace bifilar::experiments
