// One scheduler thread: its queues, its loop, its sleep.
// The order of looking for work: the newest task, own queues, inbox, global queue, theft, sleep.
#pragma once

#include <bifilar/base/detail/baton.hpp>
#include <bifilar/base/detail/random.hpp>
#include <bifilar/memory/detail/frame_trim.hpp>
#include <bifilar/sched/detail/inbox.hpp>
#include <bifilar/sched/detail/newest_tasks.hpp>
#include <bifilar/sched/detail/newest_watch.hpp>
#include <bifilar/sched/detail/run_queue.hpp>
#include <bifilar/sched/detail/spin_policy.hpp>
#include <bifilar/sched/detail/task_fifo.hpp>
#include <bifilar/sched/detail/trace_ring.hpp>
#include <bifilar/sched/detail/worker_counters.hpp>
#include <bifilar/sched/detail/worker_metrics.hpp>
#include <bifilar/task/context.hpp>
#include <bifilar/task/detail/parker.hpp>
#include <bifilar/task/detail/task_core.hpp>
#include <bifilar/task/detail/thread_state.hpp>
#include <bifilar/time/detail/timer_queue.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <sys/types.h>
#include <vector>

namespace bifilar::sched {

class calling_thread;
class scheduler;
class time_keeper;

class worker final : public nesting_runner {
public:
#if defined(BIFILAR_MODEL)
    // Models come to the end of these.
    static constexpr std::uint32_t tasks_per_tick = 16;
    static constexpr std::uint32_t newest_places = 4;
#else
    static constexpr std::uint32_t tasks_per_tick = 128;
    /// Tasks that the present run has queued and that the worker keeps in their order, holes included.
    static constexpr std::uint32_t newest_places = 256;
#endif
    /// So many of these a run must have queued before it shares half of them with a worker that has nothing to do: the
    /// first time, and twice as many each time after, up to the second number.
    static constexpr std::uint32_t first_share = 2;
    static constexpr std::uint32_t max_shared = 64;
    /// Bytes of the worker's stack that tasks may use which run inside of each other's polls; half of what there is
    /// where that is less.
    static constexpr std::size_t nesting_bytes = std::size_t{512} << 10;
    /// How long the worker goes on with them before it looks at its timers, events and queues again.
    static constexpr base::instant_ns longest_nesting_ns = 1'000'000;

    struct stack_bounds {
        std::uintptr_t lowest = 0;
        std::uintptr_t highest = 0;
    };

    worker(scheduler& owner, std::uint32_t index, std::vector<std::vector<std::uint32_t>> victims);
    worker(const worker&) = delete;
    worker& operator=(const worker&) = delete;

    [[nodiscard]] scheduler& owner() const noexcept { return owner_; }
    /// The number of the runtime, as its tasks carry it.
    [[nodiscard]] std::uint32_t owner_id() const noexcept { return owner_id_; }
    [[nodiscard]] std::uint32_t index() const noexcept { return index_; }
    [[nodiscard]] const worker_counters& counters() const noexcept { return counters_; }

    /// A woken or new task: next in turn, for what it needs is in the cache now. Owner only.
    void push_front(detail::task_header& task) noexcept;
    /// A task that yielded: behind all others. Owner only.
    void push_back(detail::task_header& task) noexcept;
    /// The same two for tasks that must stay here; for `wants` see task_fifo::push. Owner only.
    void pin_front(detail::task_header& task, const void* wants) noexcept;
    void pin_back(detail::task_header& task, const void* wants) noexcept;
    /// A woken task that must run here. Any thread.
    void post(detail::task_header& task) noexcept;

    /// Counts a task that the running task created. Owner only.
    void count_spawn() noexcept { counters_.spawned.add(); }

    /// In a forked child, on the thread that has forked: a task that goes on waiting there, instead of calling exec or
    /// _exit, ends the child before its copy of the worker runs tasks of the parent.
    static void stop_after_fork() noexcept;

    bool run_nested(detail::task_header& task, context& outer) noexcept override;

    /// Where its events go; null: nobody has asked for them. Its thread writes.
    [[nodiscard]] trace_ring* trace() const noexcept { return trace_.get(); }
    /// The task_number of the task that has ended just now and wakes its joiner; 0: none. Its thread.
    [[nodiscard]] std::uint64_t ending() const noexcept { return ending_; }
    void set_ending(std::uint64_t number) noexcept { ending_ = number; }
    /// The worker, which traces, is about to run a task: its sleeps before that are one event. Its thread.
    void tell_slept() noexcept {
        if (slept_from_ns_ != 0) [[unlikely]]
            trace_sleep();
    }

