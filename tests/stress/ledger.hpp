// What the lives of a stress test have in common: what is counted over all of them, and how patient an operation is.
#pragma once

#include "counted.hpp"
#include <bifilar/base/detail/random.hpp>
#include <bifilar/bifilar.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace stress {

namespace bf = bifilar;
using namespace std::chrono_literals;

/// All tasks add to it.
struct ledger {
    std::atomic<std::uint64_t> operations{0};
    std::atomic<std::uint64_t> given_up{0};
    std::atomic<int> wrong{0};  // Lives whose bytes, datagrams or connections do not add up.
    std::atomic<int> alive{0};  // Tasks.
};

/// How long an operation may take: often nearly nothing, now and then for ever.
inline std::chrono::nanoseconds patience(bf::base::random& random) {
    constexpr std::array<std::uint32_t, 4> max_us{1, 20, 200, 2'000};
    const std::uint32_t kind = random.below(5);
    return kind == 4 ? std::chrono::nanoseconds{1h} : std::chrono::microseconds{random.below(max_us[kind])};
}

inline bf::backend any_backend(bf::base::random& random) {
    return random.below(2) == 0 ? bf::backend::stackless : bf::backend::stackful;
}

/// How long one waits for what is said to be there already, and how often before it counts as lost.
inline constexpr auto last_wait = 10ms;
inline constexpr int last_waits = 1'000;

/// A life that is broken off: its tasks are cancelled after a random time.
template <class Tasks>
bf::task<> break_off(Tasks& tasks, bf::base::random& random) {
    co_await bf::sleep_for(std::chrono::microseconds{random.below(300)});
    for (auto& each : tasks) each.cancel();
}

}  // namespace stress
