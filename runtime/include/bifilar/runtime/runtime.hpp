// A runtime: workers, drivers, stacks and the blocking pool, put together; and run(), which needs no configuration.
// Several may live in one process; each has its own threads and shares nothing with the others but frame memory.
#pragma once

#include <bifilar/drivers/contract/driver_kind.hpp>
#include <bifilar/drivers/simulated/simulated_kernel.hpp>
#include <bifilar/runtime/dump.hpp>
#include <bifilar/runtime/metrics.hpp>
#include <bifilar/runtime/spawn.hpp>
#include <bifilar/runtime/spawn_blocking.hpp>
#include <bifilar/runtime/stall.hpp>
#include <bifilar/runtime/trace.hpp>
#include <bifilar/sched/detail/start.hpp>
#include <bifilar/sched/pin.hpp>
#include <bifilar/sched/stats.hpp>
#include <bifilar/task/deadlock_error.hpp>
#include <bifilar/task/task_description.hpp>
#include <bifilar/time/simulated_clock.hpp>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace bifilar {
namespace sched {
struct tuning;
}

struct runtime_options {
    /// Scheduler threads, 1 to 4096. Unset: BIFILAR_WORKERS, else what the cgroup's CPU quota and the affinity mask of
    /// the thread that makes the runtime allow.
    std::optional<std::uint32_t> workers;
    /// No threads of its own: the thread that makes the runtime is its one worker, whenever it waits in run(), join(),
    /// block_on() or shutdown(); meanwhile, and only then, tasks run. Servers of one processor save a percent or two,
    /// because a process with one thread has cheaper system calls. That thread also ends the runtime; it is not pinned,
    /// works for one runtime at a time, and has no simulated clock. Blocking calls still have threads. A future that
    /// the thread polls by itself, outside of tasks, does not wait across the runtime's beginning or end.
    bool on_calling_thread = false;
    /// How workers talk to the kernel. BIFILAR_DRIVER=best|uring|epoll|simulated decides where this says best.
    driver_kind driver = driver_kind::best;
    /// For tests, with driver_kind::simulated: what decides on the time, order and failures of I/O. Outlives the
    /// runtime. Null: simulated_kernel::standard().
    simulated_kernel* simulation = nullptr;
    /// Where workers run, of the processors that the thread which makes the runtime may use. A refused pin is reported
    /// on stderr, and the worker runs unpinned.
    bifilar::pin pin = bifilar::pin::none;
    /// For tests: the time of the tasks' sleeps, intervals, timeouts and deadlines. Outlives the runtime, which it
    /// serves alone. Null: the steady clock.
    simulated_clock* clock = nullptr;
    /// Threads of spawn_blocking, at least 1; jobs beyond that wait in a queue.
    std::uint32_t max_blocking_threads = 512;
    /// How long such a thread waits for its next job before it ends.
    std::chrono::nanoseconds blocking_keep_alive = std::chrono::seconds{10};
    /// Usable bytes of a fiber's stack where spawn_options does not say; 8 KiB to 1 GiB, rounded up to a power of 2.
    std::size_t stack_bytes = std::size_t{256} << 10;
    /// Bytes below a fiber's stack that end the process with a report when they are touched, up to 1 GiB, rounded up to
    /// pages. Code compiled without -fstack-clash-protection, such as another's library, steps over a guard with a
    /// frame that is larger; see docs/guides/stacks.md.
    std::size_t guard_bytes = 4096;
    /// Free stacks of each size that are kept for the next fibers at most, each with what it has touched, up to 64 KiB.
    /// Those beyond go back to the system at once, so that the next fibers pay for new ones, several microseconds each.
    /// Stacks that nobody has needed for a second go back in any case, when a worker has nothing to do. The default is
    /// no bound.
    std::size_t spare_stacks = SIZE_MAX;
    /// When this signal comes, such as SIGQUIT, the runtime dumps what its tasks are doing on stderr and goes on; see
    /// runtime::dump. A handler that the program had is not called meanwhile, and is back when the last runtime with
    /// this signal ends; each of several prints its own. A thread of the process waits for it. Not SIGURG.
    std::optional<int> dump_on_signal;
    /// Whether workers measure how long polls take, ready tasks wait, and the like, for runtime::metrics. What it costs
    /// is measured by experiments/run --only seeing. Not in simulations, nor on a simulated clock.
    bool metrics = false;
    /// A task that runs for longer than this without a wait is reported while it does, with the place in the code: it
    /// holds up the other tasks, timers and I/O of its worker. At least 1 ms; zero: nobody looks. A thread looks at the
    /// workers, which have nothing to do for it, and stops one by a signal when its task is over the limit: a call into
    /// the kernel that the task makes may end with EINTR then. Unset: 10 ms where the library is built with
    /// BIFILAR_DEBUG_CHECKS, else zero. Real time on any clock; nobody looks in a simulation. See
    /// docs/guides/stalls.md.
    std::optional<std::chrono::nanoseconds> stall_limit;
    /// Is told of such tasks: of each place in the code every 10 s at most, and 10 times a second at most. Called on
    /// the thread that looks, which looks on when it returns; must not throw, and neither destroy the runtime nor call
    /// exit, which wait for it; may ask for a dump. Unset: some lines on stderr.
    std::function<void(const task_stall& stall)> on_stall;
    /// Whether tasks keep account of themselves: number, parent, since when they wait, how often and how long they ran.
    /// Dumps tell it. Takes 144 bytes for each task, and two looks at the clock in each poll. Not in simulations.
    /// Unset: what BIFILAR_TASK_RECORDS says, 1 or 0, else not.
    std::optional<bool> task_records;
    /// Bytes for the latest events of each worker, for runtime::trace; 64 for each turn of a task, rounded down to a
    /// power of 2, from 4 KiB to 1 GiB. 0: none. With it tasks keep account of themselves as well.
    std::size_t trace_bytes = 0;
    /// Gets the exception of a task that nobody joins; called by whichever thread lets go of the task last, maybe by
    /// several at once; must not throw. Unset: print the task's name and the message, terminate.
    std::function<void(std::exception_ptr)> on_detached_exception;
    /// Is told of a fiber that was cancelled, caught `cancelled` without throwing it again and waits once more: see
    /// await. Called in that fiber, on its stack and its worker, maybe by several at once, at the 1st, 10th, 100th
    /// time and so on; must not throw, nor wait. Unset: print a line on stderr.
    std::function<void(const task_description& task, std::uint32_t times)> on_swallowed_cancellation;
};