    /// The kernel's number of its thread. Any thread, between the scheduler's start and the end of its threads.
    [[nodiscard]] pid_t thread_id() const noexcept { return thread_id_; }

    /// Which poll goes on: the task, or null, and how many polls have begun so far.
    struct poll_mark {
        const detail::task_header* task = nullptr;
        std::uint64_t begun = 0;
        bool operator==(const poll_mark&) const noexcept = default;
    };
    /// A hint, whose two halves may be of two moments; exact while the worker is stopped. The task is compared, not
    /// looked into. Any thread, between the scheduler's start and the end of its threads.
    [[nodiscard]] poll_mark present_poll() const noexcept {
        const std::uint64_t begun = counters_.polled.get();
        return {state_->task.load(base::relaxed), begun};  // Relaxed: see above.
    }

    /// What its thread is at, and where the stack of that thread lies. While the worker is stopped by a worker_freeze.
    [[nodiscard]] const detail::thread_state& stopped_state() const noexcept { return *state_; }
    [[nodiscard]] stack_bounds stack() const noexcept { return stack_; }

    /// Ends this worker's sleep. Any thread, between the scheduler's start and the end of its threads.
    void unpark() noexcept { parker_->unpark(); }

private:
    // The scheduler starts, counts and looks through its workers; the two others stand in for it: one runs the loop on
    // a thread that is lent, one moves time while the workers rest.
    friend class calling_thread;
    friend class scheduler;
    friend class time_keeper;

    // On the worker's thread: everything from start to end.
    void thread_main();
    // What it needs of the thread that runs the loop.
    void begin_here();
    void end_here() noexcept;
    void loop() noexcept;
    enum class loop_kind : std::uint8_t { usual, measured, simulated };
    template <loop_kind Kind>
    void loop_on() noexcept;
    void run(detail::task_header& task) noexcept;
    bool poll(detail::task_header& task, context& cx, detail::task_header* outer) noexcept;

    void measure_stack() noexcept;
    void begin_nesting() noexcept;
    [[nodiscard]] bool may_nest() noexcept;
    [[nodiscard]] bool goes_on_nesting() noexcept;

    void enqueue(detail::task_header& task) noexcept;
    void put_in_ring(detail::task_header& task) noexcept;
    void keep_newest(detail::task_header& task) noexcept;
    detail::task_header* next() noexcept;
    detail::task_header* take_lifo() noexcept;
    detail::task_header* take_newest() noexcept;
    [[nodiscard]] bool others_queued() const noexcept;
    void flush_newest() noexcept;
    void queue_older() noexcept;
    void queue_run() noexcept;
    void share(bool with_newest) noexcept;
    detail::task_header* take_queued() noexcept;
    detail::task_header* take_inbox() noexcept;
    detail::task_header* take_global() noexcept;
    void overflow(detail::task_header& task) noexcept;
    void tick() noexcept;
    void simulated_tick() noexcept;
    void enqueue_stolen(detail::task_header& task) noexcept;
    void note_run(const detail::task_header& task) noexcept;
    [[nodiscard]] bool is_stuck(worker& victim, bool first_look) noexcept;
    [[nodiscard]] std::uint32_t first_victim(std::uint32_t count) noexcept;
    void fire_due(base::instant_ns real_now) noexcept;
    void adapt(base::instant_ns now) noexcept;
    void end_timed(base::instant_ns began) noexcept;
    void end_probe(queue_probe& probe) noexcept;
    void tell_sleep(base::instant_ns began) noexcept;
    void trace_sleep() noexcept;

    detail::task_header* search() noexcept;
    detail::task_header* steal() noexcept;
    detail::task_header* steal_stuck(bool first_look) noexcept;
    void stop_searching() noexcept;
    void take_up_work() noexcept;
    [[nodiscard]] bool spin() noexcept;
    [[nodiscard]] bool trim() noexcept;
    [[nodiscard]] bool trim_if_due(detail::trim_need need) noexcept;
    [[nodiscard]] base::instant_ns timers_due() noexcept;
    void sleep() noexcept;
    [[nodiscard]] bool is_restless() const noexcept;
    void forget_turns() noexcept;
    [[nodiscard]] bool rest(base::instant_ns nap_until) noexcept;
    [[nodiscard]] bool work_in_sight() noexcept;
    [[nodiscard]] bool work_here() const noexcept;
    [[nodiscard]] bool newest_in_sight() noexcept;
    [[nodiscard]] base::instant_ns nap_until() noexcept;
    [[nodiscard]] bool only_napped() const noexcept;
    [[nodiscard]] bool others_went_on() noexcept;
    [[nodiscard]] base::instant_ns suspect_deadlock() noexcept;
    [[nodiscard]] bool rests() noexcept;

