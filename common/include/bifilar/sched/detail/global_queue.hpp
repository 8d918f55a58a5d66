// The queue that all workers share: spawns and wakes from outside, and what overflows a worker's ring.
// An intrusive list under a lock; its length is atomic, so that looking at an empty queue takes no lock.
#pragma once

#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/base/detail/cache_line.hpp>
#include <bifilar/base/detail/plain.hpp>
#include <bifilar/base/detail/spin_lock.hpp>
#include <bifilar/task/detail/task_header.hpp>
#include <cstddef>
#include <mutex>

namespace bifilar::sched {

class global_queue {
public:
    global_queue() noexcept = default;
    global_queue(const global_queue&) = delete;
    global_queue& operator=(const global_queue&) = delete;

    /// Adds one claimed task. Any thread.
    void push(detail::task_header& task) noexcept { push_chain(task, task, 1); }

    /// Adds a list of claimed tasks under one hold of the lock. Any thread.
    void push_chain(detail::task_header& first, detail::task_header& last, std::size_t count) noexcept {
        last.next_ = nullptr;
        const std::lock_guard guard{lock_};
        if (last_ == nullptr)
            first_ = &first;
        else
            last_->next_ = &first;
        last_ = &last;
        // Relaxed: written under the lock, which who takes acquires. Between this and the pusher's look at the idle set
        // is a fence, so a worker that is about to sleep sees the task, or is seen; see idle_set.
        length_.store(length_.load(base::relaxed) + count, base::relaxed);
    }

    /// Takes up to `most` tasks, oldest first, chained through next_. Null when there is none.
    detail::task_header* take(std::size_t most) noexcept {
        if (size() == 0) return nullptr;
        const std::lock_guard guard{lock_};
        detail::task_header* const first = first_;
        if (first == nullptr) return nullptr;
        detail::task_header* last = first;
        std::size_t count = 1;
        for (; count < most && last->next_ != nullptr; ++count) last = last->next_;
        first_ = last->next_;
        if (first_ == nullptr) last_ = nullptr;
        last->next_ = nullptr;
        length_.store(length_.load(base::relaxed) - count, base::relaxed);  // Relaxed: as in push_chain.
        return first;
    }

    /// How many there are; may be out of date when it returns.
    [[nodiscard]] std::size_t size() const noexcept {
        return length_.load(base::relaxed);  // Relaxed: see push_chain.
    }

private:
    base::spin_lock lock_;  // Guards first_ and last_. Held for a few instructions, or one short walk.
    base::plain<detail::task_header*> first_{nullptr};  // Oldest.
    base::plain<detail::task_header*> last_{nullptr};   // Newest.
    // The number of tasks. Written under the lock, read by all without it.
    alignas(base::cache_line_bytes) base::atomic<std::size_t> length_{0};
};

}  // namespace bifilar::sched
