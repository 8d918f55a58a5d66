// Whether all tasks of a runtime wait, and nothing can wake one. First a cheap suspicion of the worker that falls
// asleep last; when that stands for a while, the threads that wait in join() are asked, and one of them looks exactly.
//
// The look is exact because it counts threads before it looks at anything else. When the process has no more threads
// than the runtime's workers, its idle blocking threads, those that wait in join() for its unfinished tasks and those
// that wake nobody, then whatever another thread has done came before, and is seen by the looks that follow; and nobody
// can make a thread any more but tasks. Workers stand still between two tasks then, and look at no events, so that no
// task is in anybody's hands. A thread that is just ending still counts, and then nothing is said.
#include <bifilar/base/detail/thread_count.hpp>
#include <bifilar/sched/detail/blocking_pool.hpp>
#include <bifilar/sched/detail/scheduler.hpp>
#include <bifilar/sched/detail/worker.hpp>
#include <bifilar/task/detail/join_watch.hpp>
#include <bifilar/task/task_visitor.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <new>

namespace bifilar::sched {
namespace {

// What fits into a line: the model, and the type of what is waited on.
class first_wait final : public task_visitor {
public:
    first_wait(task_description& into, bool waits) noexcept : into_{into}, waits_{waits} {}

    extent visit_model(std::string_view model) noexcept override {
        into_.model = model;
        return waits_ ? extent::waits : extent::model;
    }
    void visit_wait(std::string_view type, std::span<const wait_fact>) noexcept override { note(type); }
    void begin_arms(std::string_view type, arms) noexcept override { note(type); }
    void visit_frame(const void*, const std::source_location&) noexcept override {}
    void visit_stack(const parked_stack&, const std::source_location&) noexcept override {}
    void next_arm() noexcept override {}
    void end_arms() noexcept override {}

private:
    void note(std::string_view type) noexcept {
        if (into_.waits_on.empty()) into_.waits_on = type;
    }

    task_description& into_;
    const bool waits_;
};

}  // namespace

// Of the worker that is about to sleep for ever, with its timers out of the way: when it had better look again; never:
// there is nothing to suspect. Simulated timers are out of its sight here, and seen by the look itself.
[[gnu::noinline]] base::instant_ns worker::suspect_deadlock() noexcept {
    // A look stops all workers for a moment, so it comes after some silence. And again, ever more seldom, as long as
    // that lasts: threads that might have woken somebody may have ended since.
    constexpr base::instant_ns silence_ns = 20'000'000;
    constexpr base::instant_ns longest_pause_ns = 60'000'000'000;
    // Between what this worker has told of its sleep and the looks that follow. Pairs with itself on the other workers:
    // the last one sees that all of them sleep, and until when; and with join_begins: that one sees it too, or the last
    // worker sees the join.
    base::fence_seq_cst();
    if (!detail::join_watch::any() || owner_.idle_.idle() != owner_.workers()) return base::never;
    std::uint64_t polled = 0;
    for (const auto& each : owner_.workers_) {
        if (each->sleeps_until_.load(base::relaxed) != base::never) return base::never;  // Relaxed: behind the fence.
        if (owner_.parts_.awaits_events(*each->parker_)) return base::never;
        polled += each->counters_.polled.get();
    }
    // Relaxed, all: see quiet_polled_.
    const base::instant_ns now = base::now_ns();
    if (owner_.quiet_polled_.exchange(polled, base::relaxed) != polled) {
        owner_.quiet_since_ns_.store(now, base::relaxed);
        owner_.ask_at_ns_.store(now + silence_ns, base::relaxed);
    }
    const base::instant_ns due = owner_.ask_at_ns_.load(base::relaxed);
    if (now < due) return due;
    const base::instant_ns quiet_ns = now - owner_.quiet_since_ns_.load(base::relaxed);
    const base::instant_ns next = now + std::min(2 * quiet_ns, longest_pause_ns);
    owner_.ask_at_ns_.store(next, base::relaxed);
    if (!owner_.parts_.blocks()) (void)detail::join_watch::ask(owner_.owner_id_);
    return next;
}

// While it stands still: whether it has no task to run, and will have none by itself.
bool worker::rests() noexcept {
    return !work_here() && inbox_.empty() && timers_.next_deadline() == base::never &&
           !owner_.parts_.awaits_events(*parker_);
}

void scheduler::join_begins() noexcept {
    quiet_polled_.store(unknown, base::relaxed);  // Relaxed: see there.
    base::fence_seq_cst();                        // Pairs with suspect_deadlock.
    if (lent_ == nullptr && idle_.idle() == workers()) workers_.front()->unpark();
}

// Whether the process has no threads but the workers, idle ones of the blocking pool, and those that wait in join().
bool scheduler::is_alone() noexcept {
    const std::size_t joins = detail::join_watch::count(owner_id_, lent_.get());
    if (joins == 0) return false;
    const std::size_t others = threads_.size() + joins + parts_.quiet_threads();
    const blocking_pool* const pool = parts_.pool();
    const bool alone =
        pool != nullptr ? pool->rests_with(others) : base::has_no_threads_but(others) && !parts_.blocks();
    // What another thread did before it ended is seen by the looks that follow: the kernel has counted it off since.
    base::fence_seq_cst();
    return alone;
}

bool scheduler::nothing_can_wake() noexcept {
    if (!is_alone()) return false;
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return polling_ == 0; });
    return global_.size() == 0 && std::ranges::all_of(workers_, [](const auto& each) { return each->rests(); });
}

