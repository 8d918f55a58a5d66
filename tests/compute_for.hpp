// Work that takes so long, for tests in which a task must not wait.
#pragma once

#include <chrono>

namespace tests {

inline void compute_for(std::chrono::nanoseconds duration) {
    const auto end = std::chrono::steady_clock::now() + duration;
    while (std::chrono::steady_clock::now() < end) {
    }
}

}  // namespace tests
