// What time it is for the calling task: its runtime's simulated clock, or the real one.
// base::now_ns is always the real clock; what users' deadlines are compared with is timer_now_ns.
#pragma once

#include <bifilar/base/detail/clock.hpp>
#include <bifilar/task/detail/thread_state.hpp>
#include <bifilar/time/simulated_clock.hpp>
#include <chrono>

namespace bifilar {

namespace detail {

/// The simulated clock of the calling thread's timers; null: they go by the real one. One branch where there is none.
[[nodiscard]] inline const simulated_clock* timer_clock() noexcept {
    return simulated_clock::ever_used() ? this_thread().clock : nullptr;
}

/// The time by which timers of the calling thread go.
[[nodiscard]] inline base::instant_ns timer_now_ns() noexcept {
    const simulated_clock* const simulated = timer_clock();
    return simulated == nullptr ? base::now_ns() : simulated->now_ns();
}

}  // namespace detail

/// The time by which the caller's sleeps, intervals and timeouts go: inside a task the clock of its runtime, which is
/// simulated where runtime_options::clock says so; elsewhere, and in spawn_blocking, the steady clock. About 20 ns.
[[nodiscard]] inline base::steady::time_point now() noexcept {
    return base::steady::time_point{std::chrono::nanoseconds{detail::timer_now_ns()}};
}

}  // namespace bifilar