    scheduler& owner_;
    const std::uint32_t owner_id_;
    const std::uint32_t index_;
    base::baton* const simulation_;  // That its runtime belongs to; mostly null.
    const bool alone_;               // The only worker of its runtime: nobody steals.
    // Other workers by distance: same L2 first, then L3, NUMA node, machine; or one ring of all.
    const std::vector<std::vector<std::uint32_t>> victims_;
    const bool random_start_;       // Whether a look at a ring begins at a random place.
    simulated_clock* const clock_;  // Of the timers; null: the real one. All else here goes by real time.
    std::unique_ptr<detail::parker> parker_;
    detail::thread_state* state_ = nullptr;  // Of this worker's thread; the loop itself never moves.
    pid_t thread_id_ = 0;                    // Likewise.
    const std::unique_ptr<worker_metrics> metrics_;  // Null: nothing is measured.
    const std::unique_ptr<trace_ring> trace_;        // Null: there is no trace.
    detail::timer_queue timers_;
    base::random random_;

    task_fifo pinned_;
    task_fifo::entry pinned_next_;  // The newest of the tasks that must stay here.
    // Whether the loop ends, when a thread only lends itself. Set by any thread that wakes that one; reset by it.
    base::atomic<bool> called_back_{false};
    std::uint32_t lifo_runs_ = 0;
    const std::uint32_t max_lifo_runs_;
    // Of the worker's thread; empty: nobody knows. And where the stack may not grow beyond for another nested poll.
    stack_bounds stack_;
    std::uintptr_t nesting_ends_ = UINTPTR_MAX;
    std::uint32_t until_nesting_look_ = 1;   // At the clock, in nested polls.
    std::uint32_t nested_a_look_ = 1;        // How many of them lie between two looks.
    base::instant_ns nesting_since_ns_ = 0;  // When the first look of the present run was; 0: there was none.
    base::instant_ns nesting_looked_ns_ = 0;
    std::uint32_t next_share_ = first_share;  // So many the present run must have queued to share some.
    const bool keeps_newest_;                 // Others can take the newest tasks from a worker that is stuck.
    std::uint32_t until_tick_ = tasks_per_tick;
    const std::uint32_t fixed_global_interval_;  // 0: it adapts.
    std::uint32_t global_interval_tasks_;
    std::uint32_t until_global_;
    std::uint32_t tick_tasks_ = tasks_per_tick;
    base::instant_ns tick_began_ns_ = 0;
    double task_ns_ = 5'000;  // Moving average; the start is a guess that soon does not matter.
    spin_policy spin_policy_;
    std::uint64_t ending_ = 0;            // Until the worker does something else.
    base::instant_ns slept_from_ns_ = 0;  // Where it traces: sleeps that no turn has followed; 0: none.
    base::instant_ns slept_to_ns_ = 0;
    bool pinned_turn_ = false;
    bool searching_ = false;
    bool watches_ = false;  // Is the one who watches what others keep.
    newest_watch watch_;
    bool claimed_ = false;  // Somebody had work for it when it last slept, or keeps some.
    bool napped_ = false;   // The last sleep was a nap, and nothing but its end ended it.
    std::uint64_t polled_at_wake_ = 0;
    std::uint64_t all_polled_ = 0;                    // By all workers, at the last look of nap_until.
    base::instant_ns slept_since_ns_ = 0;             // When the first of the naps in a row began.
    base::instant_ns trim_at_ns_ = base::never;       // When it gives unused memory back; never: there is none.
    base::instant_ns unused_since_ns_ = base::never;  // From when on the pause before that counts.
    base::instant_ns lent_until_ns_ = base::never;    // When the thread wants to go on with something else.
    base::instant_ns last_timer_wake_ns_ = 0;
    // Until when it sleeps, if nobody wakes it; old while it is awake. Written by the owner, read by all that fall
    // asleep.
    base::atomic<base::instant_ns> sleeps_until_{0};
    // Newest tasks and progress of each victim since when they are so, to tell a stuck worker from a busy one.
    struct sighting {
        bool filled = false;
        std::uint32_t mark = 0;
        std::uint64_t polled = 0;
        base::instant_ns since_ns = 0;
    };
    std::vector<sighting> sightings_;

    // What the present run has queued. Filled and emptied by the owner; emptied by a searcher when the owner is stuck
    // in a long run.
    newest_tasks<newest_places> newest_;
    inbox inbox_;
    run_queue queue_;
    worker_counters counters_;
};

}  // namespace bifilar::sched
