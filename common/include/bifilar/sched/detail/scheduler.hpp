// All workers of one runtime together: what they share, how they start, stand still, drain and stop.
// Built on run_queue, inbox, global_queue, idle_set and worker; see docs in those files for the protocols.
#pragma once

#include <bifilar/base/detail/asymmetric_fence.hpp>
#include <bifilar/base/detail/baton.hpp>
#include <bifilar/base/detail/fork_count.hpp>
#include <bifilar/base/detail/thread.hpp>
#include <bifilar/base/detail/thread_condition.hpp>
#include <bifilar/memory/detail/frame_pool.hpp>
#include <bifilar/sched/detail/calling_thread.hpp>
#include <bifilar/sched/detail/environment.hpp>
#include <bifilar/sched/detail/global_queue.hpp>
#include <bifilar/sched/detail/idle_set.hpp>
#include <bifilar/sched/detail/start.hpp>
#include <bifilar/sched/detail/time_keeper.hpp>
#include <bifilar/sched/detail/tuning.hpp>
#include <bifilar/sched/detail/worker.hpp>
#include <bifilar/sched/detail/worker_layout.hpp>
#include <bifilar/task/detail/task_core.hpp>
#include <bifilar/task/task_description.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace bifilar {
namespace detail {
class join_watch;
}
}  // namespace bifilar

namespace bifilar::sched {

struct scheduler_options {
    std::uint32_t workers = 1;
    /// No threads: the worker, of which there is one, works while the calling thread waits. See calling_thread.
    bool on_calling_thread = false;
    pin pinning = pin::none;
    /// Only passed on. Outlives the scheduler.
    spawn_resources* resources = nullptr;
    /// What timers go by; null: real time. Outlives the scheduler.
    simulated_clock* clock = nullptr;
    /// Workers measure what worker_times tells; not in a simulation or on a simulated clock, where what tasks do does
    /// not depend on real time.
    bool measures = false;
    /// Tasks have records; not in a simulation.
    bool records = false;
    /// Events that each worker keeps, a power of 2; 0: none. Only with records.
    std::size_t trace_records = 0;
    /// For experiments.
    sched::tuning tuning = {};
};

class scheduler {
public:
    /// Starts the workers and waits until each has its place to sleep. Throws what a worker's start threw, and
    /// std::logic_error when the clock serves another or does not fit a simulation, and std::invalid_argument for a
    /// tuning that is out of range.
    /// `parts` outlives the scheduler.
    scheduler(const scheduler_options& options, environment& parts);
    scheduler(const scheduler&) = delete;
    scheduler& operator=(const scheduler&) = delete;
    /// Drains and stops. Plain thread, the one that made it where that works; blocks until all tasks have ended.
    ~scheduler();

    /// The scheduler that `task` was started on; null when it is gone, or before the start.
    [[nodiscard]] static scheduler* of(const detail::task_header& task) noexcept;

    /// Keeps the scheduler alive for a thread that is not its worker and hands it a task: as soon as the task is
    /// visible it may run to its end, and with it the last reason for the runtime to stay.
    class visit {
    public:
        /// The caller has claimed a task of `of`, or holds the registry's lock.
        explicit visit(scheduler& of) noexcept : of_{&of} {
            of.visitors_.fetch_add(1,
                                   base::relaxed);  // Relaxed: what makes the task visible comes later and orders it.
        }
        visit(const visit&) = delete;
        visit& operator=(const visit&) = delete;
        // Pairs with the destructor; so that it comes after all that was done here.
        ~visit() { of_->visitors_.fetch_sub(1, base::release); }

    private:
        scheduler* of_;
    };

    /// Gives an exception that nobody joined to the handler of the task's runtime, which has this serial number. False
    /// when the runtime is gone.
    [[nodiscard]] static bool report(const detail::task_header& task, std::exception_ptr error,
                                     std::uint32_t serial) noexcept;

    /// Queues a claimed task of any runtime that may run on any of its workers. Any thread.
    static void schedule(detail::task_header& task) noexcept {
        worker* const here = detail::this_thread().worker;
        if (here != nullptr && here->owner_id() == task.state_.owner()) [[likely]]
            here->push_front(task);
        else
            of(task)->inject(task);
    }

    /// Makes a new task known and queues it. Throws std::logic_error when the runtime has been shut down,
    /// std::invalid_argument for a worker that there is not, and what copies of inherited task_local values throw;
    /// nothing was started then, and nobody has seen the task. Any thread. From the moment when it is published in
    /// `place` it is the runtime's. Counts the start.
    void start(detail::task_core& task, task_place place, const start_options& how);

    /// Cancels all tasks, runs them to their ends and lets new ones end at once. True when none is left, false when
    /// `deadline` came first. Plain thread, the one that made this where that works; blocks. May be repeated.
    bool drain(base::instant_ns deadline) noexcept;

