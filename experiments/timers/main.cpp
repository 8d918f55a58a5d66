// Question: what does a sleep cost the processor, what does a timeout cost that is not needed, and how late is a sleep?
// Unit: nanoseconds of processor time a sleep; nanoseconds a timeout or a cancelled sleep; microseconds late.
// Threats: a shared machine wakes late; Tokio's and Go's timers are of other kinds, see the page.
#include <harness/measure.hpp>
#include <harness/numbers.hpp>
#include <harness/peers.hpp>
#include <time.h>

#include <algorithm>
#include <vector>

namespace bifilar::experiments {

namespace {

using std::chrono::nanoseconds;

double cpu_ns() noexcept {
    timespec at{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return static_cast<double>(at.tv_sec) * 1e9 + static_cast<double>(at.tv_nsec);
}

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

// A sleep that is polled once, by which it waits, and then given up. 1 when it did wait.
class sleep_once {
public:
    using output = std::uint64_t;
    sleep_once() noexcept : sleep_{sleep_for(std::chrono::hours{1})} {}

    polled<std::uint64_t> poll(context& cx) { return std::uint64_t{sleep_.poll(cx) ? 0U : 1U}; }

private:
    sleep sleep_;
};

auto one_after_a_yield() {
    return map(yield_now(), [] { return std::uint64_t{1}; });
}

template <future F>
auto limited(F f) {
    return map(timeout(std::move(f), std::chrono::seconds{1}),
               [](std::expected<std::uint64_t, timed_out> answer) { return answer.value_or(0); });
}

// step(n) gives a future of 1.
template <class Step>
void add_steps(experiment& all, const std::string& id, const std::string& title, Step step, std::vector<peer> peers) {
    constexpr std::uint64_t count = 1'000'000;
    workload work{id, title, "ns per operation", static_cast<double>(count), count, {}};
    work.contenders = {{"coroutine",
                        [=] {
                            auto s = step;
                            return in_coroutine(count, s);
                        }},
                       {"fiber", [=] {
                            auto s = step;
                            return in_fiber(count, s);
                        }}};
    add_peers(all, work, std::move(peers));
    all.add(std::move(work));
}

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

// What the kernel takes for a wait of one tick that is nothing but that; every tick with a sleep in it costs one.
void add_bare_wait(experiment& all) {
    constexpr int count = 1000;
    const pinned here{1};
    const timespec one_tick{0, timer_tick_ns};
    const double start = cpu_ns();
    for (int n = 0; n < count; ++n) (void)nanosleep(&one_tick, nullptr);
    all.fact("ns of processor time of one bare nanosleep of a tick", (cpu_ns() - start) / count);
}

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

}  // namespace

}  // namespace bifilar::experiments

int main(int argc, char** argv) {
    using namespace bifilar::experiments;
    experiment all{"timers", 11, 3};
    all.parse(argc, argv);
    const std::string count = "1000000";
    add_sleeps(all, 100'000);
    add_sleeps(all, 1'000'000);
    add_steps(
        all, "timeout_ready", "timeout of 1 s round a future that is ready",
        [](std::uint64_t) { return limited(bifilar::ready(std::uint64_t{1})); },
        go_and_tokio({"timeout", "ready", count}));
    add_steps(all, "timeout_yield", "timeout of 1 s round a future that is ready after one yield",
              [](std::uint64_t) { return limited(one_after_a_yield()); },
              {go({"timeout", "yield", count}), tokio({"timeout", "yield", count}),
               by_waker(tokio({"timeout", "waker", count}))});
    add_steps(all, "yield", "the same yield without the timeout", [](std::uint64_t) { return one_after_a_yield(); },
              {});
    add_steps(
        all, "cancel", "sleep of an hour, begun and cancelled", [](std::uint64_t) { return sleep_once{}; },
        go_and_tokio({"cancel", count}));
    add_lateness(all);
    add_bare_wait(all);
    return all.run();
}
