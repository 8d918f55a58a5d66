// Question: what does each operation of the library cost by itself, warm and without contention?
// Unit: nanoseconds an operation. Google Benchmark decides how often to repeat; the harness lets them take turns.
#include <benchmark/benchmark.h>

#include <bifilar/bifilar.hpp>
#include <bifilar/stackful/detail/stack_pool.hpp>
#include <harness/pin.hpp>
#include <harness/run.hpp>
#include <harness/workers.hpp>
#include <stdexcept>

namespace bifilar::experiments {

namespace {

// Keeps what one run of one benchmark says.
class listener : public benchmark::BenchmarkReporter {
public:
    bool ReportContext(const Context&) override { return true; }
    void ReportRuns(const std::vector<Run>& runs) override {
        for (const Run& one : runs) {
            if (one.error_occurred) throw std::runtime_error{one.error_message};
            ns_ = one.GetAdjustedRealTime();
        }
    }
    [[nodiscard]] double ns() const noexcept { return ns_; }

private:
    double ns_ = 0;
};

// A benchmark whose loop is a coroutine, or a fiber, of a runtime with one worker.
using coroutine_loop = task<void> (*)(benchmark::State&);
using fiber_loop = void (*)(benchmark::State&);

void in_coroutine(benchmark::State& state, coroutine_loop loop) {
    runtime made{workers(1)};
    made.run(loop, std::ref(state));
}
void in_fiber(benchmark::State& state, fiber_loop loop) {
    runtime made{workers(1)};
    made.spawn(backend::stackful, loop, std::ref(state)).join();
}

task<int> give(int value) { co_return value; }
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
    for (auto _ : state) release_frame(allocate_frame(160));
}
void stack(benchmark::State& state) {
    stackful::stack_pool pool;
    stackful::stack_cache warm{pool};
    for (auto _ : state) warm.give(warm.take(std::size_t{16} << 10));
}

sample measure(const std::string& name) {
    const pinned here{1};
    listener heard;
    benchmark::RunSpecifiedBenchmarks(&heard, "^" + name + "/?");
    return {heard.ns(), 1, {}};
}

class page {
public:
    explicit page(experiment& all) : all_{all} {}
    template <class Loop>
    page& add(const std::string& id, const std::string& name, Loop loop) {
        const std::string key = id + std::to_string(count_++);
        if constexpr (std::is_convertible_v<Loop, coroutine_loop>)
            benchmark::RegisterBenchmark(key.c_str(), [=](benchmark::State& state) { in_coroutine(state, loop); });
        else
            benchmark::RegisterBenchmark(key.c_str(), loop);
        work_.contenders.push_back({name, [=] { return measure(key); }});
        return *this;
    }
    void end(const std::string& id, const std::string& title) {
        work_.id = id;
        work_.title = title;
        work_.unit = "ns per operation";
        work_.oracle = 1;
        all_.add(std::exchange(work_, {}));
    }

private:
    experiment& all_;
    workload work_;
    int count_ = 0;
};

}  // namespace

}  // namespace bifilar::experiments

int main(int argc, char** argv) {
    using namespace bifilar::experiments;
    experiment all{"micro", 11, 1};
    all.parse(argc, argv);
    std::string program = "micro", brief = "--benchmark_min_time=0.05";
    std::vector<char*> words{program.data(), brief.data()};
    int count = static_cast<int>(words.size());
    benchmark::Initialize(&count, words.data());
    page to{all};
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
    to.add("fiber", "await a ready future", [](benchmark::State& state) { in_fiber(state, fiber_await_ready); })
        .add("fiber", "await a coroutine", [](benchmark::State& state) { in_fiber(state, fiber_await_coroutine); })
        .add("fiber", "spawn a fiber and await it", [](benchmark::State& state) { in_fiber(state, fiber_spawn_fiber); })
        .add("fiber", "yield, nobody else there", [](benchmark::State& state) { in_fiber(state, fiber_yield_alone); })
        .end("fiber", "In a fiber");
    to.add("thread", "block_on a ready future", thread_block_on_ready)
        .add("thread", "channel: try_send and try_recv", channel_try)
        .add("thread", "event: set and reset", event_set_reset)
        .add("thread", "frame pool: 160 bytes, taken and given back", frame)
        .add("thread", "stack pool: 16 KiB, taken warm and given back", stack)
        .end("thread", "On a plain thread");
    return all.run();
}