    /// After a drain that returned false: what is still alive, at most `most` tasks. Stops the workers for a moment;
    /// when one of them does not stop, because its task runs on, tells only what such workers run. Plain thread; blocks
    /// for 10 ms at most; ends the process when there is no memory for the names.
    [[nodiscard]] std::vector<task_description> survivors(std::size_t most) noexcept;

    /// The runtime of that number, alive as long as `inside` is; null when it is gone. Any thread.
    [[nodiscard]] static scheduler* enter(std::uint32_t id, std::optional<visit>& inside) noexcept;

    /// A plain thread begins to wait for a task: workers that sleep look whether all tasks wait for ever. That thread.
    void join_begins() noexcept;
    /// All tasks, at most `most`, when all wait and nothing can wake one; else none. Exact: see deadlock.cpp. A plain
    /// thread that waits for one of them, by `asks`, which leaves when there is one; stops the workers for a moment.
    /// Throws std::bad_alloc.
    [[nodiscard]] std::vector<task_description> find_deadlock(std::size_t most, detail::join_watch& asks);

    /// How many tasks have been started and not completed; exact while nothing runs.
    [[nodiscard]] std::uint64_t live() const noexcept;

    /// Whether the calling thread may drain it.
    [[nodiscard]] bool drains_here() const noexcept { return lent_ == nullptr || lent_->is_here(); }

    [[nodiscard]] std::uint32_t workers() const noexcept { return static_cast<std::uint32_t>(workers_.size()); }
    [[nodiscard]] runtime_stats stats() const;
    /// Of each worker; none where nothing is measured. Any thread. Allocates; throws std::bad_alloc.
    [[nodiscard]] std::vector<worker_times> times() const;
    [[nodiscard]] environment& parts() const noexcept { return parts_; }
    /// Of this process, not of one that it was forked from: there it has no threads.
    [[nodiscard]] bool is_ours() const noexcept { return forks_ == base::fork_count(); }
    [[nodiscard]] spawn_resources* resources() const noexcept { return resources_; }
    [[nodiscard]] detail::task_owner owner_id() const noexcept { return owner_id_; }
    /// Which runtime of all that the process has made, counted from 1. Owner ids come again, this does not.
    [[nodiscard]] std::uint32_t serial() const noexcept { return serial_; }
    /// Workers that could not be pinned, one line each; empty when all was well.
    [[nodiscard]] const std::string& pin_report() const noexcept { return pin_report_; }
    /// Of a simulated clock; else null.
    [[nodiscard]] time_keeper* keeper() const noexcept { return keeper_.get(); }
    /// What the task is and, when it was `parked`, what it waits on. Whoever has claimed it, or while all workers
    /// stand still. Allocates; throws std::bad_alloc.
    [[nodiscard]] static task_description describe(const detail::task_header& task, bool parked);
    /// Visits live tasks in portions, beginning with a fresh `so_far`; see portion_visitor. While a worker_freeze stops
    /// all workers, or in a simulation, where nobody else runs. Never waits.
    [[nodiscard]] detail::portion visit_portion(detail::portion_progress& so_far, detail::portion_visitor& to) noexcept;
    /// The time of the clock that timers go by. Any thread.
    [[nodiscard]] base::instant_ns timers_now() const noexcept;
    /// By its number.
    [[nodiscard]] const worker& worker_at(std::uint32_t index) const noexcept { return *workers_[index]; }
    /// Whether it belongs to a simulation, where one thread at a time runs.
    [[nodiscard]] bool is_simulated() const noexcept { return simulation_ != nullptr; }
    /// Calls `visit` for every live task. Drained or stopped runtimes only.
    void visit_tasks(void (*visit)(detail::task_header&, void* argument) noexcept, void* argument) noexcept;

private:
    // Both are parts of the scheduler in files of their own: a worker's loop lives on the queues, the idle set and the
    // phase, and the time keeper looks at all queues while the workers rest. Nobody else may use these.
    friend class worker;
    friend class time_keeper;

    enum class phase : std::uint8_t {
        running,   ///< Tasks come and go.
        closing,   ///< A shutdown waits for a task that runs on. Others go on, none come from outside.
        halting,   ///< Workers stop between two tasks, so that all tasks can be visited.
        draining,  ///< New tasks are born cancelled; workers run until none is left.
        stopping,  ///< Workers leave their loops.
    };

