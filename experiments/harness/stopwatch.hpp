// The stopwatch of all experiments, over CLOCK_MONOTONIC in nanoseconds, about 20 ns a reading: regions of interest are
// therefore made of many operations. now_ns() is for moments that one thread takes and another one compares.
#pragma once

#include <time.h>

#include <cstdint>

namespace bifilar::experiments {

[[nodiscard]] inline std::int64_t now_ns() noexcept {
    timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return std::int64_t{at.tv_sec} * 1'000'000'000 + at.tv_nsec;
}

/// Runs from its construction on.
class stopwatch {
public:
    [[nodiscard]] std::int64_t ns() const noexcept { return now_ns() - start_ns_; }
    [[nodiscard]] double seconds() const noexcept { return static_cast<double>(ns()) / 1e9; }
    /// Nanoseconds of one of `count` equal operations.
    [[nodiscard]] double per_operation(double count) const noexcept { return static_cast<double>(ns()) / count; }

private:
    std::int64_t start_ns_ = now_ns();
};

/// Hides a value from the optimiser, which must then assume that it is read and changed.
template <class T>
inline void keep_in_memory(T& value) noexcept {
    asm volatile("" : : "r"(&value) : "memory");
}

}  // namespace bifilar::experiments
