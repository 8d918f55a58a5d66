// What one step takes when nothing comes between: the least of some stretches of the same step.
// For facts, which are measured once; a median of one run would be that of the moment's neighbours.
#pragma once

#include <algorithm>
#include <cstdint>
#include <harness/measure.hpp>
#include <limits>

namespace bifilar::experiments {

/// Nanoseconds of one call, on this thread.
template <class Step>
[[nodiscard]] double least_ns(Step step) {
    constexpr int stretches = 21;
    constexpr std::uint64_t steps = 5'000;
    double least = std::numeric_limits<double>::max();
    for (int stretch = 0; stretch < stretches; ++stretch) {
        const counting_stopwatch watch;
        for (std::uint64_t n = 0; n < steps; ++n) step();
        least = std::min(least, watch.stop(steps, 0).value);
    }
    return least;
}

}  // namespace bifilar::experiments
