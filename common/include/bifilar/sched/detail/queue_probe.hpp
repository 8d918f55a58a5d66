// Stands in a worker's queue as a task would, and tells how long it was there.
#pragma once

#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/base/detail/clock.hpp>
#include <bifilar/base/detail/plain.hpp>
#include <bifilar/task/detail/task_header.hpp>
#include <cstdint>

namespace bifilar::sched {

/// Run by whichever worker takes it, which counts the delay as its own. It is claimed for good, and no task: nobody
/// finds it but in the queue.
class queue_probe final : public detail::task_header {
public:
    queue_probe() noexcept : task_header{kind, 0} {}

    /// Whether it is in no queue. The worker that it belongs to.
    [[nodiscard]] bool is_free() const noexcept { return !queued_.load(base::acquire); }  // Pairs with run.
    /// It is about to be queued, and stands for so many polls. That worker, when it is free.
    void begin(base::instant_ns now, std::uint64_t polls) noexcept {
        since_ns_ = now;
        polls_ = polls;
        queued_.store(true, base::relaxed);  // Relaxed: the queue publishes it.
    }
    /// There was no room for it.
    void drop() noexcept { queued_.store(false, base::relaxed); }  // Relaxed: its own worker asks.

private:
    static detail::run_result run(detail::task_header& self, context& cx) noexcept;
    static const detail::operations kind;

    base::plain<base::instant_ns> since_ns_{0};
    base::plain<std::uint64_t> polls_{0};
    // Set by the worker that it belongs to, cleared by the one that runs it.
    base::atomic<bool> queued_{false};
};

}  // namespace bifilar::sched