/// What shutdown() found.
class shutdown_report {
public:
    /// For the library.
    explicit shutdown_report(std::uint64_t alive, std::uint64_t blocking,
                             std::vector<task_description> tasks = {}) noexcept
        : alive_{alive}, blocking_{blocking}, tasks_{std::move(tasks)} {}
    /// Whether every task has ended, and every blocking call.
    [[nodiscard]] bool clean() const noexcept { return alive_ == 0 && blocking_ == 0; }
    /// Tasks that had not ended when the deadline came.
    [[nodiscard]] std::uint64_t tasks_alive() const noexcept { return alive_; }
    /// Calls of spawn_blocking() and of the library's own, such as on files, that had not ended: nothing can cancel one
    /// that runs. The destructor waits for them.
    [[nodiscard]] std::uint64_t blocking_calls() const noexcept { return blocking_; }
    /// Who the tasks are and what they wait on: at most 1,000 of them. When a task keeps its worker busy, only such
    /// tasks, for the others cannot be looked at while workers run.
    [[nodiscard]] const std::vector<task_description>& tasks() const noexcept { return tasks_; }

private:
    std::uint64_t alive_;
    std::uint64_t blocking_;
    std::vector<task_description> tasks_;
};

/// In a forked child a runtime of its parent has no threads: using it aborts with a sentence that says so, and so does
/// a task that forks and goes on waiting in the child; destroying it there does nothing. The parent notices none of it.
/// The child may call exec or _exit at any time, and, when no other thread of the parent was inside the library or
/// malloc at the fork, make a runtime of its own; not inside of a task.
class runtime {
public:
    /// Starts the workers.
    /// Throws: std::invalid_argument for a bad value (and says which); std::system_error when threads, rings or memory
    /// cannot be had; std::runtime_error when io_uring was demanded and cannot be had; std::logic_error when another
    /// runtime has the simulated clock or the calling thread, or that thread runs a task.
    explicit runtime(runtime_options options = {});
    runtime(const runtime&) = delete;
    runtime& operator=(const runtime&) = delete;
    /// Cancels what still lives, waits until it has unwound, ends the threads.
    /// Thread: not inside one of its own tasks. One on its calling thread ends there; elsewhere the process is aborted.
    /// Blocks: until all tasks have unwound and blocking calls that were queued are over.
    ~runtime();

