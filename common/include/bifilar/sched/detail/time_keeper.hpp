// Connects a runtime with its simulated clock: tells workers that time has moved, and moves it when all of them rest.
// Runtimes on the real clock have none. Everything here is off the paths of running tasks, so one mutex does.
#pragma once

#include <bifilar/base/detail/baton.hpp>
#include <bifilar/base/detail/clock.hpp>
#include <bifilar/base/detail/thread_condition.hpp>
#include <bifilar/time/simulated_clock.hpp>
#include <cstdint>
#include <mutex>

namespace bifilar::sched {

class scheduler;
class worker;

/// How no moment is passed over and no sleep is lost.
///
/// A worker rests from enter() to leave(): it has found all queues empty, and runs nothing and fires nothing until it
/// has left. It leaves before it fires or looks at a queue. So when the mutex shows that all workers rest, a task that
/// could run can only be in a queue, pushed by a thread outside or by a driver's event; in the hands of a
/// spawn_blocking call; or on a timer. Whoever enters last looks, in this order:
///   1. spawn_blocking calls under way: stays. A call pushes the tasks that it wakes before it counts as ended, hence
///      before 2; the end of the last one unparks a worker, which leaves and enters again (look_again).
///   2. a task in a queue: stays. Who pushed it wakes a worker (idle_set, worker::post), which enters again.
///   3. the earliest timer of all is due: stays. Whoever moved time unparked its worker after that; or the worker
///      entered since, and then it saw that itself. It enters again. Time cannot pass a timer that has not fired.
///   4. the earliest timer is in the future (as is what a parker has to do of itself, which counts as one): moves time
///   there, if the clock is automatic, and unparks the workers.
/// In each case an enter comes later, so somebody looks again. Where nothing is left to wait for, the runtime has
/// settled. A worker enters with its own timers not due, or not at all.
///
/// Threads outside need no part in this: a task that they are just about to push is like one that they push later.
///
/// In a simulation a worker that rests gives the baton on, and time moves when every thread waits and no descriptor is
/// ready: move_time. A blocking call that is under way waits then as well, so it does not hold time.
class time_keeper final : public base::baton::clockwork {
public:
    /// Reserves the clock. Throws std::logic_error when another runtime has it.
    time_keeper(scheduler& owner, simulated_clock& clock);
    time_keeper(const time_keeper&) = delete;
    time_keeper& operator=(const time_keeper&) = delete;
    ~time_keeper();

    bool move_time() noexcept override;
    bool tell_all_wait() noexcept override;

    /// All workers have their parkers: moves of time reach them from now on. Then, before they go: no longer.
    void start() noexcept {
        clock_.listen(*this);
        if (simulation_ != nullptr) simulation_->set_clockwork(this);
    }
    void stop() noexcept {
        clock_.hush();
        if (simulation_ != nullptr) simulation_->set_clockwork(nullptr);
    }

    /// The worker has nothing to run. True when it may sleep, until it is unparked; false when its own timers are due.
    /// Owner of `one` only.
    [[nodiscard]] bool enter(worker& one) noexcept;
    /// The worker, for which enter() said true, is up again.
    void leave() noexcept;

    /// Time has moved: ends the sleep of every worker. Any thread, under the clock's mutex.
    void time_moved() noexcept;
    /// Wakes the tasks of `one` whose deadlines have come. Owner only.
    static void fire(worker& one) noexcept;

    /// No spawn_blocking call is under way any more. Any thread.
    void look_again() noexcept;

    /// Blocks until all workers rest and look 1 to 3 find nothing. Plain threads only.
    void settle() noexcept;

private:
    // The worker's earliest timer, or what its parker has to do before. For its owner, and for all while it rests.
    [[nodiscard]] static base::instant_ns due(worker& one) noexcept;
    // All three under the mutex.
    [[nodiscard]] bool jump(worker& asks) noexcept;
    // The earliest deadline, when all workers rest and nothing can run; else a moment that has passed.
    [[nodiscard]] base::instant_ns earliest() const noexcept;
    [[nodiscard]] bool settled() const noexcept;

    scheduler& owner_;
    simulated_clock& clock_;
    base::baton* const simulation_ = base::baton::here();  // Or null.
    base::thread_mutex mutex_;  // Guards what follows. Taken before the clock's and before the blocking pool's.
    base::thread_condition settled_;
    std::uint32_t resting_ = 0;
    std::uint32_t settling_ = 0;  // Threads in settle().
};

}  // namespace bifilar::sched
