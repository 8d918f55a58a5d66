// What a small task does: about a microsecond of arithmetic that needs no memory.
#pragma once

#include <cstdint>
#include <harness/measure.hpp>

namespace bifilar::experiments {

/// Each step waits for the one before it, some four cycles.
inline void toil() noexcept {
    constexpr int steps = 700;
    std::uint64_t state = 1;
    for (int step = 0; step < steps; ++step) {
        state = state * 6364136223846793005ULL + 1;
        keep(state);
    }
}

}  // namespace bifilar::experiments
