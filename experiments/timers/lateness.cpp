// How late a sleep is on an idle worker, and what the kernel takes for a wait of one tick.
#include "rows.hpp"

#include <algorithm>
#include <vector>

namespace bifilar::experiments {

namespace {

using std::chrono::nanoseconds;

task<nanoseconds> late_coroutine(nanoseconds duration) {
    const stopwatch watch;
    co_await sleep_for(duration);
    co_return nanoseconds{watch.ns()} - duration;
}

nanoseconds late_fiber(nanoseconds duration) {
    const stopwatch watch;
    await(sleep_for(duration));
    return nanoseconds{watch.ns()} - duration;
}

// One sleep after the other on a worker that has nothing else to do; the median in `value`.
sample lateness(backend on, std::uint64_t count) {
    const pinned here{1};
    runtime made{workers(1)};
    std::vector<double> late_us;
    late_us.reserve(count);
    numbers random;
    for (std::uint64_t n = 0; n < count; ++n) {
        const nanoseconds duration{500'000 + random.next() % 1'000'000};
        const nanoseconds late =
            on == backend::stackless ? made.run(late_coroutine, duration) : made.run(late_fiber, duration);
        late_us.push_back(static_cast<double>(late.count()) / 1000);
    }
    std::ranges::sort(late_us);
    const auto at = [&](double share) {
        return late_us[static_cast<std::size_t>(static_cast<double>(count - 1) * share)];
    };
    const auto early = std::ranges::count_if(late_us, [](double late) { return late < 0; });
    return {at(0.5), count, {{"p99_us", at(0.99)}, {"most_us", at(1)}, {"early", static_cast<double>(early)}}};
}

}  // namespace

void add_lateness(experiment& all) {
    const std::uint64_t count = all.options().quick ? 300 : 1000;
    workload work{"lateness", "sleeps of 0.5 to 1.5 ms, one after the other, on an idle worker",
                  "us late",  static_cast<double>(count),
                  count,      {}};
    work.contenders = {{"coroutine", [=] { return lateness(backend::stackless, count); }},
                       {"fiber", [=] { return lateness(backend::stackful, count); }}};
    work.repetitions = 10;
    work.quick_repetitions = 1;
    work.warm_up = 0;
    add_peers(all, work, go_and_tokio({"lateness", std::to_string(count)}));
    all.add(std::move(work));
}

void add_bare_wait(experiment& all) {
    constexpr int count = 1000;
    const pinned here{1};
    const timespec one_tick{0, detail::timer_tick_ns};
    const double start = cpu_ns();
    for (int n = 0; n < count; ++n) (void)nanosleep(&one_tick, nullptr);
    all.fact("ns of processor time of one bare nanosleep of a tick", (cpu_ns() - start) / count);
}

}  // namespace bifilar::experiments
