// What the files of this page share: the processor time of this process, and the workloads that each file adds.
#pragma once

#include <harness/measure.hpp>
#include <harness/numbers.hpp>
#include <harness/peers.hpp>
#include <time.h>

namespace bifilar::experiments {

[[nodiscard]] inline double cpu_ns() noexcept {
    timespec at{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return static_cast<double>(at.tv_sec) * 1e9 + static_cast<double>(at.tv_nsec);
}

/// So many sleeps of up to a second at once.
void add_sleeps(experiment& all, std::uint64_t count);
/// Timeouts that are not needed, and sleeps that are given up.
void add_timeouts(experiment& all);
/// How late one sleep after the other is.
void add_lateness(experiment& all);
/// What the kernel takes for a wait of one tick that is nothing but that; every tick with a sleep in it costs one.
void add_bare_wait(experiment& all);

}  // namespace bifilar::experiments
