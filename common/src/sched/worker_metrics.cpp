// How workers time few of their turns; see worker_metrics.
#include <bifilar/sched/detail/worker_metrics.hpp>

#include <bifilar/sched/detail/scheduler.hpp>
#include <bifilar/sched/detail/worker.hpp>

#include <utility>

namespace bifilar::sched {

// A timed turn has ended, and the end of the queue is looked at.
[[gnu::noinline]] void worker::end_timed(base::instant_ns began) noexcept {
    const base::instant_ns now = base::now_ns();
    metrics_->end_turn(began, now);
    if (queue_.empty() && pinned_.empty()) {
        // Not with a probe: alone there, it would look as work does to those who have none.
        metrics_->add_queue_delay(0, metrics_->untold_turns());
        metrics_->begin_queue_delay();
    } else if (queue_probe& probe = metrics_->probe(); probe.is_free()) {
        probe.begin(now, metrics_->untold_turns());
        // Of two queues, each in turn.
        if (!pinned_.empty() && (queue_.empty() || metrics_->next_is_pinned())) {
            pinned_.push(probe);
            return metrics_->begin_queue_delay();
        }
        // Nobody is woken for it, and a full queue does without.
        if (queue_.push(probe))
            metrics_->begin_queue_delay();
        else
            probe.drop();
    }
}

[[gnu::noinline]] void worker::end_probe(queue_probe& probe) noexcept {
    metrics_->add_queue_delay(base::now_ns() - probe.since_ns(), probe.turns());
    probe.end();
}

// It has ended just now.
[[gnu::noinline]] void worker::tell_sleep(base::instant_ns began) noexcept {
    if (metrics_ != nullptr) metrics_->add_sleep(tick_began_ns_ - began);
    if (trace_ == nullptr) return;
    if (slept_from_ns_ == 0) slept_from_ns_ = began;
    slept_to_ns_ = tick_began_ns_;
}

[[gnu::noinline]] void worker::trace_sleep() noexcept {
    trace_record event;
    event.what = trace_record::kind::sleep;
    event.from_ns = std::exchange(slept_from_ns_, 0);
    event.to_ns = slept_to_ns_;
    trace_->add(event);
}

std::vector<worker_times> scheduler::times() const {
    std::vector<worker_times> all;
    if (!measures_) return all;
    all.reserve(workers_.size());
    for (const auto& each : workers_) all.push_back(each->metrics_->read());
    return all;
}

}  // namespace bifilar::sched
