// The parts of a runtime and the order in which they start and end.
#include <bifilar/runtime/runtime.hpp>
#include <bifilar/runtime/this_runtime.hpp>

#include "dump/assembly.hpp"
#include "dump/signal_watch.hpp"
#include "gdb_script.hpp"
#include "stall/monitor.hpp"
#include "trace/collect.hpp"

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/base/detail/baton.hpp>
#include <bifilar/base/detail/fork_count.hpp>
#include <bifilar/drivers/contract/detail/driver.hpp>
#include <bifilar/drivers/contract/detail/driver_fallback.hpp>
#include <bifilar/drivers/contract/detail/in_flight.hpp>
#include <bifilar/memory/detail/frame_trim.hpp>
#include <bifilar/sched/detail/blocking_pool.hpp>
#include <bifilar/sched/detail/cpu_quota.hpp>
#include <bifilar/sched/detail/scheduler.hpp>
#include <bifilar/stackful/detail/fiber_home.hpp>
#include <bifilar/stackful/detail/overflow.hpp>

#include <bit>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>

namespace bifilar {

class runtime::parts final : public sched::environment {
    // How many runtimes there are. The last gives back what the frame pool holds unused.
    class frame_user {
    public:
        frame_user() noexcept { count.fetch_add(1, base::relaxed); }  // Relaxed: only the number matters.
        frame_user(const frame_user&) = delete;
        frame_user& operator=(const frame_user&) = delete;
        ~frame_user() {
            // Relaxed: as above; the pool has a lock. One that begins meanwhile gets fresh memory.
            if (count.fetch_sub(1, base::relaxed) == 1) detail::release_unused_frames();
        }

    private:
        // Written by whoever makes or ends a runtime. A forked child has none yet, for its parent's do not end in it.
        static inline base::atomic<std::uint32_t> count{0};
        [[maybe_unused]] static inline const int watched =
            ::pthread_atfork(nullptr, nullptr, [] { count.store(0, base::relaxed); });  // Relaxed: one thread.
    };

#if defined(BIFILAR_DEBUG)
    static constexpr std::chrono::nanoseconds default_stall_limit = stall::monitor::default_limit;
#else
    static constexpr std::chrono::nanoseconds default_stall_limit{0};
#endif

public:
    parts(runtime_options options, const sched::tuning& rules)
        // As the application has said it: check() replaces `best` by what was found.
        : wanted_{options.driver},
          options_{check(std::move(options))},
          driver_{options_.driver},
          fibers_{
              new stackful::fiber_home{*options_.workers,
                                       options_.stack_bytes,
                                       {.guard_bytes = options_.guard_bytes, .spare_stacks = options_.spare_stacks}},
              &stackful::fiber_home::abandon},
          watches_(*options_.workers),
          io_counts_(measures() ? *options_.workers : 0),
          blocking_{std::make_unique<sched::blocking_pool>(options_.max_blocking_threads, options_.blocking_keep_alive,
                                                           when_idle(), measures())},
          scheduler_{start(rules)} {
        // The scheduler is made last, because its workers use all other parts from their first moment on.
        if (!scheduler_->pin_report().empty()) std::fprintf(stderr, "bifilar: %s", scheduler_->pin_report().c_str());
        if (options_.dump_on_signal) signal_watch_.emplace(*scheduler_, *options_.dump_on_signal);
        if (options_.stall_limit->count() != 0 && !scheduler_->is_simulated())
            monitor_.emplace(*scheduler_, *options_.stall_limit, options_.on_stall);
    }
    // The first part of the end, during which others may still ask the runtime.
    void end_tasks() {
        signal_watch_.reset();
        // Tasks first: they may wait for blocking jobs, and submit some.
        (void)scheduler_->drain(base::never);
        // A task that holds up the end is told, by a handler that may ask for a dump.
        if (monitor_) monitor_->stop();
    }
    // A thread that ends a blocking job wakes its joiner through the scheduler, so those threads go before it. The pool
    // itself stays, because workers on a simulated clock ask it.
    ~parts() override {
        blocking_->end();
        scheduler_.reset();
    }

    std::unique_ptr<detail::parker> make_parker(std::uint32_t worker) override {
        std::unique_ptr<drivers::driver> made = drivers::make_driver(driver_, options_.simulation);
        if (!io_counts_.empty()) made->count_in(io_counts_[worker]);
        return made;
    }

