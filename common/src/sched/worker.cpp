// The worker's loop, read from top to bottom: run what is there, look elsewhere, sleep.
// Every function below is noexcept; bodies keep their exceptions in their outcomes.
#include <bifilar/sched/detail/worker.hpp>

#include "sync/held_mutexes.hpp"
#include <bifilar/base/detail/assert.hpp>
#include <bifilar/base/detail/asymmetric_fence.hpp>
#include <bifilar/base/detail/exception_globals.hpp>
#include <bifilar/local/detail/local_store.hpp>
#include <bifilar/sched/detail/scheduler.hpp>

#include <algorithm>
#include <atomic>
#include <optional>
#include <string>
#include <unistd.h>

namespace bifilar::sched {
namespace {

constexpr std::uint32_t first_global_interval = 64;  // Until the average says something.

}  // namespace

worker::worker(scheduler& owner, std::uint32_t index, std::vector<std::vector<std::uint32_t>> victims)
    : owner_{owner},
      owner_id_{owner.owner_id()},
      index_{index},
      simulation_{owner.simulation_},
      alone_{owner.workers_.capacity() == 1},
      victims_{std::move(victims)},
      random_start_{owner.tuning_.victims != victim_order::in_order},
      clock_{owner.clock_},
      metrics_{owner.measures_ ? std::make_unique<worker_metrics>() : nullptr},
      trace_{owner.trace_records_ != 0 ? std::make_unique<trace_ring>(owner.trace_records_) : nullptr},
      timers_{clock_ == nullptr ? detail::timer_queue::precision::tick : detail::timer_queue::precision::exact},
      random_{index + 1},
      max_lifo_runs_{owner.tuning_.max_lifo_runs},
      keeps_newest_{alone_ || owner.has_fences_},
      fixed_global_interval_{owner.tuning_.fixed_global_interval},
      global_interval_tasks_{fixed_global_interval_ != 0 ? fixed_global_interval_ : first_global_interval},
      until_global_{global_interval_tasks_},
      spin_policy_{owner.tuning_.waiting, owner.tuning_.longest_wait_pauses},
      sightings_(owner.workers_.capacity()),
      queue_{owner.tuning_.ring_slots, owner.tuning_.max_stolen, owner.tuning_.grown_ring_slots} {
    if (metrics_ != nullptr) timers_.measure(metrics_->timers());
}

void worker::thread_main() {
    detail::thread_state& here = detail::this_thread();
    std::string pin_problem;
    std::exception_ptr error;
    try {
        if (!owner_.pin_masks_.empty()) pin_problem = pin_this_thread(owner_.pin_masks_[index_]);
        begin_here();
    } catch (...) {
        error = std::current_exception();
    }
    here.sleeps_in = parker_.get();
    here.timers = &timers_;
    here.clock = clock_;
    // Choices between arms repeat; in a simulation each is a decision of its own.
    if (clock_ != nullptr && simulation_ == nullptr) here.random = index_ + 1;
    owner_.worker_ready(error, pin_problem);
    if (error == nullptr) {
        loop();
        end_here();
    }
    here.worker = nullptr;
    here.sleeps_in = nullptr;
    here.timers = nullptr;
    here.clock = nullptr;
}

void worker::begin_here() {
    measure_stack();
    state_ = &detail::this_thread();
    thread_id_ = ::gettid();
    state_->exceptions = &base::thread_exceptions();
    state_->worker = this;  // Drivers ask whose they are.
    state_->runtime_serial = owner_.serial();
    parker_ = owner_.parts_.make_parker(index_);
    owner_.parts_.thread_starts(index_);
}

void worker::end_here() noexcept {
    owner_.parts_.thread_ends(index_);
    parker_->leave();
}

void worker::loop() noexcept {
    if (simulation_ != nullptr) return loop_on<loop_kind::simulated>();
    metrics_ == nullptr ? loop_on<loop_kind::usual>() : loop_on<loop_kind::measured>();
}

template <worker::loop_kind Kind>
void worker::loop_on() noexcept {
    state_->control = base::thread_control_words();
    begin_nesting();
    tick_began_ns_ = base::now_ns();
    if constexpr (Kind == loop_kind::simulated) until_tick_ = tick_tasks_ = 1;  // A tick before each task.
    // Relaxed: what comes with the call is the waker's affair.
    while (!called_back_.load(base::relaxed)) {
        detail::task_header* task = next();
        if (task == nullptr) task = search();
        if (task != nullptr) {
            if constexpr (Kind == loop_kind::measured) {
                if (queue_probe* const probe = queue_probe::of(*task)) [[unlikely]] {
                    end_probe(*probe);
                    continue;
                }
            }
            if (searching_ || watches_) [[unlikely]]
                take_up_work();
            if constexpr (Kind == loop_kind::simulated) note_run(*task);
            if constexpr (Kind == loop_kind::measured) {
                if (metrics_->is_due()) [[unlikely]] {
                    const base::instant_ns began = base::now_ns();
                    run(*task);
                    end_timed(began);
                    continue;
                }
            }
            run(*task);
            continue;
        }
        ending_ = 0;
        switch (owner_.now()) {
            case scheduler::phase::running:
            case scheduler::phase::closing:
                break;
            case scheduler::phase::halting:
                owner_.stand_still(*parker_);
                continue;
            case scheduler::phase::draining:
                if (owner_.report_drained() && owner_.lent_ != nullptr && owner_.lent_->drains()) return;
                break;
            case scheduler::phase::stopping:
                return;  // Nobody relies on its search: no task is left.
        }
        if (lent_until_ns_ != base::never && base::now_ns() >= lent_until_ns_) return;
        sleep();
    }
}

[[gnu::always_inline]] inline void worker::run(detail::task_header& task) noexcept {
    context cx{task, task.state_.begin_run(), this};
    next_share_ = first_share;
    nesting_since_ns_ = 0;
    until_nesting_look_ = 2;  // Whoever joins one child only pays for no look at the clock.
    if (poll(task, cx, nullptr)) complete_task(static_cast<detail::task_core&>(task));
    // From here on a parked task may be anybody's.
}

// True when the body has ended and complete_task is due. `outer` is the task whose poll this happens in.
[[gnu::always_inline]] inline bool worker::poll(detail::task_header& task, context& cx,
                                                detail::task_header* outer) noexcept {
    // In this order, for whoever stops this thread: as long as the number is the same and the task is this one, it is
    // this poll; see stall::monitor.
    counters_.polled.add();
    std::atomic_signal_fence(std::memory_order_release);
    state_->task.store(&task, base::relaxed);  // Relaxed, each time: see thread_state.
    [[maybe_unused]] const int held = detail::held_mutexes();
    const detail::run_result answer = task.kind_->run(task, cx);
    if (answer == detail::run_result::done) {
        if (task.kind_->locals != nullptr) [[unlikely]]
            // Their destructors still run as a part of the task.
            detail::end_locals(task);
        state_->task.store(outer, base::relaxed);
        counters_.completed.add();
        return true;
    }
    if (detail::held_mutexes() > held) [[unlikely]]
        base::tell("a task waits while it holds a std::mutex: whoever locks it blocks a worker; use bifilar::mutex");
    state_->task.store(outer, base::relaxed);
    // A yielding task stays claimed: nobody else may queue it, so its state need not be touched.
    if (answer == detail::run_result::queued) return false;
    if (cx.yielding()) {
        // What the run has queued comes first: the newest of it next, as ever, and the rest in front of the task.
        if (!newest_.empty()) [[unlikely]]
            queue_run();
    } else if (task.state_.end_pending() != detail::park_result::again) {
        return false;
    }
    if (task.kind_->requeue == nullptr)
        enqueue(task);
    else
        task.kind_->requeue(task, *this);
    return false;
}

// Whether there is room and time for one more poll inside of the present one.
[[gnu::always_inline]] inline bool worker::may_nest() noexcept {
    if (reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)) < nesting_ends_) [[unlikely]]
        return false;
    if (--until_nesting_look_ != 0) [[likely]]
        return true;
    return goes_on_nesting();
}

