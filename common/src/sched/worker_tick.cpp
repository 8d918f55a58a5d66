// What a worker does once in a while besides running tasks: events, timers, and how often to look at the queue of all.
#include <bifilar/base/detail/assert.hpp>
#include <bifilar/base/detail/clock.hpp>
#include <bifilar/base/detail/fork_count.hpp>
#include <bifilar/sched/detail/scheduler.hpp>
#include <bifilar/sched/detail/worker.hpp>

#include <algorithm>
#include <cstdint>

namespace bifilar::sched {

void worker::stop_after_fork() noexcept {
    if (worker* const here = detail::this_thread().worker) {
        here->until_tick_ = 1;
        here->nesting_ends_ = UINTPTR_MAX;
    }
    calling_thread::stop_after_fork();
}

[[gnu::noinline]] void worker::tick() noexcept {
    ending_ = 0;
    BIFILAR_CHECK(owner_.is_ours(), base::used_in_forked_child);
    if (simulation_ != nullptr) [[unlikely]]
        return simulated_tick();
    const base::instant_ns now = base::now_ns();
    if (clock_ == nullptr) [[likely]]
        adapt(now);
    else
        until_tick_ = tick_tasks_;  // Self-tuning is by real time, which must not decide who runs first.
    // What is already here comes first: tasks that the ring has no room for would go the long way, through the queue of
    // all. A few events come in any case, so that tasks that never wait cannot hold them up.
    constexpr std::size_t fewest_events = 8;
    const std::size_t room = std::min(queue_.room(), owner_.tuning_.ring_slots);
    const std::size_t to_come = std::min(owner_.global_.size() / owner_.workers(), room);
    parker_->poll_some(static_cast<std::uint32_t>(std::max(room - to_come, fewest_events)));
    fire_due(now);
    if (now >= lent_until_ns_) called_back_.store(true, base::relaxed);  // Relaxed: this thread looks.
    if (owner_.now() == scheduler::phase::halting) owner_.stand_still(*parker_);
}

void worker::adapt(base::instant_ns now) noexcept {
    constexpr double target_ns = 1'000'000;
    constexpr double weight = 0.1;
    const double sample = static_cast<double>(now - tick_began_ns_) / tick_tasks_;
    tick_began_ns_ = now;
    task_ns_ += weight * (std::max(sample, 1.0) - task_ns_);
    const auto interval = static_cast<std::uint32_t>(std::clamp(target_ns / task_ns_, 8.0, 255.0));
    global_interval_tasks_ = fixed_global_interval_ != 0 ? fixed_global_interval_ : interval;
    until_tick_ = tick_tasks_ = std::min(interval, tasks_per_tick);
}

}  // namespace bifilar::sched