    void thread_starts(std::uint32_t worker) override {
        fibers_->open(worker);
        watches_[worker] = std::make_unique<stackful::overflow_watch>(&describe_fiber);
    }
    void thread_ends(std::uint32_t worker) noexcept override {
        // In the reverse order of the start.
        watches_[worker].reset();
        fibers_->close(worker);
    }

    void visit_tasks(void (*visit)(detail::task_header&, void*) noexcept, void* argument) noexcept override {
        // The scheduler itself finds those in the frame pool.
        fibers_->pool().visit_tasks(visit, argument);
    }

    [[nodiscard]] detail::portion visit_portion(std::uint32_t round, detail::portion_visitor& to) noexcept override {
        return fibers_->pool().visit_portion(round, to);
    }

    [[nodiscard]] detail::trim_need needs_trimming() const noexcept override {
        return std::max(detail::frames_need_trimming(), fibers_->pool().needs_trimming());
    }
    bool trim(std::uint32_t worker, base::instant_ns now, base::instant_ns pause) noexcept override {
        const bool frames = detail::trim_frames(now, pause);
        // Both trim, whatever the first one says.
        return fibers_->trim(worker, now, pause) || frames;
    }

    [[nodiscard]] bool blocks() const noexcept override { return blocking_->busy(); }
    [[nodiscard]] bool awaits_events(const detail::parker& of) const noexcept override {
        return drivers::awaits_events(of);
    }
    [[nodiscard]] sched::blocking_pool* pool() noexcept override { return blocking_.get(); }

    [[nodiscard]] std::size_t quiet_threads() const noexcept override {
        return dump::signal_watch::thread_count() + stall::monitor::quiet_threads();
    }

    void swallowed_cancellation(const detail::task_header& task, std::uint32_t times) noexcept override {
        try {
            // As a parked one: it is about to wait, and what for is told.
            const task_description told = sched::scheduler::describe(task, true);
            if (options_.on_swallowed_cancellation) return options_.on_swallowed_cancellation(told, times);
            // In one piece and not formatted: a fiber's stack may have no room for what that takes.
            const std::string line = "bifilar: " + to_string(told) + ": it has swallowed its cancellation " +
                                     std::to_string(times) + (times == 1 ? " time" : " times") +
                                     "; throw again after catch (...)\n";
            std::fputs(line.c_str(), stderr);
        } catch (const std::bad_alloc&) {
            std::fputs("bifilar: a task has swallowed its cancellation; throw again after catch (...)\n", stderr);
        }
    }

    void detached_exception(const char* task_name, std::exception_ptr error) noexcept override {
        if (options_.on_detached_exception) {
            options_.on_detached_exception(std::move(error));
            return;
        }
        const char* const name = task_name != nullptr ? task_name : "without a name";
        try {
            std::rethrow_exception(error);
        } catch (const std::exception& known) {
            // Inside of the handler, so that a terminate handler finds the exception.
            std::fprintf(stderr, "bifilar: detached task %s ended with an exception: %s\n", name, known.what());
            std::terminate();
        } catch (...) {
            std::fprintf(stderr, "bifilar: detached task %s ended with an exception of unknown type\n", name);
            std::terminate();
        }
    }

    [[nodiscard]] sched::scheduler& scheduler() noexcept { return *scheduler_; }
    [[nodiscard]] sched::blocking_pool& blocking() noexcept { return *blocking_; }
    [[nodiscard]] driver_kind driver() const noexcept { return driver_; }
    [[nodiscard]] runtime_stats stats() const {
        runtime_stats all = scheduler_->stats();
        const stackful::stack_pool_counts stacks = fibers_->pool().counts();
        all.stacks_taken = stacks.taken;
        all.stacks_free = stacks.free;
        if (monitor_) {
            all.stalls = monitor_->stalls();
            all.longest_stall = monitor_->longest();
        }
        return all;
    }
    [[nodiscard]] runtime_metrics metrics() const {
        runtime_metrics all{stats(), scheduler_->times(), blocking_->stats(), driver_, {}};
        for (const drivers::io_counts& one : io_counts_) one.add_to(all.operations);
        return all;
    }

private:
    static bool asks_for_records() {
        const char* const given = std::getenv("BIFILAR_TASK_RECORDS");
        const std::string_view value = given != nullptr ? given : "";
        if (value == "1") return true;
        if (value.empty() || value == "0") return false;
        throw std::invalid_argument{"BIFILAR_TASK_RECORDS is '" + std::string{value} + "'; give 1 or 0"};
    }

