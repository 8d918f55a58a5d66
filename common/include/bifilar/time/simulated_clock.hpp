// A clock for tests: time that stands still until it is told to move, or until nobody has anything else to do.
// Given to a runtime, it is the time of that runtime's sleeps, intervals and timeouts; everything else stays on the
// real clock. After tokio's time::pause and Go's testing/synctest.
#pragma once

#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/base/detail/clock.hpp>
#include <bifilar/base/detail/thread_mutex.hpp>
#include <chrono>
#include <cstdint>

namespace bifilar {

namespace sched {
class time_keeper;
}

/// Simulated time. Made before the runtime, named in runtime_options::clock, destroyed after it; serves one runtime at
/// a time, which throws std::logic_error where another has it. Within that runtime timers are exact to the nanosecond:
/// a sleep of an hour ends when now() is an hour later, and not before.
///
/// On a runtime with one worker the order of events is the same in every run, and tasks of one model whose sleeps end
/// at different moments wake in the order of these, as long as no more than 256 are due in one step. With several
/// workers who runs first is as open as ever.
class simulated_clock {
public:
    /// When time moves.
    enum class mode : std::uint8_t {
        manual,  ///< Time moves by advance() and advance_to() alone. For tests with real I/O, or with other threads.
        /// Also: when no worker has anything to run and no spawn_blocking call is queued or under way, time jumps to
        /// the earliest deadline of a timer; in a few steps where that is far away. Operations in flight and threads
        /// outside of the runtime do not hold it, so a sleep races with what they are about to do.
        automatic,
    };

    /// Time begins at `start`.
    /// Throws: std::invalid_argument for a moment before the steady clock's epoch, or at the end of time.
    explicit simulated_clock(mode how = mode::automatic, base::steady::time_point start = base::steady::now());
    simulated_clock(const simulated_clock&) = delete;
    simulated_clock& operator=(const simulated_clock&) = delete;
    /// Its runtime has ended before.
    ~simulated_clock();

    /// The moment at which time stands.
    /// Thread: any.
    /// Complexity: one load.
    [[nodiscard]] base::steady::time_point now() const noexcept {
        return base::steady::time_point{std::chrono::nanoseconds{now_ns()}};
    }
    /// As it was made.
    [[nodiscard]] mode how() const noexcept { return how_; }

    /// Moves time on by `duration`, rounded up to nanoseconds; by nothing where it is negative. Saturates: time ends in
    /// the year 2262, before the deadlines of sleeps that last for ever. Tasks whose timers are due are woken by the
    /// workers that serve these: at once those of the calling worker, soon after this call those of the others. Where
    /// one call passes several deadlines, all of these tasks find time at its end. Neither suspends nor allocates.
    /// Thread: any, and any task.
    /// Blocks: for an instant, by a lock.
    template <class Rep, class Period>
    void advance(std::chrono::duration<Rep, Period> duration) noexcept {
        move_by(base::to_wait_ns(duration));
    }
    /// Moves time on to `moment`; where that has passed, does nothing. Otherwise as advance.
    void advance_to(base::steady::time_point moment) noexcept;

    /// now() in nanoseconds, for timers.
    [[nodiscard]] base::instant_ns now_ns() const noexcept {
        // Pairs with set; so that who finds a moment there also finds what was done before time moved to it.
        return now_ns_.load(base::acquire);
    }

    /// Whether a runtime of this process was ever given one. Until then timers need not ask whose thread they are on.
    [[nodiscard]] static bool ever_used() noexcept {
        // Relaxed: a worker of such a runtime started after the flag was set, and others have no use for it.
        return ever_used_.load(base::relaxed);
    }

private:
    // The runtime's side of a clock: applications move time, but do not reserve a clock, or move it without a notice.
    friend class sched::time_keeper;

    // One runtime: reserved by claim, told of every move between listen and hush, given back by release.
    void claim();
    void listen(sched::time_keeper& by) noexcept;
    void hush() noexcept;
    void release() noexcept;

    void move_by(std::chrono::nanoseconds duration) noexcept;
    [[nodiscard]] bool set(base::instant_ns moment) noexcept;
    // Without telling anybody: the runtime that all rests knows.
    void jump_to(base::instant_ns moment) noexcept;
    void fire_here() noexcept;

    // Set by claim, never cleared; read by all.
    static inline constinit base::atomic<bool> ever_used_{false};

    const mode how_;
    // Never falls. Written under the mutex; read by all without it.
    base::atomic<base::instant_ns> now_ns_;
    base::thread_mutex mutex_;  // Guards what follows, and moves of time. Held while workers are unparked.
    bool claimed_ = false;
    sched::time_keeper* listener_ = nullptr;
};

}  // namespace bifilar
