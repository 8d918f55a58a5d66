// What the files of this page share: how a loop of Google Benchmark becomes a contender, and the rows that each file
// adds.
#pragma once

#include <benchmark/benchmark.h>

#include <bifilar/bifilar.hpp>
#include <harness/run.hpp>
#include <string>
#include <type_traits>
#include <utility>

namespace bifilar::experiments {

// A benchmark whose loop is a coroutine, or a fiber, of a runtime with one worker.
using coroutine_loop = task<void> (*)(benchmark::State&);
using fiber_loop = void (*)(benchmark::State&);

void in_coroutine(benchmark::State& state, coroutine_loop loop);
void in_fiber(benchmark::State& state, fiber_loop loop);

/// Runs the registered benchmark of that name; nanoseconds an operation.
[[nodiscard]] sample measure(const std::string& name);

inline task<int> give(int value) { co_return value; }

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

void add_in_coroutine(page& to);
void add_in_fiber(page& to);
void add_on_thread(page& to);

}  // namespace bifilar::experiments
