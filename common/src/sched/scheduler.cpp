// Start, drain and stop of a scheduler, and the two ways in for threads that are not its workers.
// The order of a drain: halt, visit and cancel all tasks, run until none is left.
#include <bifilar/sched/detail/scheduler.hpp>

#include "runtime_registry.hpp"
#include <bifilar/base/detail/assert.hpp>
#include <bifilar/base/detail/stay_loaded.hpp>
#include <bifilar/local/detail/local_store.hpp>
#include <bifilar/memory/detail/frame_pool.hpp>
#include <bifilar/sched/detail/task_record.hpp>

#include <algorithm>
#include <optional>
#include <pthread.h>
#include <stdexcept>

namespace bifilar::sched {
namespace {

constinit runtime_registry runtimes;

}  // namespace

scheduler* scheduler::of(const detail::task_header& task) noexcept { return runtimes.find(task.state_.owner()); }

scheduler* scheduler::enter(std::uint32_t id, std::optional<visit>& inside) noexcept {
    scheduler* found = nullptr;
    runtimes.enter(id, inside, found);
    return found;
}

bool scheduler::report(const detail::task_header& task, std::exception_ptr error, std::uint32_t serial) noexcept {
    std::optional<visit> inside;
    scheduler* const owner = enter(task.state_.owner(), inside);
    // The number may be another runtime's by now.
    if (owner == nullptr || owner->serial() != serial) return false;
    owner->parts_.detached_exception(name_of(task), std::move(error));
    return true;
}

scheduler::scheduler(const scheduler_options& options, environment& parts)
    : tuning_{checked(options.tuning)},
      parts_{parts},
      resources_{options.resources},
      owner_id_{runtimes.add(*this)},
      serial_{runtimes.next_serial()},
      clock_{options.clock},
      measures_{options.measures && simulation_ == nullptr && options.clock == nullptr},
      records_{options.records && simulation_ == nullptr},
      trace_records_{records_ ? options.trace_records : 0},
      idle_{options.workers} {
    base::stay_loaded();
    // Once in the process, for all runtimes.
    [[maybe_unused]] static const int watched = ::pthread_atfork(nullptr, nullptr, &worker::stop_after_fork);
    try {
        if (simulation_ != nullptr) enter_simulation(options);
        if (clock_ != nullptr) keeper_ = std::make_unique<time_keeper>(*this, *clock_);
        make_workers(options);
        if (options.on_calling_thread)
            lent_ = std::make_unique<calling_thread>(*workers_.front());
        else
            start_threads();
        if (keeper_ != nullptr) keeper_->start();
    } catch (...) {
        runtimes.remove(owner_id_);
        throw;
    }
}

void scheduler::make_workers(const scheduler_options& options) {
    const worker_layout layout = lay_out_workers(options.workers, options.pinning);
    if (options.pinning != pin::none) pin_masks_ = layout.cpus;
    // Each worker sizes by the capacity what it keeps of the others.
    workers_.reserve(options.workers);
    for (std::uint32_t index = 0; index < options.workers; ++index)
        workers_.push_back(
            std::make_unique<worker>(*this, index, ordered(layout.victims[index], index, tuning_.victims)));
}

void scheduler::start_threads() {
    std::exception_ptr failed;
    threads_.reserve(workers_.size());  // A thread that found no room here would end the process.
    try {
        for (const auto& each : workers_)
            threads_.push_back(base::make_thread(base::baton::role::worker, [&one = *each] { one.thread_main(); }));
    } catch (...) {
        failed = std::current_exception();
    }
    {
        std::unique_lock lock{mutex_};
        // Where a thread could not be made, those before it are waited for as well: they have to be stopped and joined.
        changed_.wait(lock, [&] { return ready_workers_ == threads_.size(); });
        if (failed == nullptr) failed = start_error_;
    }
    if (failed == nullptr) return;
    move_to(phase::stopping);
    for (base::thread& thread : threads_) base::join_thread(thread);
    std::rethrow_exception(failed);
}

void scheduler::worker_ready(std::exception_ptr error, const std::string& pin_problem) noexcept {
    std::unique_lock lock{mutex_};
    ++ready_workers_;
    if (error != nullptr) start_error_ = error;
    pin_report_ += pin_problem;
    changed_.notify_all();
    // Nobody steals before all are there; a worker whose start failed leaves at once.
    changed_.wait(lock,
                  [&] { return error != nullptr || ready_workers_ == workers_.size() || now() == phase::stopping; });
}

scheduler::~scheduler() {
    (void)drain(base::never);
    move_to(phase::stopping);
    for (base::thread& thread : threads_) base::join_thread(thread);
    lent_.reset();
    // Before the workers go, because a move of time would unpark them.
    if (keeper_ != nullptr) keeper_->stop();
    // No thread finds this runtime any more; those that found it before are waited for.
    runtimes.remove(owner_id_);
    // Pairs with visit; such a thread is a few instructions from its end.
    while (visitors_.load(base::acquire) != 0) base::yield_thread();
}

void task_place::publish(detail::task_core& task, detail::task_owner owner) const noexcept {
    if (word_ != nullptr) {
        // Pairs with the environment's visit_tasks; so that the task is seen whole.
        word_->store(&task, base::release);
        return;
    }
    const auto before = static_cast<std::byte*>(in_pool_) - reinterpret_cast<std::byte*>(&task);
    detail::mark_task(in_pool_, owner, static_cast<std::size_t>(before));
}

void scheduler::start(detail::task_core& task, task_place place, const start_options& how) {
    const detail::thread_state& here = detail::this_thread();
    worker* const own = here.worker;
    const bool inside = own != nullptr && &own->owner() == this;
    const bool is_plain = how.worker == any_worker && detail::running_locals(here) == nullptr;
    if (!inside || !is_plain || cares_for_starts_) [[unlikely]]
        return start_with_care(task, place, how);
    // Counted before it can run: live() relies on no end that comes before its beginning.
    own->count_spawn();
    task.state_.set_owner(owner_id_);
    place.publish(task, owner_id_);
    own->push_front(task);
}

[[gnu::noinline]] void scheduler::start_with_care(detail::task_core& task, task_place place, const start_options& how) {
    if (how.worker != any_worker && how.worker >= workers()) [[unlikely]]
        throw std::invalid_argument{"spawn_options::worker is " + std::to_string(how.worker) +
                                    ", and the runtime has " + std::to_string(workers()) + "; give 0 to " +
                                    std::to_string(workers() - 1)};
    std::unique_ptr<task_record> record = records_ ? task_record::make() : nullptr;
    std::unique_ptr<detail::local_store> locals;
    if (detail::running_locals(detail::this_thread()) != nullptr && how.inherits_locals) [[unlikely]]
        locals = detail::locals_for_child(detail::this_thread());  // User code runs here.
    worker* const here = detail::this_thread().worker;
    const bool inside = here != nullptr && &here->owner() == this;
    if (!inside) {
        if (simulation_ != nullptr) [[unlikely]]
            refuse_foreign();
        // seq_cst: pairs with halt_and_cancel; either it waits for this start, or this thread sees the phase.
        starting_outside_.fetch_add(1, base::seq_cst);
        if (now() != phase::running && refuses_starts()) [[unlikely]] {
            starting_outside_.fetch_sub(1, base::release);  // Pairs with halt_and_cancel; nothing was started.
            throw std::logic_error{"spawn on a runtime that has been shut down; spawn before shutdown()"};
        }
        spawned_outside_.fetch_add(1, base::relaxed);  // Relaxed: the counter above orders it.
    } else {
        here->count_spawn();
        // A task that starts while its runtime ends is cancelled at birth.
        if (cancels_births_) [[unlikely]]
            (void)task.state_.request_cancel();
    }
    if (births_ != nullptr) (*births_)[&task] = ++born_;
    task.state_.set_owner(owner_id_);
    if (record != nullptr) task_record::attach(std::move(record), task);
    // Above the record, because the task loses them before.
    if (locals != nullptr) detail::local_store::attach(std::move(locals), task);
    // From here on the task may be visited, and nothing below throws: it ends as tasks end.
    place.publish(task, owner_id_);
    if (how.worker != any_worker)
        workers_[how.worker]->post(task);
    else if (inside)
        here->push_front(task);
    else
        inject(task);
    if (inside) return;
    starting_outside_.fetch_sub(1, base::release);  // Pairs with halt_and_cancel; so that it sees the mark.
}

// A thread from outside has found the runtime not running. False once it runs again: only a look for a deadlock was
// under way, which waits for no start.
bool scheduler::refuses_starts() noexcept {
    std::unique_lock lock{mutex_};
    // Relaxed: written before the phase of halting, which was seen.
    changed_.wait(lock, [this] { return now() != phase::halting || !looks_.load(base::relaxed); });
    return now() != phase::running;
}

void scheduler::inject(detail::task_header& task) noexcept {
    if (simulation_ != nullptr) [[unlikely]]
        check_waker();
    const visit inside{*this};
    global_.push(task);
    notify_others(nullptr);
}

void scheduler::notify_others(worker_counters* counters) noexcept {
    base::fence_seq_cst();  // Pairs with the fence in worker::sleep; see idle_set.
    const auto sleeper = idle_.claim();
    if (!sleeper) return;
    if (counters != nullptr) counters->wakes.add();
    workers_[*sleeper]->unpark();
}

void scheduler::move_to(phase next) noexcept {
    {
        const std::lock_guard guard{mutex_};
        // seq_cst: pairs with worker::sleep; a worker sees the phase or is seen asleep and is woken below.
        phase_.store(next, base::seq_cst);
        still_workers_ = 0;
        if (next == phase::halting) ++halts_;
    }
    changed_.notify_all();
    for (const auto& each : workers_)
        // None: the start of this worker has failed.
        if (each->parker_ != nullptr) each->unpark();
}

void scheduler::stand_still(detail::parker& driver) noexcept {
    constexpr std::chrono::milliseconds between_looks{1};
    std::unique_lock lock{mutex_};
    // A second drain may halt again before this thread has left the first halt; it is then counted once more.
    while (now() == phase::halting) {
        const std::uint64_t halt = halts_;
        ++still_workers_;
        changed_.notify_all();
        // The last run of another worker may wait for an operation in this one's ring to be cancelled. Events only
        // queue tasks here, which those who visit them do not mind.
        while (!changed_.wait_for(lock, between_looks, [&] { return now() != phase::halting || halts_ != halt; })) {
            ++polling_;
            lock.unlock();
            driver.poll();
            lock.lock();
            if (--polling_ == 0) changed_.notify_all();
        }
    }
}

// Whether no task is left, which is told to those who wait for it.
bool scheduler::report_drained() noexcept {
    // Pairs with itself on the other workers: of two that finish at once, one sees both counts.
    base::fence_seq_cst();
    if (live() != 0) return false;
    // Under the mutex, so that the notice does not come between a waiter's look and its sleep.
    const std::lock_guard guard{mutex_};
    changed_.notify_all();
    return true;
}

std::uint64_t scheduler::live() const noexcept {
    // Ends before beginnings: when both sums agree, every task begun by then had ended, and ended tasks spawn nothing.
    std::uint64_t completed = 0;
    for (const auto& each : workers_) completed += each->counters_.completed.get();
    // Relaxed: an end that was counted above brings its beginning.
    std::uint64_t spawned = spawned_outside_.load(base::relaxed);
    for (const auto& each : workers_) spawned += each->counters_.spawned.get();
    return spawned - completed;
}

namespace {

// "never" is 292 years from the clock's start: waiting until then is waiting without a limit.
base::steady::time_point time_point_of(base::instant_ns deadline) noexcept {
    constexpr base::instant_ns centuries = base::never / 2;
    return base::steady::time_point{std::chrono::nanoseconds{std::min(deadline, centuries)}};
}

}  // namespace

template <class Condition>
bool scheduler::wait_for_change(std::unique_lock<base::thread_mutex>& lock, base::instant_ns deadline, Condition met) {
    if (deadline != base::never) return changed_.wait_until(lock, time_point_of(deadline), met);
    changed_.wait(lock, met);
    return true;
}

bool scheduler::drain(base::instant_ns deadline) noexcept {
    BIFILAR_CHECK(detail::this_thread().worker == nullptr || &detail::this_thread().worker->owner() != this,
                  "a runtime was shut down by one of its own tasks; return from the body of run instead");
    BIFILAR_CHECK(drains_here(), "a runtime on its calling thread was ended by another; end it where it was made");
    {
        // For the halt and the visit alone. Several threads may wait for the ends, each until its own deadline.
        const std::unique_lock one_at_a_time{drain_mutex_, time_point_of(deadline)};
        if (!one_at_a_time.owns_lock()) return false;
        if (!halt_and_cancel(deadline)) return false;
        move_to(phase::draining);
    }
    if (lent_ != nullptr) {
        lent_->drain(deadline);
        return live() == 0;
    }
    std::unique_lock lock{mutex_};
    return wait_for_change(lock, deadline, [&] { return live() == 0; });
}

// False when a task ran on until the deadline: then nothing was cancelled.
bool scheduler::halt_and_cancel(base::instant_ns deadline) noexcept {
    // A task that runs on keeps its worker from halting; the others go on meanwhile, in slices.
    // The slices grow, because many workers on a loaded machine take long to come to a stand.
    constexpr std::chrono::nanoseconds longest_slice{80'000'000};
    for (std::chrono::nanoseconds slice{10'000'000}; !halt(std::min(deadline, base::after(base::now_ns(), slice)));
         slice = std::min(2 * slice, longest_slice)) {
        move_to(cancels_births_ ? phase::draining : phase::closing);
        const base::instant_ns now = base::now_ns();
        if (now >= deadline) return false;
        base::sleep_thread(std::min(slice, std::chrono::nanoseconds{deadline - now}));
    }
    // Pairs with start; no task of ours appears any more once this is zero.
    while (starting_outside_.load(base::seq_cst) != 0) base::yield_thread();
    cancels_births_ = cares_for_starts_ = true;
    wake_batch batch;  // Schedules at the end of this function, when the visit is over.
    visit_tasks(
        [](detail::task_header& task, void* claimed) noexcept {
            if (task.state_.request_cancel() == detail::wake_result::schedule)
                static_cast<wake_batch*>(claimed)->add_claimed(task);
        },
        &batch);
    return true;
}

bool scheduler::halt(base::instant_ns deadline) noexcept {
    move_to(phase::halting);
    if (lent_ != nullptr) return true;  // It is here, and not at work.
    std::unique_lock lock{mutex_};
    return wait_for_change(lock, deadline, [&] { return still_workers_ == workers_.size(); });
}

std::vector<task_description> scheduler::survivors(std::size_t most) noexcept {
    const base::instant_ns deadline = base::after(base::now_ns(), std::chrono::milliseconds{10});
    std::vector<task_description> found;
    // Before the halt. The visit adds no more than there is room for.
    found.reserve(std::min<std::uint64_t>(most, live()));
    const std::unique_lock one_at_a_time{drain_mutex_, time_point_of(deadline)};
    if (!one_at_a_time.owns_lock()) return found;
    const phase before = now();
    if (halt(deadline))
        visit_tasks(
            [](detail::task_header& task, void* argument) noexcept {
                auto& into = *static_cast<std::vector<task_description>*>(argument);
                if (into.size() != into.capacity()) into.push_back(describe(task, !task.state_.is_claimed()));
            },
            &found);
    else
        describe_running(found);
    move_to(before);
    return found;
}

// Workers whose tasks run on cannot be stopped; their tasks' names are looked up by address.
void scheduler::describe_running(std::vector<task_description>& found) const {
    for (const auto& each : workers_) {
        // Relaxed: compared, not looked into.
        const detail::task_header* const task = each->state_->task.load(base::relaxed);
        if (task == nullptr || found.size() == found.capacity()) continue;
        const detail::task_label label = label_at(task);
        found.push_back({label.name(), label.place(), {}, false, {}});
    }
}

runtime_stats scheduler::stats() const {
    runtime_stats all;
    for (const auto& each : workers_) all.workers.push_back(each->counters_.read());
    all.spawned_outside = spawned_outside_.load(base::relaxed);  // Relaxed: as in live.
    all.frame_bytes = detail::frame_pool_bytes();
    // Read at two moments, between which a trim may come.
    all.unused_frame_bytes = std::min<std::uint64_t>(detail::unused_frame_bytes(), all.frame_bytes);
    return all;
}

void start(scheduler& on, detail::task_core& task, task_place place, const start_options& how) {
    on.start(task, place, how);
}

void schedule(detail::task_header& task) noexcept { scheduler::schedule(task); }

scheduler* scheduler_of(const detail::task_header& task) noexcept { return scheduler::of(task); }

detail::task_owner owner_id_of(const scheduler& which) noexcept { return which.owner_id(); }

std::uint32_t serial_of(const scheduler& which) noexcept { return which.serial(); }

spawn_resources* resources_of(const scheduler& which) noexcept { return which.resources(); }

}  // namespace bifilar::sched
