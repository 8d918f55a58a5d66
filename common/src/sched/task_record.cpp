// What happens around a task's runs and wakes when there is a record of it.
#include <bifilar/sched/detail/task_record.hpp>

#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/memory/detail/frame_pool.hpp>
#include <bifilar/sched/detail/trace_ring.hpp>
#include <bifilar/sched/detail/worker.hpp>
#include <bifilar/task/detail/task_label.hpp>
#include <bifilar/task/detail/task_model.hpp>
#include <bifilar/task/detail/thread_state.hpp>

#include <algorithm>
#include <string_view>
#include <utility>

namespace bifilar::sched {
namespace {

base::atomic<task_number> numbers{0};  // Given so far.

// Of a task that is about to run.
char model_letter(const detail::task_header& task) noexcept {
    const std::string_view model = detail::model_of(task);
    for (const trace_model& known : trace_models)
        if (model == known.name) return known.letter;
    return 0;
}

}  // namespace

void* task_record::operator new(std::size_t bytes) { return detail::allocate_frame(bytes); }
void task_record::operator delete(void* place) noexcept { detail::release_frame(place); }

task_record::task_record() noexcept
    : number_{numbers.fetch_add(1, base::relaxed) + 1},  // Relaxed: only the number matters.
      parent_{running()},
      spawned_at_ns_{base::now_ns()},
      since_ns_{spawned_at_ns_},
      woken_at_ns_{spawned_at_ns_} {}

std::unique_ptr<task_record> task_record::make() { return std::unique_ptr<task_record>{new task_record}; }

task_number task_record::running() noexcept {
    const detail::task_header* const task = detail::running_task();
    const task_record* const record = task != nullptr ? of(*task) : nullptr;
    return record != nullptr ? record->number_ : 0;
}

void task_record::attach(std::unique_ptr<task_record> made, detail::task_header& task) noexcept {
    task_record& own = *made.release();
    own.inner_ = task.kind_;
    own.woken_by_ = own.parent_;
    own.kind_ = *task.kind_;
    own.kind_.run = &run;
    own.kind_.schedule = &schedule;
    own.kind_.destroy = &destroy;
    own.kind_.record = &own;
    task.kind_ = &own.kind_;
}

// On the worker's own stack, and so on one thread from beginning to end.
detail::run_result task_record::run(detail::task_header& task, context& cx) noexcept {
    task_record& own = *task.kind_->record;
    worker& here = *detail::this_thread().worker;
    trace_ring* const ring = here.trace();
    trace_record event;
    const base::instant_ns from = base::now_ns();
    if (ring != nullptr) {
        here.tell_slept();
        if (own.polls_ == 0) own.tell_begin(task, from, *ring);
        event.from_ns = from;
        event.task = own.number_;
        event.other = std::exchange(own.woken_by_, 0);
        event.set_woken(own.woken_at_ns_);
    }
    own.since_ns_.store(from, base::relaxed);  // Relaxed, here and below: see there.
    ++own.polls_;
    here.set_ending(0);
    const detail::run_result answer = own.inner_->run(task, cx);
    const base::instant_ns to = base::now_ns();
    own.woken_at_ns_ = to;  // One that yields is ready from here on.
    own.since_ns_.store(to, base::relaxed);
    own.busy_ns_ += to - from;
    own.longest_ns_ = std::max(own.longest_ns_, to - from);
    if (answer == detail::run_result::done) here.set_ending(own.number_);
    if (ring != nullptr) {
        event.what = answer == detail::run_result::done ? trace_record::kind::last : trace_record::kind::turn;
        event.to_ns = to;
        ring->add(event);
    }
    return answer;
}

void task_record::tell_begin(detail::task_header& task, base::instant_ns now, trace_ring& to) const noexcept {
    trace_record event;
    event.what = trace_record::kind::begin;
    event.from_ns = spawned_at_ns_;
    event.to_ns = now;
    event.task = number_;
    event.other = parent_;
    event.model = model_letter(task);
    if (const char* const name = detail::name_of(task)) event.set_text(name);
    to.add(event);
}

// The caller has claimed the task, and with it what is written here.
void task_record::schedule(detail::task_header& task) noexcept {
    task_record& own = *task.kind_->record;
    own.woken_at_ns_ = base::now_ns();
    own.since_ns_.store(own.woken_at_ns_, base::relaxed);  // Relaxed: see there.
    own.woken_by_ = running();
    if (own.woken_by_ != 0) return own.inner_->schedule(task);
    // Maybe by the end of the task that it has joined, which is over by now.
    if (const worker* const here = detail::this_thread().worker) own.woken_by_ = here->ending();
    own.inner_->schedule(task);
}

void task_record::destroy(detail::task_header& task) noexcept {
    const std::unique_ptr<task_record> own{task.kind_->record};
    task.kind_ = own->inner_;
    task.kind_->destroy(task);
}

}  // namespace bifilar::sched
