// What the processor has worked, for tests of waits that must cost nothing.
#pragma once

#include "catch.hpp"

#include <chrono>
#include <time.h>

namespace tests {

/// Of the thread or of the process: CLOCK_THREAD_CPUTIME_ID, CLOCK_PROCESS_CPUTIME_ID.
inline std::chrono::nanoseconds processor_time(clockid_t whose) {
    timespec used{};
    REQUIRE(::clock_gettime(whose, &used) == 0);
    return std::chrono::seconds{used.tv_sec} + std::chrono::nanoseconds{used.tv_nsec};
}

}  // namespace tests