// A task that waits for a child that it has made would leave the processor to it in any case. Running it on the spot
// saves the way through the queue, the joiner's wake, and all but one of the locked operations. And children that make
// children run depth first, so that few of them exist at a time.
bool worker::run_nested(detail::task_header& task, context& outer) noexcept {
    if (!may_nest()) return false;
    // Children that are awaited as they were made come out of the ring in their turn; the newest are in the deque.
    if (!queue_.pop(task, alone_) && !newest_.take(task)) return false;
    if (!alone_ && owner_.idle_.wants_work()) [[unlikely]]
        share(true);
    counters_.lifo_hits.add();
    context cx{task, task.state_.begin_run(), this};
    const std::uint32_t siblings = newest_.looks_first();
    const bool ended = poll(task, cx, &outer.task());
    newest_.look_first(siblings);
    if (ended && !task.state_.complete_unshared()) complete_task(static_cast<detail::task_core&>(task));
    return ended;
}

// --- the worker's own queues ---

void worker::push_front(detail::task_header& task) noexcept {
    if (!keeps_newest_ || !newest_.push(task)) [[unlikely]]
        return keep_newest(task);
    // Behind the fence in push: this sees a worker without work, or that one sees the task.
    if (!alone_ && owner_.idle_.wants_work()) [[unlikely]]
        share(false);
}

