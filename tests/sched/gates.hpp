// A scheduler without drivers and fibers: parkers are plain gates.
#pragma once

#include <bifilar/future/yield.hpp>
#include <bifilar/sched/detail/scheduler.hpp>
#include <bifilar/stackless/detail/future_task.hpp>
#include <bifilar/stackless/task.hpp>
#include <bifilar/task/detail/gate_parker.hpp>

#include <atomic>
#include <memory>
#include <utility>

namespace tests {

/// Counts the exceptions that nobody joined.
class gates final : public bifilar::sched::environment {
public:
    std::unique_ptr<bifilar::detail::parker> make_parker(std::uint32_t) override {
        return std::make_unique<bifilar::detail::gate_parker>();
    }
    void detached_exception(const char*, std::exception_ptr) noexcept override { ++lost; }
    std::atomic<int> lost{0};
};

inline bifilar::sched::scheduler_options with(std::uint32_t workers, const bifilar::sched::tuning& rules = {}) {
    bifilar::sched::scheduler_options options;
    options.workers = workers;
    options.tuning = rules;
    return options;
}

template <class F>
auto start(bifilar::sched::scheduler& on, F f) {
    return bifilar::stackless::future_task<F>::start(on, {}, std::move(f));
}

inline bifilar::task<int> count_turns(int turns) {
    for (int n = 0; n < turns; ++n) co_await bifilar::yield_now();
    co_return turns;
}

}  // namespace tests
