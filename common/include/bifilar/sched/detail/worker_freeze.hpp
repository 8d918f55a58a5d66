// Stops the threads of a runtime's workers wherever they are, for a look at what stands still then.
// By a signal whose handler waits: so it takes no part in a worker's loop, costs nothing while nobody looks, and stops
// a task that computes as well as a worker that sleeps. See standstill for the protocol.
#pragma once

#include <bifilar/base/detail/atomic.hpp>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <memory>
#include <mutex>
#include <ucontext.h>

namespace bifilar::sched {

class scheduler;

/// For one look or several. While the workers stand, whoever looks may neither allocate nor wait for a lock that a
/// worker may hold: malloc's is one.
class worker_freeze {
public:
    /// The signal that is sent: ignored where nobody handles it, and a handler that was there gets what others send.
    static constexpr int signal = SIGURG;

    /// Waits until no other thread freezes workers in this process. Throws std::bad_alloc, and std::system_error when
    /// the signal cannot be handled. Any thread; when it is a worker of this runtime, that one does not stop. In a
    /// simulation, where one thread at a time runs, nobody has to.
    explicit worker_freeze(scheduler& of);
    /// For one worker alone; the others go on. Does not wait for other threads: while one of them freezes workers,
    /// stop() says false. Throws as the other does. No worker of this runtime, and not in a simulation.
    worker_freeze(scheduler& of, std::uint32_t worker);
    worker_freeze(const worker_freeze&) = delete;
    worker_freeze& operator=(const worker_freeze&) = delete;
    /// All go on.
    ~worker_freeze();

    /// Stops all those workers. False, and all go on, when one did not stop within `limit`: it has got no processor,
    /// blocks the signal, or is in a call that the kernel does not interrupt. Blocks for `limit` at most. Interrupts
    /// system calls of the tasks: those that can be restarted are, others end with EINTR.
    [[nodiscard]] bool stop(std::chrono::nanoseconds limit) noexcept;
    /// They go on.
    void resume() noexcept;
    /// Whether no other thread freezes workers, so that stop() may succeed.
    [[nodiscard]] bool has_turn() const noexcept { return one_at_a_time_.owns_lock(); }

    /// While they stand: whether this one of them does, or is the calling thread or simulated. Else its thread is gone.
    [[nodiscard]] bool stands(std::uint32_t worker) const noexcept;
    /// While they stand: the registers of a worker; null of one that is the calling thread, simulated or gone.
    [[nodiscard]] const ucontext_t* registers(std::uint32_t worker) const noexcept;
    /// The first worker that did not stop.
    [[nodiscard]] std::uint32_t late() const noexcept { return first_ + late_; }

    /// In a forked child, whose one thread may make a runtime of its own.
    static void begin_in_child() noexcept;

private:
    struct futex_sleep;
    struct former;
    struct target;
    struct shared;

    static shared state;

    worker_freeze(std::unique_lock<std::mutex> lock, scheduler& of, std::uint32_t first, std::uint32_t count);

    static void handle(int signal, siginfo_t* info, void* registers) noexcept;
    static void pass_on(int signal, siginfo_t* info, void* registers) noexcept;
    static void take_signal();
    void ask_all() noexcept;
    [[nodiscard]] bool all_stand() noexcept;

    const std::unique_lock<std::mutex> one_at_a_time_;  // Not locked: another thread freezes workers.
    const std::uint32_t first_;                         // The worker that the first target is.
    const std::uint32_t count_;
    const std::unique_ptr<target[]> targets_;  // Of each worker; none in a simulation.
    std::uint32_t late_ = 0;
    bool stopped_ = false;
};

}  // namespace bifilar::sched
