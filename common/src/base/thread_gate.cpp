// thread_gate over a private futex.
// A short spin comes first: waking a thread on another core costs tens of microseconds on a virtual machine.
#include <bifilar/base/detail/thread_gate.hpp>

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/base/detail/baton.hpp>
#include <bifilar/base/detail/clock.hpp>
#include <bifilar/base/detail/futex.hpp>

#include <climits>

namespace bifilar::base {
namespace {

constexpr std::uint32_t closed = 0;
constexpr std::uint32_t opened = 1;
constexpr std::uint32_t sleeping = 2;
constexpr int spins_before_sleep = 200;

}  // namespace

void thread_gate::wait() noexcept { (void)wait_for(-1); }

// In a simulation: others go on until one of them has opened it.
void thread_gate::wait_in(baton& simulation) noexcept {
    for (;;) {
        std::uint32_t expected = closed;
        // Relaxed, twice: one thread of a simulation runs.
        if (!state_.compare_exchange_strong(expected, sleeping, relaxed, relaxed) && expected == opened) break;
        simulation.wait(this);
    }
    state_.store(closed, relaxed);
}

bool thread_gate::wait_for(std::int64_t timeout_ns) noexcept {
    if (baton* const simulation = baton::here()) [[unlikely]] {
        BIFILAR_CHECK(timeout_ns < 0, "a plain thread of a simulation waits for real time; let a task sleep instead");
        wait_in(*simulation);
        return true;
    }
    for (int spin = 0; spin < spins_before_sleep; ++spin) {
        std::uint32_t expected = opened;
        // Pairs with open; so that what the opener wrote before is visible. Relaxed on failure: nothing was learnt.
        if (state_.compare_exchange_weak(expected, closed, acquire, relaxed)) return true;
        spin_pause();
    }
    // Only now: an opening that comes soon costs no look at the clock.
    const std::int64_t deadline_ns = timeout_ns < 0 ? -1 : now_ns() + timeout_ns;
    for (;;) {
        std::uint32_t expected = closed;
        // Relaxed: where it was opened, the exchange below acquires.
        if (!state_.compare_exchange_strong(expected, sleeping, relaxed, relaxed) && expected == opened) break;
        std::int64_t left_ns = -1;
        if (deadline_ns >= 0) {
            left_ns = deadline_ns - now_ns();
            // Pairs with open; an opening that came at the last moment is reported, not lost.
            if (left_ns <= 0) return state_.exchange(closed, acquire) == opened;
        }
        // Whatever ends it, a wake, a signal or the limit, the word decides in the next turn.
        futex_wait(state_, sleeping, left_ns);
    }
    // Pairs with open; an exchange, because another opening may have come since, whose writes this wait takes over too.
    (void)state_.exchange(closed, acquire);
    return true;
}

void thread_gate::open() noexcept {
    atomic<std::uint32_t>* const word = &state_;
    // Pairs with wait_for; so that what the opener wrote before is visible to the woken thread.
    if (word->exchange(opened, release) != sleeping) return;
    if (baton* const simulation = baton::here()) [[unlikely]]
        return simulation->wake(this);
    futex_wake(word, INT_MAX);
}

}  // namespace bifilar::base