    /// Runs f(args…) as a task and gives its value. A plain callable runs as a fiber, so that it may await; a coroutine
    /// or future runs stackless. Other tasks go on when it returns.
    /// Throws: what f throws, and what spawn does; task_cancelled when the runtime was shut down meanwhile;
    /// deadlock_error, which lists the tasks, when all wait and nothing can wake any (they go on waiting, until the
    /// runtime's end); std::logic_error inside a task, and f may have begun then.
    /// Thread: plain threads.
    /// Blocks: until f's task has ended.
    template <class F, class... Args>
    detail::launched_output<F, Args...> run(F&& f, Args&&... args) {
        return launch_root(std::forward<F>(f), std::forward<Args>(args)...).join();
    }
    /// The same, for outputs that may be an error.
    template <class F, class... Args>
        requires detail::must_be_read<detail::launched_output<F, Args...>>
    BIFILAR_MUST_BE_READ detail::launched_output<F, Args...> run(F&& f, Args&&... args) {
        return launch_root(std::forward<F>(f), std::forward<Args>(args)...).join();
    }
    /// What is left is a mistake.
    template <class... Given>
        requires(!detail::can_launch<std::remove_cvref_t<Given>...>)
    void run(Given&&...) {
        detail::refuse_launch<std::remove_cvref_t<Given>...>();
    }

    /// As bifilar::spawn, on this runtime.
    /// Throws: as bifilar::spawn; std::logic_error when it is called from outside after shutdown().
    /// Thread: any.
    template <class F, class... Args>
    join_handle<detail::launched_output<F, Args...>> spawn(const spawn_options& options, F&& f, Args&&... args) {
        return detail::launch(scheduler(), options, std::forward<F>(f), std::forward<Args>(args)...);
    }
    /// The same on the given backend.
    template <class F, class... Args>
    join_handle<detail::launched_output<F, Args...>> spawn(backend on, F&& f, Args&&... args) {
        spawn_options options;
        options.on = on;
        return spawn(options, std::forward<F>(f), std::forward<Args>(args)...);
    }
    /// The same on the stackless backend.
    template <class F, class... Args>
        requires(!std::is_same_v<std::decay_t<F>, backend> && !std::is_same_v<std::decay_t<F>, spawn_options>)
    join_handle<detail::launched_output<F, Args...>> spawn(F&& f, Args&&... args) {
        return detail::launch_stackless(scheduler(), {}, std::forward<F>(f), std::forward<Args>(args)...);
    }
    /// What is left is a mistake.
    template <class... Given>
        requires(!detail::can_launch<std::remove_cvref_t<Given>...>)
    void spawn(Given&&...) {
        detail::refuse_launch<std::remove_cvref_t<Given>...>();
    }

    /// Cancels all tasks and waits until they and the blocking calls have ended, at most until 10 ms after `deadline`,
    /// which is real time on any clock; then says who is left. Later spawns from outside throw. To cancel, it needs
    /// every worker to come to the end of its present run: while one task runs on, the others are not cancelled and
    /// take turns with attempts to halt. May be repeated; the destructor waits for what is left.
    /// Throws: std::logic_error, of a runtime on its calling thread, on another thread.
    /// Thread: plain threads. Of a runtime on its calling thread that one, where a task that does not suspend holds it
    /// up.
    /// Blocks: until all tasks and blocking calls have ended, or the deadline.
    shutdown_report shutdown(
        std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max());

    /// On a simulated clock: waits until no task can run and no spawn_blocking call is under way, so that only time,
    /// events and other threads can go on; with an automatic clock, until there is no timer either. Sleeps that were
    /// about to begin have then begun, and those that were due have ended.
    /// Throws: std::logic_error on the real clock, and in a task or a blocking call of this runtime.
    /// Thread: plain threads.
    /// Blocks: until then.
    void settle();