    static runtime_options check(runtime_options options) {
        if (!options.workers) options.workers = options.on_calling_thread ? 1 : sched::default_workers();
        if (*options.workers == 0 || *options.workers > sched::max_workers)
            throw std::invalid_argument{"runtime_options::workers is " + std::to_string(*options.workers) +
                                        "; leave it unset for the default, or give a number from 1 to " +
                                        std::to_string(sched::max_workers)};
        if (options.on_calling_thread &&
            (*options.workers != 1 || options.pin != pin::none || options.clock != nullptr))
            throw std::invalid_argument{
                "runtime_options::on_calling_thread goes with one worker, without a pin, on the real clock; leave "
                "workers, pin and clock unset, or give the runtime threads"};
        if (!options.stall_limit) options.stall_limit = default_stall_limit;
        if (options.stall_limit->count() != 0 && *options.stall_limit < stall::monitor::least_limit)
            throw std::invalid_argument{"runtime_options::stall_limit is " +
                                        std::to_string(options.stall_limit->count()) +
                                        " ns; give at least 1 ms, zero for none, or leave it unset for the default"};
        if (!options.task_records) options.task_records = options.trace_bytes != 0 || asks_for_records();
        constexpr std::size_t least_trace = 4096, max_trace = std::size_t{1} << 30;
        if (options.trace_bytes != 0 && (options.trace_bytes < least_trace || options.trace_bytes > max_trace))
            throw std::invalid_argument{"runtime_options::trace_bytes is " + std::to_string(options.trace_bytes) +
                                        "; give a number from 4096 to 1073741824, or 0 for no trace"};
        // May ask the kernel and print a line, so it comes behind what costs nothing.
        options.driver = drivers::choose_driver(options.driver);
        if (options.simulation != nullptr && options.driver != driver_kind::simulated)
            throw std::invalid_argument{"runtime_options::simulation is given, but the driver is " +
                                        std::string{to_string(options.driver)} +
                                        "; set runtime_options::driver to driver_kind::simulated"};
        if (base::baton::here() != nullptr && options.driver != driver_kind::simulated)
            throw std::logic_error{"a runtime in a simulation with the driver " +
                                   std::string{to_string(options.driver)} +
                                   "; set runtime_options::driver to driver_kind::simulated"};
        return options;
    }

    // All workers have one kind of driver, so they start anew with the other when there is no ring for one of them.
    [[nodiscard]] std::unique_ptr<sched::scheduler> start(const sched::tuning& rules) {
        try {
            return std::make_unique<sched::scheduler>(layout(rules), *this);
        } catch (const std::system_error& error) {
            if (!drivers::falls_back(wanted_, driver_, error)) throw;
        }
        // Before the workers are made anew, whose drivers are made by this.
        driver_ = driver_kind::epoll;
        return std::make_unique<sched::scheduler>(layout(rules), *this);
    }

    [[nodiscard]] sched::scheduler_options layout(const sched::tuning& rules) const noexcept {
        return {.workers = *options_.workers,
                .on_calling_thread = options_.on_calling_thread,
                .pinning = options_.pin,
                .resources = fibers_.get(),
                .clock = options_.clock,
                .measures = measures(),
                .records = *options_.task_records || options_.trace_bytes != 0,
                .trace_records = std::bit_floor(options_.trace_bytes) / sizeof(sched::trace_record),
                .tuning = rules};
    }

    [[nodiscard]] bool measures() const noexcept {
        return options_.metrics && options_.clock == nullptr && base::baton::here() == nullptr;
    }

    // Jobs come from tasks of the scheduler alone, so it lives when one ends.
    [[nodiscard]] std::function<void()> when_idle() {
        if (options_.clock == nullptr) return {};
        return [this] { scheduler_->keeper()->look_again(); };
    }

    // From a signal handler, so nothing here allocates or takes a lock.
    static stackful::running_fiber describe_fiber(void*) noexcept {
        stackful::running_fiber now;
        const auto* const fiber = stackful::fiber::current();
        if (fiber == nullptr) return now;
        now.stack = fiber->stack();
        if (const detail::task_label* const label = fiber->label()) {
            now.name = label->name().c_str();
            now.spawn_file = label->place().file_name();
            now.spawn_line = label->place().line();
        }
        return now;
    }

