// What the library keeps per thread, behind one accessor that no compiler can see through.
// Compilers cache the address of a thread_local inside a function; a fiber that moved would then use another
// thread's. Hence no other thread_local in the library is read where a task may have been suspended.
//
// On x86-64 the accessor is two instructions in place, of which the compiler knows only that they read memory that any
// call may change: it can neither keep what they gave nor move them over a call. Elsewhere it is a function of its own.
#pragma once

#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/base/detail/control_words.hpp>
#include <cstddef>
#include <cstdint>

namespace bifilar {

class simulated_clock;
namespace base {
struct exception_globals;
}
namespace sched {
class blocking_pool;
class worker;
}  // namespace sched

namespace detail {

class parker;
class timer_source;
class frame_cache;
struct task_header;
class local_store;

struct thread_state {
    /// The worker whose loop this thread runs, or null on a plain thread.
    sched::worker* worker = nullptr;
    /// Which runtime, of all that the process has made, the tasks of this thread belong to; 0: none yet.
    std::uint32_t runtime_serial = 0;
    /// The pool of blocking threads that this thread belongs to, or null.
    const sched::blocking_pool* pool = nullptr;
    /// The task that runs right now, or null.
    // Written by this thread; read by a shutdown that has waited in vain and looks for the name, and by those who look
    // whether a poll goes on.
    base::atomic<task_header*> task{nullptr};
    /// The fiber that runs right now (stackful's own type), or null.
    void* fiber = nullptr;
    /// Where this thread's exceptions are; null before it was first a worker's.
    base::exception_globals* exceptions = nullptr;
    /// How a worker's thread computes with floating point when it comes to its loop, and expects to after each task.
    base::control_words control;
    /// Where this thread sleeps, or null as long as nothing but other threads' wakes can end its sleep.
    parker* sleeps_in = nullptr;
    /// Of the thread that a runtime has for its worker: works instead of sleeping, until unparked; or null.
    parker* works_in = nullptr;
    /// The timers that this thread serves, or null as long as there are none.
    timer_source* timers = nullptr;
    /// The clock of these timers, or null: the real one. Only workers have another.
    simulated_clock* clock = nullptr;
    /// This thread's share of the frame pool, or null before its first frame.
    frame_cache* frames = nullptr;
    /// What this thread's next block_on sleeps on; null: made then.
    task_header* spare_waiter = nullptr;
    /// The destructors of this thread's thread_locals run. What is made from now on, for the destructors of statics, is
    /// never freed.
    bool ends = false;
    /// How many handlers of before this thread is in, each of which got a signal from worker_freeze's.
    std::uint32_t passed_signals = 0;
    /// For choices between arms that are all ready. 0: not yet seeded.
    std::uint64_t random = 0;
    /// What this thread keeps under task_local keys outside of tasks; null: nothing yet.
    local_store* locals = nullptr;
    /// Bytes that the next coroutine frame leaves free in front of it, for the task that it will be; 0 mostly.
    std::size_t frame_prefix_bytes = 0;
    /// The latest coroutine frame that this thread allocated, where the compiler is GCC; see begins_frame.
    void* newest_frame = nullptr;
};

/// The state of the calling thread, looked up afresh at each call. Never keep the reference across a suspension.
#if defined(BIFILAR_MODEL)
[[nodiscard]] thread_state& this_thread() noexcept;  // One OS thread plays all threads.
#elif defined(__x86_64__) && !defined(__ILP32__) && defined(__linux__)
/// Never written: whatever reads it cannot be moved over a call, which might have.
extern char any_call_may_change;
[[gnu::always_inline]] inline thread_state& this_thread() noexcept {
    thread_state* here;
    // The initial-exec model of the ABI for thread_local variables, which holds in programs and shared libraries alike.
    asm volatile("movq %%fs:0, %0\n\taddq bifilar_thread_state@gottpoff(%%rip), %0"
                 : "=r"(here)
                 : "m"(any_call_may_change)
                 : "cc");
    return *here;
}
#else
[[gnu::noinline]] thread_state& this_thread() noexcept;
#endif

/// The task that runs right now on the calling thread, or null.
[[nodiscard]] inline task_header* running_task() noexcept {
    return this_thread().task.load(base::relaxed);  // Relaxed: this thread wrote it.
}

}  // namespace detail
}  // namespace bifilar
