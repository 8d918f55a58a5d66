// Very many sleeps at once: the processor time of each, beside that of the same tasks without their sleep.
#include "rows.hpp"

#include <vector>

namespace bifilar::experiments {

namespace {

using std::chrono::nanoseconds;

task<std::uint64_t> sleeping_coroutine(nanoseconds duration, bool sleeps) {
    if (sleeps) co_await sleep_for(duration);
    co_return 1;
}

std::uint64_t sleeping_fiber(nanoseconds duration, bool sleeps) {
    if (sleeps) await(sleep_for(duration));
    return 1;
}

// Processor time a task, in `value`, from the first spawn to the last join. Sleeps are spread over a second.
task<sample> all_of(backend on, std::uint64_t count, bool sleep) {
    numbers random;
    std::vector<join_handle<std::uint64_t>> handles;
    handles.reserve(count);
    const double start = cpu_ns();
    for (std::uint64_t n = 0; n < count; ++n) {
        const nanoseconds duration{(random.next() * 1'000'000'000U) >> 31};
        handles.push_back(on == backend::stackless ? spawn(on, sleeping_coroutine, duration, sleep)
                                                   : spawn(on, sleeping_fiber, duration, sleep));
    }
    std::uint64_t sum = 0;
    for (auto& handle : handles) sum += co_await handle;
    co_return sample{(cpu_ns() - start) / static_cast<double>(count), sum, {}};
}

sample sleeps(backend on, std::uint64_t count) {
    const pinned here{1};
    runtime made{workers(1)};
    (void)made.run(all_of, on, count, false);  // Fills the pools.
    const sample bare = made.run(all_of, on, count, false);
    sample all = made.run(all_of, on, count, true);
    all.also["cpu_ns_without_the_sleep"] = bare.value;
    return all;
}

}  // namespace

void add_sleeps(experiment& all, std::uint64_t count) {
    workload work{"sleeps",
                  "sleeps of 0 to 1 s, all at once on one worker",
                  "ns of processor time per sleep",
                  static_cast<double>(count),
                  count,
                  {}};
    work.contenders = {{"coroutine", [=] { return sleeps(backend::stackless, count); }}};
    if (count <= 100'000)  // A million fibers are mostly their stacks' pages, which the memory page measures.
        work.contenders.push_back({"fiber", [=] { return sleeps(backend::stackful, count); }});
    work.full_only = count > 100'000;
    work.repetitions = 6;
    work.quick_repetitions = 1;
    work.warm_up = 0;
    add_peers(all, work, go_and_tokio({"sleeps", std::to_string(count)}));
    all.add(std::move(work));
}

}  // namespace bifilar::experiments
