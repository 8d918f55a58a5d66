// How a row is timed: a loop on a pinned thread, in a coroutine, or in a fiber of a runtime with one worker.
#pragma once

#include <bifilar/bifilar.hpp>
#include <concepts>
#include <cstdint>
#include <harness/allocations.hpp>
#include <harness/pin.hpp>
#include <harness/run.hpp>
#include <harness/stopwatch.hpp>
#include <harness/workers.hpp>

namespace bifilar::experiments {

/// From construction to stop(): time and calls of operator new.
class counting_stopwatch {
public:
    [[nodiscard]] sample stop(std::uint64_t operations, std::uint64_t answer) const {
        const auto count = static_cast<double>(operations);
        const double each_ns = watch_.per_operation(count);
        const allocation_count now = allocations();
        return {each_ns,
                answer,
                {{"allocations_per_operation", static_cast<double>(now.calls - allocated_.calls) / count},
                 {"bytes_per_operation", static_cast<double>(now.bytes - allocated_.bytes) / count}}};
    }

private:
    allocation_count allocated_ = allocations();
    stopwatch watch_;  // The last, so that reading the count is not in it.
};

/// Keeps the compiler from seeing through a value.
template <class T>
void keep(const T& value) noexcept {
    asm volatile("" : : "r,m"(value) : "memory");
}

/// once(n) for n = 0 … operations - 1 on a pinned thread; the answers are added up.
template <class Once>
sample direct(std::uint64_t operations, Once once) {
    const pinned here{1};
    for (std::uint64_t n = 0; n < operations / 10; ++n) keep(once(n));
    std::uint64_t sum = 0;
    const counting_stopwatch watch;
    for (std::uint64_t n = 0; n < operations; ++n) sum += once(n);
    return watch.stop(operations, sum);
}

/// What a finished step adds to the answer: the number it gave, or 1. Where there might have been nothing, or an error,
/// that counts as 0.
inline std::uint64_t worth(std::uint64_t number) noexcept { return number; }
template <class T>
    requires(!std::is_convertible_v<const T&, std::uint64_t>)
std::uint64_t worth([[maybe_unused]] const T& got) noexcept {
    if constexpr (requires {
                      { *got } -> std::convertible_to<std::uint64_t>;
                      got.has_value();
                  })
        return got.has_value() ? *got : 0;
    else if constexpr (requires { got.has_value(); })
        return got.has_value() ? 1 : 0;
    else
        return 1;
}

/// A step of two waits: step.before(n) gives the future of the first.
template <class Step>
concept two_waits = requires(Step& step, std::uint64_t n) {
    step.before(n);
};

/// The same in a coroutine; step(n) gives a future.
template <class Step>
sample in_coroutine(std::uint64_t operations, Step& step, const runtime_options& how = workers(1)) {
    const pinned here{1};
    runtime made{how};
    return made.run([&]() -> task<sample> {
        using output = output_of<std::invoke_result_t<Step&, std::uint64_t>>;
        for (std::uint64_t n = 0; n < operations / 10; ++n) {
            if constexpr (two_waits<Step>) (void)co_await step.before(n);
            (void)co_await step(n);
        }
        std::uint64_t sum = 0;
        const counting_stopwatch watch;
        for (std::uint64_t n = 0; n < operations; ++n) {
            if constexpr (two_waits<Step>) (void)co_await step.before(n);
            if constexpr (std::is_void_v<output>) {
                co_await step(n);
                ++sum;
            } else {
                const output got = co_await step(n);
                sum += worth(got);
            }
        }
        co_return watch.stop(operations, sum);
    });
}

/// The same in a fiber.
template <class Step>
sample in_fiber(std::uint64_t operations, Step& step, const runtime_options& how = workers(1)) {
    const pinned here{1};
    runtime made{how};
    return made.run([&] {
        using output = output_of<std::invoke_result_t<Step&, std::uint64_t>>;
        for (std::uint64_t n = 0; n < operations / 10; ++n) {
            if constexpr (two_waits<Step>) (void)await(step.before(n));
            (void)await(step(n));
        }
        std::uint64_t sum = 0;
        const counting_stopwatch watch;
        for (std::uint64_t n = 0; n < operations; ++n) {
            if constexpr (two_waits<Step>) (void)await(step.before(n));
            if constexpr (std::is_void_v<output>) {
                await(step(n));
                ++sum;
            } else {
                const output got = await(step(n));
                sum += worth(got);
            }
        }
        return watch.stop(operations, sum);
    });
}

}  // namespace bifilar::experiments