// In a simulation, which knows: every thread waits, and no task is in anybody's hands.
std::vector<task_description> scheduler::find_simulated_deadlock(std::size_t most) {
    std::vector<task_description> found;
    if (!simulation_->take_all_wait()) return found;
    found.reserve(std::min<std::uint64_t>(most, live()));
    visit_tasks(&describe_one, &found);
    return found;
}

task_description scheduler::describe(const detail::task_header& task, bool parked) {
    task_description made;
    const detail::task_label label = label_at(&task);
    made.name = label.name();
    made.spawned_at = label.place();
    made.parked = parked;
    first_wait into{made, parked};
    if (task.kind_->describe != nullptr) task.kind_->describe(task, into);
    return made;
}

// A task that has no room left in the list of descriptions is passed over.
void scheduler::describe_one(detail::task_header& task, void* argument) noexcept {
    auto& into = *static_cast<std::vector<task_description>*>(argument);
    if (into.size() == into.capacity()) return;
    try {
        into.push_back(describe(task, true));
    } catch (const std::bad_alloc&) {
        into.emplace_back();  // A task all the same, of which nothing can be said.
    }
}

std::vector<task_description> scheduler::find_deadlock(std::size_t most, detail::join_watch& asks) {
    if (simulation_ != nullptr) return find_simulated_deadlock(most);
    const std::unique_lock one_at_a_time{drain_mutex_, std::try_to_lock};
    if (!drains_here() || !one_at_a_time.owns_lock() || now() != phase::running) return {};
    // Asked before as well, so that no worker is held up where other threads exist.
    if (!is_alone()) return {};
    looks_.store(true, base::relaxed);  // Relaxed: the phase that follows publishes it.
    bool stuck = halt(base::after(base::now_ns(), std::chrono::milliseconds{100})) && nothing_can_wake();
    if (stuck)
        visit_tasks(
            [](detail::task_header& task, void* argument) noexcept {
                if (task.state_.is_claimed()) *static_cast<bool*>(argument) = false;
            },
            &stuck);
    std::vector<task_description> found;
    std::exception_ptr failed;
    // Not before: a suspicion that is wrong allocates nothing. From here on the thread is one that may wake tasks, and
    // others that look after it know.
    if (stuck) {
        asks.leave();
        try {
            found.reserve(std::min<std::uint64_t>(most, live()));
        } catch (...) {
            failed = std::current_exception();
        }
        visit_tasks(&describe_one, &found);
    }
    move_to(phase::running);
    looks_.store(false, base::relaxed);  // Relaxed: drain_mutex_ brings it to whoever halts next.
    if (failed != nullptr) std::rethrow_exception(std::move(failed));
    return found;
}

}  // namespace bifilar::sched
