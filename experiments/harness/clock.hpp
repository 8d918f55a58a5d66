// The clock of all experiments: CLOCK_MONOTONIC in nanoseconds, about 20 ns a reading.
// Regions of interest are therefore made of many operations.
#pragma once

#include <time.h>

#include <cstdint>

namespace bifilar::experiments {

[[nodiscard]] inline std::int64_t now_ns() noexcept {
    timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return std::int64_t{at.tv_sec} * 1'000'000'000 + at.tv_nsec;
}

/// Nanoseconds of one of `count` equal operations between construction and per_operation().
class stopwatch {
public:
    [[nodiscard]] std::int64_t elapsed_ns() const noexcept { return now_ns() - start_; }
    [[nodiscard]] double per_operation(double count) const noexcept {
        return static_cast<double>(elapsed_ns()) / count;
    }

private:
    std::int64_t start_ = now_ns();
};

/// Hides a value from the optimiser, which must then assume that it is read and changed.
template <class T>
inline void keep(T& value) noexcept {
    asm volatile("" : : "r"(&value) : "memory");
}

}  // namespace bifilar::experiments
