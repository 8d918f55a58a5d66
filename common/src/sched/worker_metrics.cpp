// How workers time few of their polls; see worker_metrics.
#include <bifilar/sched/detail/worker_metrics.hpp>

#include <bifilar/sched/detail/scheduler.hpp>
#include <bifilar/sched/detail/worker.hpp>
#include <bifilar/task/detail/thread_state.hpp>

namespace bifilar::sched {

constinit const detail::operations queue_probe::kind{&queue_probe::run, nullptr, nullptr};

detail::run_result queue_probe::run(detail::task_header& self, context&) noexcept {
    auto& probe = static_cast<queue_probe&>(self);
    detail::this_thread().worker->metrics()->end_probe(base::now_ns() - probe.since_ns_, probe.polls_);
    // Pairs with is_free; so that what was read here comes before the next beginning.
    probe.queued_.store(false, base::release);
    return detail::run_result::queued;  // For the worker lets go of such a task, which is nobody's to wake.
}

// The tick comes when the worker has asked `until_tick` times for a task: once the one that it gets next has run.
[[gnu::noinline]] void worker::sample(base::instant_ns now, std::uint32_t until_tick) noexcept {
    const std::uint64_t polled = counters_.polled.get();
    if (!metrics_->is_due(polled, now)) return;
    now = base::now_ns();
    if (!work_here()) {
        metrics_->add_queue_delay(0, metrics_->begin_queue_delay(polled));
    } else if (queue_probe& probe = metrics_->probe(); probe.is_free()) {
        probe.begin(now, metrics_->begin_queue_delay(polled));
        // Nobody is woken for it, and a full queue does without.
        if (!queue_.push(probe)) probe.drop();
    }
    metrics_->begin_poll(now);
    until_tick_ = until_tick;
}

// Whether this tick is the end of a poll that was timed, and nothing else.
[[gnu::noinline]] bool worker::end_sample(base::instant_ns now) noexcept {
    if (!metrics_->times_poll()) return false;
    metrics_->end_poll(counters_.polled.get(), now);
    until_tick_ = tick_tasks_;
    return true;
}

[[gnu::noinline]] void worker::note_sleep(base::instant_ns began) noexcept {
    metrics_->add_sleep(tick_began_ns_ - began);
    sample(tick_began_ns_, 2);
}

std::vector<worker_times> scheduler::times() const {
    std::vector<worker_times> all;
    if (!measures_) return all;
    all.reserve(workers_.size());
    for (const auto& each : workers_) all.push_back(each->metrics_->read());
    return all;
}

}  // namespace bifilar::sched