// There was no room for it, or it may not be kept.
[[gnu::noinline]] void worker::keep_newest(detail::task_header& task) noexcept {
    if (!keeps_newest_) return enqueue(task);
    newest_.make_room([this](detail::task_header& older) { put_in_ring(older); });
    if (!newest_.push(task)) put_in_ring(task);
    if (!alone_) owner_.notify_others(&counters_);
}

void worker::push_back(detail::task_header& task) noexcept { enqueue(task); }

[[gnu::always_inline]] inline void worker::put_in_ring(detail::task_header& task) noexcept {
    if (!queue_.push(task)) [[unlikely]]
        overflow(task);
}

[[gnu::always_inline]] inline void worker::enqueue(detail::task_header& task) noexcept {
    put_in_ring(task);
    if (!alone_) owner_.notify_others(&counters_);
}

void worker::pin_front(detail::task_header& task, const void* wants) noexcept {
    const task_fifo::entry older = std::exchange(pinned_next_, {&task, wants});
    if (older.task != nullptr) pinned_.push(*older.task, older.wants);
}

void worker::pin_back(detail::task_header& task, const void* wants) noexcept { pinned_.push(task, wants); }

void worker::post(detail::task_header& task) noexcept {
    const worker* const here = detail::this_thread().worker;
    std::optional<scheduler::visit> inside;
    if (here == nullptr || &here->owner_ != &owner_) inside.emplace(owner_);
    inbox_.push(task);
    // The push is seq_cst and so is the driver's look at "asleep": either this thread sees the worker asleep, or the
    // worker sees the task in work_in_sight.
    parker_->unpark();
}

[[gnu::noinline]] void worker::overflow(detail::task_header& task) noexcept {
    if (queue_.grow() && queue_.push(task)) return;
    detail::task_header* last = nullptr;
    std::uint32_t count = 0;
    if (detail::task_header* const first = queue_.take_half(last, count)) {
        // The youngest of all, so it goes behind them.
        last->next_ = &task;
        owner_.global_.push_chain(*first, task, count + 1);
        return;
    }
    // A thief has just made room, or is at work: it may have lost its processor meanwhile, and is not waited for.
    if (!queue_.push(task)) owner_.global_.push(task);
}

[[gnu::always_inline]] inline detail::task_header* worker::next() noexcept {
    if (--until_tick_ == 0) [[unlikely]]
        tick();
    if (--until_global_ == 0) [[unlikely]] {
        until_global_ = global_interval_tasks_;
        if (detail::task_header* const task = take_global()) return task;
    }
    if (detail::task_header* const task = take_lifo()) return task;
    if (detail::task_header* const task = take_queued()) return task;
    return owner_.global_.size() != 0 ? take_global() : nullptr;
}

[[gnu::always_inline]] inline detail::task_header* worker::take_lifo() noexcept {
    if (lifo_runs_ >= max_lifo_runs_) [[unlikely]] {
        if (others_queued()) {
            flush_newest();
            return nullptr;
        }
        lifo_runs_ = 0;
    }
    detail::task_header* task = std::exchange(pinned_next_.task, nullptr);
    if (task == nullptr) task = take_newest();
    if (task == nullptr) return nullptr;
    ++lifo_runs_;
    counters_.lifo_hits.add();
    return task;
}

