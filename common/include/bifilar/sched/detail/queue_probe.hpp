// Stands in a worker's queue as a task would, and tells how long it was there.
#pragma once

#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/base/detail/clock.hpp>
#include <bifilar/base/detail/plain.hpp>
#include <bifilar/task/detail/task_header.hpp>
#include <cstdint>

namespace bifilar::sched {

/// No task: whichever worker takes it out of a queue knows it by its kind, does not run it, and counts the delay as its
/// own. Nobody finds it elsewhere.
class queue_probe final : public detail::task_header {
public:
    queue_probe() noexcept : task_header{kind, 0} {}

    /// What is in a queue, if it is one; else null.
    [[nodiscard]] static queue_probe* of(detail::task_header& task) noexcept {
        return task.kind_ == &kind ? static_cast<queue_probe*>(&task) : nullptr;
    }

    /// Whether it is in no queue. The worker that it belongs to.
    [[nodiscard]] bool is_free() const noexcept { return !queued_.load(base::acquire); }  // Pairs with end.
    /// It is about to be queued, and stands for so many turns. That worker, when it is free.
    void begin(base::instant_ns now, std::uint64_t turns) noexcept {
        since_ns_ = now;
        turns_ = turns;
        queued_.store(true, base::relaxed);  // Relaxed: the queue publishes it.
    }
    /// There was no room for it.
    void drop() noexcept { queued_.store(false, base::relaxed); }  // Relaxed: its own worker asks.

    /// What it has measured. Whoever has taken it out.
    [[nodiscard]] base::instant_ns since_ns() const noexcept { return since_ns_; }
    [[nodiscard]] std::uint64_t turns() const noexcept { return turns_; }
    /// From here on its worker may begin anew, or be gone.
    void end() noexcept { queued_.store(false, base::release); }  // Pairs with is_free; so that it was read before.

private:
    static constexpr detail::operations kind{nullptr, nullptr, nullptr};

    base::plain<base::instant_ns> since_ns_{0};
    base::plain<std::uint64_t> turns_{0};
    // Set by the worker that it belongs to, cleared by the one that takes it out.
    base::atomic<bool> queued_{false};
};

}  // namespace bifilar::sched
