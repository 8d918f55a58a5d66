// The seed of a randomised test: from BIFILAR_SEED, else from the clock. Printed, so that a failure can be repeated.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace tests {

inline std::uint64_t seed_of_this_run(const char* test) {
    const char* const given = std::getenv("BIFILAR_SEED");
    const auto seed =
        given != nullptr ? std::strtoull(given, nullptr, 10)
                         : static_cast<unsigned long long>(std::chrono::steady_clock::now().time_since_epoch().count());
    std::printf("%s: seed %llu (set BIFILAR_SEED to repeat)\n", test, seed);
    std::fflush(stdout);
    return seed;
}

}  // namespace tests