    [[nodiscard]] std::vector<task_description> find_simulated_deadlock(std::size_t most);
    static void describe_one(detail::task_header& task, void* argument) noexcept;
    void enter_simulation(const scheduler_options& options);
    void refuse_foreign() const;
    void check_waker() const noexcept;
    void start_with_care(detail::task_core& task, task_place place, const start_options& how);
    void inject(detail::task_header& task) noexcept;
    // Work appeared in a worker's own queue. A lone worker finds it itself.
    void notify(worker_counters* counters) noexcept {
        if (workers_.size() != 1) notify_others(counters);
    }
    void notify_others(worker_counters* counters) noexcept;
    // Has all others lay open what they keep for themselves, once they sleep; see worker::trim.
    void open_reserves(const worker& but) noexcept;
    void move_to(phase next) noexcept;
    [[nodiscard]] phase now() const noexcept {
        // seq_cst: a worker that is about to sleep must not miss a change; pairs with move_to.
        return phase_.load(base::seq_cst);
    }
    void stand_still(detail::parker& driver) noexcept;
    [[nodiscard]] bool report_drained() noexcept;
    [[nodiscard]] bool is_alone() noexcept;
    [[nodiscard]] bool nothing_can_wake() noexcept;
    [[nodiscard]] bool refuses_starts() noexcept;
    [[nodiscard]] bool halt(base::instant_ns deadline) noexcept;
    [[nodiscard]] bool halt_and_cancel(base::instant_ns deadline) noexcept;
    template <class Condition>
    bool wait_for_change(std::unique_lock<base::thread_mutex>& lock, base::instant_ns deadline, Condition met);
    void describe_running(std::vector<task_description>& found) const;
    void make_workers(const scheduler_options& options);
    void start_threads();
    void worker_ready(std::exception_ptr error, const std::string& pin_problem) noexcept;

    static constexpr std::uint64_t unknown = ~std::uint64_t{0};

    const tuning tuning_;
    environment& parts_;
    spawn_resources* const resources_;
    const detail::task_owner owner_id_;
    const std::uint32_t serial_;
    const std::uint32_t forks_ = base::fork_count();  // In which process it was made.
    const bool has_fences_ = base::heavy_fence();     // The first takes long once there are threads.
    simulated_clock* const clock_;
    base::baton* const simulation_ = base::baton::here();  // That this belongs to; mostly null.
    // Behind what they depend on.
    const bool measures_;
    const bool records_;
    const std::size_t trace_records_;
    std::unique_ptr<time_keeper> keeper_;                  // Set before the workers are made; null on the real clock.
    global_queue global_;
    idle_set idle_;
    std::vector<std::unique_ptr<worker>> workers_;
    std::vector<base::thread> threads_;
    std::unique_ptr<calling_thread> lent_;  // Null where workers have threads of their own.
    std::vector<std::vector<std::uint32_t>> pin_masks_;
    std::string pin_report_;

    // See phase. Written under mutex_ by drain and the destructor; read by all.
    base::atomic<phase> phase_{phase::running};
    // Whether a shutdown has cancelled all tasks, so that a phase of halting ends in draining and new tasks are born
    // cancelled. Set while all workers stand still, which orders it for those that leave the halt.
    bool cancels_births_ = false;
    // Whether starts take the long way in any case: tasks are born cancelled, or their births are noted.
    bool cares_for_starts_ = simulation_ != nullptr || records_;
    // In a simulation: the numbers of tasks, in the order of their starts; an address has its latest task's. Else null.
    std::unique_ptr<std::unordered_map<const detail::task_header*, std::uint64_t>> births_;
    std::uint64_t born_ = 0;
    // Tasks started by threads that are not workers, and how many such threads are inside start() right now.
    base::atomic<std::uint64_t> spawned_outside_{0};
    base::atomic<std::uint32_t> starting_outside_{0};

    // What all workers had polled when the last of them fell asleep, since when, and when those who join are asked to
    // look for a deadlock. Written by workers that fall asleep, quiet_polled_ also by those who join. Relaxed: hints,
    // for the look itself is exact.
    base::atomic<std::uint64_t> quiet_polled_{unknown};
    base::atomic<base::instant_ns> quiet_since_ns_{0};
    base::atomic<base::instant_ns> ask_at_ns_{0};

    // Whether the present halt is a look for a deadlock, after which all goes on. Written by find_deadlock under
    // drain_mutex_, read by threads that start tasks and find the runtime halted.
    base::atomic<bool> looks_{false};

    // Threads inside of visit. Counted by any, awaited by the destructor.
    base::atomic<std::uint32_t> visitors_{0};

    base::timed_thread_mutex drain_mutex_;  // One shutdown at a time halts and visits. Taken before mutex_.
    base::thread_mutex mutex_;              // Guards what follows. Never taken while a task runs.
    base::thread_condition changed_;
    std::uint32_t ready_workers_ = 0;
    std::uint32_t still_workers_ = 0;
    std::uint32_t polling_ = 0;  // Workers that stand still but for a look at their drivers.
    std::uint64_t halts_ = 0;    // How many times the workers were told to stand still.
    std::exception_ptr start_error_;
};

}  // namespace bifilar::sched