// What the last run has queued: the newest of it runs next, and the rest in the order in which it came.
[[gnu::always_inline]] inline detail::task_header* worker::take_newest() noexcept {
    const std::uint32_t size = newest_.size();
    if (size == 0) return nullptr;
    if (size > 1) [[unlikely]]
        queue_older();
    return newest_.take_newest();
}

[[gnu::noinline]] void worker::queue_older() noexcept {
    if (newest_.take_older([this](detail::task_header& older) { put_in_ring(older); }) != 0) owner_.notify(&counters_);
}

[[gnu::noinline]] void worker::queue_run() noexcept {
    queue_older();
    lifo_runs_ = 0;
}

// Whether anybody waits for the newest tasks to have had enough.
bool worker::others_queued() const noexcept {
    // A pair of pinned tasks always comes before the others.
    const bool both_kinds = pinned_next_.task != nullptr && !newest_.empty();
    return both_kinds || !queue_.empty() || !pinned_.empty() || !inbox_.empty() || owner_.global_.size() != 0;
}

void worker::flush_newest() noexcept {
    if (detail::task_header* const task = std::exchange(pinned_next_.task, nullptr))
        pinned_.push(*task, pinned_next_.wants);
    queue_run();
    if (detail::task_header* const task = newest_.take_newest()) push_back(*task);
}

// Others have nothing to do. They get the older half of what the present run has queued, once in a while: when the ring
// is empty. The newest is left to the end of the run, unless `with_newest`, because two tasks that talk to each other
// would pay for a wake at every turn. As the run may be long, one of the others watches; see newest_watch.
//
// A run that goes on queuing shares ever more at a time: one that feeds another worker small tasks one by one would
// spend more on handing them over than on making them.
[[gnu::noinline]] void worker::share(bool with_newest) noexcept {
    if (newest_.size() >= (with_newest ? 1U : next_share_)) {
        if (!queue_.empty()) return;
        if (!with_newest) next_share_ = std::min(2 * next_share_, max_shared);
        const auto put = [this](detail::task_header& older) { put_in_ring(older); };
        if (newest_.take_half(with_newest, put) != 0) return owner_.notify_others(&counters_);
    }
    if (!with_newest && owner_.idle_.idle() != 0 && !owner_.idle_.watched()) owner_.notify_others(&counters_);
}

[[gnu::always_inline]] inline detail::task_header* worker::take_queued() noexcept {
    if (!inbox_.empty()) [[unlikely]] {
        if (detail::task_header* const task = take_inbox()) return task;
    }
    // In turns, so that neither kind starves the other.
    pinned_turn_ = !pinned_turn_;
    const auto pop = [this] { return alone_ ? queue_.pop_alone() : queue_.pop(); };
    detail::task_header* task = pinned_turn_ ? pinned_.take() : pop();
    if (task == nullptr) task = pinned_turn_ ? pop() : pinned_.take();
    lifo_runs_ = 0;
    return task;
}

[[gnu::noinline]] detail::task_header* worker::take_inbox() noexcept {
    detail::task_header* at = inbox_.take_all();
    while (at != nullptr) {
        detail::task_header* const next = at->next_;
        pinned_.push(*at);
        at = next;
    }
    return pinned_.take();
}

[[gnu::noinline]] detail::task_header* worker::take_global() noexcept {
    const std::size_t waiting = owner_.global_.size();
    if (waiting == 0) return nullptr;
    const std::size_t share = std::clamp<std::size_t>(waiting / owner_.workers(), 4, 64);
    // One is run at once. What does not fit would only be carried back.
    detail::task_header* const first = owner_.global_.take(std::min<std::size_t>(share, queue_.room() + 1));
    if (first == nullptr) return nullptr;
    for (detail::task_header* at = first->next_; at != nullptr;) {
        detail::task_header* const next = at->next_;
        if (!queue_.push(*at)) overflow(*at);
        at = next;
    }
    // Searchers may have looked while these tasks were in nobody's queue.
    if (!queue_.empty()) owner_.notify(&counters_);
    return first;
}

}  // namespace bifilar::sched
