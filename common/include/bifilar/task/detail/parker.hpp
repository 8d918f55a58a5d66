// Where a thread sleeps: one place, so that kernel events, wakes and deadlines all end the same sleep.
// The drivers implement it; workers and block_on sleep in it.
#pragma once

#include <bifilar/base/detail/clock.hpp>
#include <cstdint>
#include <limits>

namespace bifilar::detail {

/// One per thread; everything but unpark belongs to that thread. Nothing throws, nothing allocates per call.
class parker {
public:
    parker() noexcept = default;
    parker(const parker&) = delete;
    parker& operator=(const parker&) = delete;
    virtual ~parker() = default;

    /// Submits what was queued, sleeps until an event, an unpark or `deadline` (base::never: none), then wakes the
    /// tasks whose operations ended. An unpark that came before is remembered: park then returns at once.
    virtual void park(base::instant_ns deadline) noexcept = 0;

    /// As a number of events: as many as one look brings.
    static constexpr std::uint32_t all = std::numeric_limits<std::uint32_t>::max();
    /// As park, but never sleeps, and takes in about `most` events at most: the others stay with the kernel.
    virtual void poll_some(std::uint32_t most) noexcept = 0;
    void poll() noexcept { poll_some(all); }

    /// The thread ends, or does something else for longer: what goes on in the kernel without a task that waits for it
    /// ends now, because nobody else could end it. May wait for the kernel a moment. Wakes may still come.
    virtual void leave() noexcept {}

    /// As poll, where the thread has nothing else to run.
    virtual void poll_idle() noexcept { poll(); }

    /// When this will have something to do of itself, in the thread's simulated time; base::never: only when an event
    /// comes. The owner; or another thread, while the owner is held in park and nothing was found to do there.
    [[nodiscard]] virtual base::instant_ns next_due() const noexcept { return base::never; }

    /// Ends the current sleep, or the next one. Any thread.
    virtual void unpark() noexcept = 0;
};

/// The timers of a thread, as seen by whoever sleeps on its behalf.
class timer_source {
public:
    timer_source() noexcept = default;
    timer_source(const timer_source&) = delete;
    timer_source& operator=(const timer_source&) = delete;
    virtual ~timer_source() = default;

    /// The earliest deadline, or base::never.
    [[nodiscard]] virtual base::instant_ns next_deadline() noexcept = 0;
    /// Wakes every task whose deadline is not after `now`.
    virtual void fire(base::instant_ns now) noexcept = 0;
};

}  // namespace bifilar::detail