    /// Counts per worker.
    /// Throws: std::bad_alloc.
    /// Thread: any.
    /// Allocates: the vector of workers' counts.
    [[nodiscard]] runtime_stats stats() const;
    /// What it counts, and with runtime_options::metrics what it measures.
    /// Throws: std::bad_alloc.
    /// Thread: any.
    /// Allocates: some KiB for each worker.
    [[nodiscard]] runtime_metrics metrics() const;
    /// The latest events of all workers, which go on meanwhile; none without runtime_options::trace_bytes.
    /// Throws: std::bad_alloc.
    /// Thread: any.
    /// Allocates: about four times as much as the workers keep.
    [[nodiscard]] runtime_trace trace() const;
    /// What all tasks are doing, while they do it: workers are stopped for some milliseconds at a time, by a signal
    /// (SIGURG), and go on in between. Calls into the kernel that tasks make meanwhile may end with EINTR, where the
    /// system does not restart them. Functions and lines come from the program's own debug information, by libdw.
    /// Throws: std::bad_alloc; std::system_error when the signal cannot be handled.
    /// Thread: any. In a task, its own worker does nothing else meanwhile; a fiber needs 64 KiB of stack for it.
    /// Blocks: until all tasks were seen, and before that while another dump of this process runs; when a worker cannot
    /// be stopped for 20 s, it ends without the rest, see runtime_dump::problem. reports/seeing.md has figures.
    /// Allocates: for each task, and each function in which one stands.
    [[nodiscard]] runtime_dump dump() const;
    /// How many there are.
    [[nodiscard]] std::uint32_t workers() const noexcept;
    /// The driver in use: never `best`.
    [[nodiscard]] driver_kind driver() const noexcept;

    /// For scopes.
    [[nodiscard]] static sched::scheduler& scheduler_of(runtime& of) noexcept { return of.scheduler(); }
    /// For this_runtime.
    [[nodiscard]] static runtime_metrics metrics_of(sched::scheduler& of);
    /// For spawn_blocking.
    [[nodiscard]] static sched::blocking_pool& blocking_pool_of(sched::scheduler& of);

protected:
    /// For detail::tuned_runtime.
    runtime(runtime_options options, const sched::tuning& rules);

private:
    class parts;

    [[nodiscard]] sched::scheduler& scheduler() const noexcept;

    template <class F, class... Args>
    auto launch_root(F&& f, Args&&... args) {
        if constexpr (detail::is_bare_future<F, Args...>)
            return detail::launch_stackless(scheduler(), {}, std::forward<F>(f));
        else if constexpr (future<std::invoke_result_t<std::decay_t<F>&, std::unwrap_ref_decay_t<Args>&&...>>)
            return detail::launch_stackless(scheduler(), {}, std::forward<F>(f), std::forward<Args>(args)...);
        else
            return spawn(backend::stackful, std::forward<F>(f), std::forward<Args>(args)...);
    }

    std::unique_ptr<parts> parts_;
};

/// Makes a runtime with default options, runs f(args…) in it, shuts it down: tasks that still live are cancelled.
/// Throws: as the constructor and runtime::run.
/// Thread: plain threads.
/// Blocks: until f's task and all others have ended.
template <class F, class... Args>
detail::launched_output<F, Args...> run(F&& f, Args&&... args) {
    runtime made;
    return made.run(std::forward<F>(f), std::forward<Args>(args)...);
}
/// The same, for outputs that may be an error.
template <class F, class... Args>
    requires detail::must_be_read<detail::launched_output<F, Args...>>
BIFILAR_MUST_BE_READ detail::launched_output<F, Args...> run(F&& f, Args&&... args) {
    runtime made;
    return made.run(std::forward<F>(f), std::forward<Args>(args)...);
}
/// What is left is a mistake.
template <class... Given>
    requires(!detail::can_launch<std::remove_cvref_t<Given>...>)
void run(Given&&...) {
    detail::refuse_launch<std::remove_cvref_t<Given>...>();
}

}  // namespace bifilar
