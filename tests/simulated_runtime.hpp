// What tests on simulated time share: a small runtime on a clock, and both backends.
#pragma once

#include "both/in_each_model.hpp"

#include <chrono>
#include <cstdint>

namespace tests {

namespace bf = bifilar;
using clock_mode = bf::simulated_clock::mode;
using moment = std::chrono::steady_clock::time_point;

inline constexpr bf::backend each_backend[] = {bf::backend::stackless, bf::backend::stackful};
inline constexpr moment noon{std::chrono::hours{1'000}};

inline bf::runtime_options on_clock(bf::simulated_clock& clock, unsigned workers) {
    bf::runtime_options options = both::small_runtime(workers);
    options.clock = &clock;
    return options;
}

// Calls body(clock, runtime, backend) for one and four workers and both backends; the clock starts at noon.
template <class Body>
void on_simulated_time(clock_mode how, Body body) {
    for (const unsigned workers : {1U, 4U})
        for (const bf::backend on : each_backend) {
            INFO("workers: " << workers << ", backend: " << bf::to_string(on));
            bf::simulated_clock clock{how, noon};
            bf::runtime rt{on_clock(clock, workers)};
            body(clock, rt, on);
        }
}

}  // namespace tests
