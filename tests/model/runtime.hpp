// A whole scheduler in a model: its real workers on strands, which sleep on gates, and tasks that are functions.
// Builds on sched. The first thread of such a model makes the scheduler and ends it; neither is searched unless the
// model is about that.
#pragma once

#include "engine.hpp"

#include <bifilar/sched/detail/scheduler.hpp>
#include <bifilar/task/detail/gate_parker.hpp>

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace model {

class runtime;

/// A task whose body is a function, polled until it says that it has ended.
class job : public bifilar::detail::task_core {
public:
    using function = std::function<bool(bifilar::context&)>;

    // The model keeps a handle, so nobody destroys it.
    job() noexcept : task_core{kind, 1} {}

    /// Wakes it as a waker does. Any thread.
    void wake() noexcept {
        if (state_.claim() == bifilar::detail::wake_result::schedule) kind_->schedule(*this);
    }

    function body;
    std::function<void()> when_cancelled;  // Its last run, where the task is cancelled; may be empty.
    int polls = 0;       // By its owner; read at the end.
    bool begun = false;  // Somebody has started it.
    cell<bool> started{false, "what a task is made of"};
    // The worker that it must run on; null: any.
    bifilar::sched::worker* home = nullptr;
    bifilar::base::atomic<bifilar::detail::task_header*> place{nullptr};

private:
    static bifilar::detail::run_result run(bifilar::detail::task_header& task, bifilar::context& cx) noexcept {
        auto& self = static_cast<job&>(task);
        require(self.owned.get(), "a task runs that nobody has started");
        self.owned.set(true);
        ++self.polls;
        if (!cx.cancelling()) {
            if (!self.body(cx)) return bifilar::detail::run_result::pending;
        } else if (self.when_cancelled) {
            self.when_cancelled();
        }
        self.place.store(nullptr, bifilar::base::relaxed);
        return bifilar::detail::run_result::done;
    }
    // As a fiber that has a home, and as any other task.
    static void schedule(bifilar::detail::task_header& task) noexcept {
        auto& self = static_cast<job&>(task);
        if (self.home == nullptr)
            bifilar::sched::schedule(task);
        else if (bifilar::detail::this_thread().worker == self.home)
            self.home->pin_front(task, nullptr);
        else
            self.home->post(task);
    }
    static void requeue(bifilar::detail::task_header& task, bifilar::sched::worker& here) noexcept {
        if (static_cast<job&>(task).home == nullptr)
            here.push_back(task);
        else
            here.pin_back(task, nullptr);
    }
    static void destroy(bifilar::detail::task_header&) noexcept {
        require(false, "a task was freed that has a handle");
    }
    static constexpr bifilar::detail::operations kind{&run, &schedule, &destroy, &requeue};

    cell<bool> owned{true, "the task's body"};
};

/// A part of the story that one thread plays.
using part = std::function<void(runtime&)>;

struct story {
    bool asleep = true;             // The workers sleep when it begins; else they have just been started.
    part before = {};               // By the first thread, before the search begins.
    part first = {};                // By the first thread.
    std::vector<part> others = {};  // By a thread each.
    part after = {};                // By the first thread, when nobody else can run.
    bool ends = false;              // The end of the scheduler is searched as well, with nothing between.
    bool runs_all = true;           // All tasks that were started have ended before the scheduler is.
    std::uint32_t workers = 2;
    bool lends = false;  // The first thread is the only worker, while it waits for the scheduler.
    bifilar::sched::tuning tuning{
        .ring_slots = 2, .grown_ring_slots = 2, .waiting = bifilar::sched::wait_before_sleep::none};
};

class runtime : private bifilar::sched::environment {
public:
    /// Starts the next job, on this worker first. Any thread.
    job& start(job::function body, std::uint32_t worker = bifilar::sched::any_worker) {
        job& one = jobs[static_cast<std::size_t>(used.fetch_add(1, bifilar::base::relaxed))];
        one.body = std::move(body);
        start(one, worker);
        return one;
    }
    /// The same for a job that was chosen before, so that several threads may.
    void start(job& one, std::uint32_t worker = bifilar::sched::any_worker) {
        one.begun = true;
        one.started.set(true);
        bifilar::sched::start(*scheduler, one, bifilar::sched::task_place{one.place},
                              {.inherits_locals = false, .worker = worker});
    }

    /// The first thread, from the scheduler's start to its end.
    void live(const story& told) {
        hold_still(true);
        scheduler = std::make_unique<bifilar::sched::scheduler>(
            bifilar::sched::scheduler_options{
                .workers = told.workers, .on_calling_thread = told.lends, .tuning = told.tuning},
            static_cast<environment&>(*this));
        if (told.asleep) settle();
        if (told.before) told.before(*this);
        if (told.before && told.asleep) settle();
        for (auto& each : begins) each.open();
        hold_still(false);
        if (told.first) told.first(*this);
        if (!told.ends) {
            settle();
            hold_still(true);
            if (told.after) told.after(*this);
            if (told.runs_all) check_all_ended();
        }
        scheduler.reset();
        check_all_ended();
    }
    void check_all_ended() {
        for (const job& each : jobs)
            require(!each.begun || each.state_.is_complete(), "a task is left, and everybody sleeps");
    }

    /// Two threads wait for each other here, and are searched from here until both have come to depart().
    void meet() {
        arrived_.fetch_add(1, bifilar::base::relaxed);  // Relaxed, both: orders nothing for them.
        while (arrived_.load(bifilar::base::relaxed) < 2) bifilar::base::spin_pause();
        hold_still(false);
    }
    void depart() {
        if (--present_ == 0) hold_still(true);
    }

    std::unique_ptr<bifilar::sched::scheduler> scheduler;
    std::array<job, 5> jobs;
    bifilar::base::atomic<int> used{0};
    bifilar::base::atomic<int> left{0};                // Tasks that a task waits for.
    bifilar::base::atomic<int> begun{0};               // How far a story has come.
    std::array<bifilar::base::thread_gate, 2> begins;  // Of the other threads.
    bool searches_visits = false;                      // While tasks are visited, and not from then on.
    bool searches_sleeps = false;                      // Workers that fall asleep meet before that, and part asleep ...
    int passes_over = 0;                               // ... but for so many times.
    bool searches_wake = false;                        // From the next end of a sleep on; begun is 1 then.

private:
    // Sleeps on a gate.
    class place_to_sleep final : public bifilar::detail::parker {
    public:
        explicit place_to_sleep(runtime& of) noexcept : of_{of} {}
        void park(bifilar::base::instant_ns deadline) noexcept override {
            if (std::exchange(of_.falls_asleep_[static_cast<std::size_t>(this_thread())], false)) of_.depart();
            on_gate_.park(deadline);
            if (!std::exchange(of_.searches_wake, false)) return;
            of_.begun.store(1, bifilar::base::relaxed);  // Relaxed: orders nothing.
            hold_still(false);
        }
        void poll_some(std::uint32_t) noexcept override {}
        void unpark() noexcept override { on_gate_.unpark(); }

    private:
        runtime& of_;
        bifilar::detail::gate_parker on_gate_;
    };

    std::unique_ptr<bifilar::detail::parker> make_parker(std::uint32_t) override {
        return std::make_unique<place_to_sleep>(*this);
    }
    void visit_tasks(void (*visit)(bifilar::detail::task_header&, void*) noexcept, void* argument) noexcept override {
        if (searches_visits) hold_still(false);
        for (job& each : jobs) {
            // Pairs with task_place::publish.
            auto* const task = each.place.load(bifilar::base::acquire);
            if (task == nullptr) continue;
            require(each.started.get(), "a task is visited that is not whole");
            visit(*task, argument);
        }
        if (searches_visits) hold_still(true);
    }
    // The last that a worker asks before it enters the idle set.
    [[nodiscard]] bifilar::detail::trim_need needs_trimming() const noexcept override {
        auto& self = const_cast<runtime&>(*this);
        if (searches_sleeps && self.present_ > 0 && self.passes_over-- <= 0) {
            self.falls_asleep_[static_cast<std::size_t>(this_thread())] = true;
            self.meet();
        }
        return bifilar::detail::trim_need::none;
    }
    [[nodiscard]] bool awaits_events(const bifilar::detail::parker&) const noexcept override { return false; }
    void detached_exception(const char*, std::exception_ptr) noexcept override {
        require(false, "a task has left an exception");
    }

    bifilar::base::atomic<int> arrived_{0};
    int present_ = 2;  // Plain, both, because one OS thread plays all threads.
    std::array<bool, detail::max_threads> falls_asleep_{};
};

/// How far to search such models, each of which goes on for some seconds at most.
inline options within(const char* name, unsigned preemptions, unsigned stale_reads = 1, unsigned early_times = 0) {
    return {.name = std::string("runtime, ") + name,
            .preemptions = preemptions,
            .stale_reads = stale_reads,
            .early_times = early_times,
            .max_seconds = 6};
}

// Ends when none is left of those that it waits for, and what those do.
inline bool when_none_is_left(runtime& all) {
    while (all.left.load(bifilar::base::acquire) != 0) bifilar::base::spin_pause();
    return true;
}
inline bool as_one_less(runtime& all) {
    all.left.fetch_sub(1, bifilar::base::acq_rel);
    return true;
}

// A task that waits, and stays where it ran first: on this worker. Nobody but a drain ends it.
inline void start_pinned(runtime& all, job& one, std::uint32_t worker) {
    one.body = [&one](bifilar::context& cx) {
        one.home = bifilar::detail::this_thread().worker;
        cx.set_armed();
        return false;
    };
    all.start(one, worker);
}

inline void check_runtime(options how, const story& told) {
    check(how, [told](world& world) {
        auto* const all = world.make<runtime>();
        world.thread("first", [all, &told] { all->live(told); });
        for (std::size_t i = 0; i < told.others.size(); ++i)
            world.thread("other " + std::to_string(i), [all, &told, i] {
                all->begins[i].wait();
                told.others[i](*all);
            });
    });
}

}  // namespace model