    const frame_user frames_;  // First, so that it ends last.
    const driver_kind wanted_;
    const runtime_options options_;
    driver_kind driver_;  // Fixed before any worker runs a task.
    const std::unique_ptr<stackful::fiber_home, void (*)(stackful::fiber_home*) noexcept> fibers_;
    std::vector<std::unique_ptr<stackful::overflow_watch>> watches_;
    std::vector<drivers::io_counts> io_counts_;  // Of each worker; none where nothing is measured.
    std::unique_ptr<sched::blocking_pool> blocking_;
    std::unique_ptr<sched::scheduler> scheduler_;
    std::optional<dump::signal_watch> signal_watch_;
    std::optional<stall::monitor> monitor_;
};

runtime::runtime(runtime_options options) : runtime{std::move(options), sched::tuning{}} {}

runtime::runtime(runtime_options options, const sched::tuning& rules)
    : parts_{std::make_unique<parts>(std::move(options), rules)} {}

runtime::~runtime() {
    // In a forked child there are no threads to end, and what they hold is the parent's.
    if (parts_ != nullptr && !parts_->scheduler().is_ours()) (void)parts_.release();
    if (parts_ != nullptr) parts_->end_tasks();
}

shutdown_report runtime::shutdown(std::chrono::steady_clock::time_point deadline) {
    const auto until = deadline == std::chrono::steady_clock::time_point::max() ? base::never : base::to_ns(deadline);
    constexpr std::size_t max_described = 1'000;
    if (!scheduler().drains_here())
        throw std::logic_error{"shutdown() of a runtime on another thread than its calling thread; call it there"};
    const bool drained = scheduler().drain(until);
    // After the tasks: they start such calls, and a call that runs cannot be cancelled.
    const std::size_t calls = parts_->blocking().wait_idle(deadline);
    if (drained) return shutdown_report{0, calls};
    std::vector<task_description> left = scheduler().survivors(max_described);
    return shutdown_report{scheduler().live(), calls, std::move(left)};
}

void runtime::settle() {
    sched::time_keeper* const keeper = scheduler().keeper();
    if (keeper == nullptr)
        throw std::logic_error{"settle() on the real clock; give the runtime a simulated_clock in its options"};
    // Both would wait for their own end.
    if (const sched::worker* const here = detail::this_thread().worker;
        here != nullptr && &here->owner() == &scheduler())
        throw std::logic_error{"settle() in a task of the runtime that is to settle; call it on a plain thread"};
    if (detail::this_thread().pool == &parts_->blocking())
        throw std::logic_error{
            "settle() in a blocking job of the runtime that is to settle; call it on a plain thread"};
    keeper->settle();
}

runtime_stats runtime::stats() const { return (void)scheduler(), parts_->stats(); }
runtime_metrics runtime::metrics() const { return (void)scheduler(), parts_->metrics(); }
runtime_metrics runtime::metrics_of(sched::scheduler& of) { return static_cast<const parts&>(of.parts()).metrics(); }
runtime_trace runtime::trace() const { return trace::collect(scheduler()); }
runtime_dump runtime::dump() const { return dump::assembly{scheduler()}.take(); }
std::uint32_t runtime::workers() const noexcept { return scheduler().workers(); }
driver_kind runtime::driver() const noexcept { return parts_->driver(); }
sched::scheduler& runtime::scheduler() const noexcept {
    sched::scheduler& all = parts_->scheduler();
    // A forked child has none of the workers' threads, so nothing that it asked for would ever happen.
    BIFILAR_CHECK(all.is_ours(), base::used_in_forked_child);
    return all;
}

sched::blocking_pool& detail::blocking_pool_of(sched::scheduler& of) { return runtime::blocking_pool_of(of); }

sched::blocking_pool& runtime::blocking_pool_of(sched::scheduler& of) {
    // Schedulers with tasks that include this header are made by runtimes alone.
    return static_cast<parts&>(of.parts()).blocking();
}

namespace {

[[noreturn, gnu::noinline]] void refuse_outside(const char* caller, const char* instead) {
    throw std::logic_error{std::string{caller} + "() outside of a runtime's task; " + instead};
}

}  // namespace

runtime_metrics this_runtime::metrics() {
    return runtime::metrics_of(detail::current_scheduler("this_runtime::metrics", "call runtime::metrics"));
}

runtime_dump this_runtime::dump() {
    return dump::assembly{detail::current_scheduler("this_runtime::dump", "call runtime::dump")}.take();
}

runtime_trace this_runtime::trace() {
    return trace::collect(detail::current_scheduler("this_runtime::trace", "call runtime::trace"));
}

sched::scheduler& detail::current_scheduler(const char* caller, const char* instead) {
    sched::worker* const here = detail::this_thread().worker;
    if (here == nullptr) [[unlikely]]
        refuse_outside(caller, instead);
    return here->owner();
}

}  // namespace bifilar
