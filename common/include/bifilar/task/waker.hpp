// Wakers: how whoever makes something happen tells the task that waits for it. One word each.
// A wake has two halves, so that it can be decided under a lock and carried out after it: claim, then schedule.
#pragma once

#include <bifilar/base/detail/plain.hpp>
#include <bifilar/task/detail/task_header.hpp>
#include <utility>

namespace bifilar {

/// A waker that borrows its task. For wait nodes only: the node lives in the task and unlinks itself under the
/// list's lock, so whoever finds the node linked, under that lock, knows that the task is alive.
class waker_ref {
public:
    waker_ref() noexcept = default;
    /// For the library.
    explicit waker_ref(detail::task_header& task) noexcept : task_{&task} {}

    friend bool operator==(waker_ref, waker_ref) noexcept = default;
    /// Whether it would wake a task.
    explicit operator bool() const noexcept { return task_ != nullptr; }
    /// The task, or null.
    [[nodiscard]] detail::task_header* task() const noexcept { return task_; }

private:
    base::plain<detail::task_header*> task_{nullptr};
};

/// A waker that keeps its task in memory. May outlive the task's completion; the runtime must outlive it. Waking
/// allocates nothing, calls back nothing and never blocks.
/// Thread: any.
/// Complexity: one atomic addition for a copy.
class waker {
public:
    waker() noexcept = default;
    /// Keeps the task alive.
    explicit waker(waker_ref of) noexcept : task_{of.task()} {
        if (task_ != nullptr) task_->state_.add_reference();
    }
    waker(const waker& other) noexcept : waker{waker_ref{other}} {}
    waker(waker&& other) noexcept : task_{std::exchange(other.task_, nullptr)} {}
    waker& operator=(waker other) noexcept {
        std::swap(task_, other.task_);
        return *this;
    }
    ~waker() {
        if (task_ != nullptr && task_->state_.drop_reference()) task_->kind_->destroy(*task_);
    }

    /// Makes the task poll again, once or more; wakes before the next poll may be merged into one.
    void wake() const noexcept {
        if (task_ != nullptr && task_->state_.claim() == detail::wake_result::schedule) task_->kind_->schedule(*task_);
    }

    /// Whether both wake the same task.
    friend bool operator==(const waker& a, const waker& b) noexcept { return a.task_ == b.task_; }
    /// Whether it would wake a task.
    explicit operator bool() const noexcept { return task_ != nullptr; }

private:
    explicit operator waker_ref() const noexcept { return task_ != nullptr ? waker_ref{*task_} : waker_ref{}; }

    detail::task_header* task_ = nullptr;
};

static_assert(sizeof(waker) <= 16, "a waker is at most 16 bytes");

/// Tasks that were claimed under a lock and will be scheduled after it, in the order of their claims. Any number;
/// chained through the tasks themselves, so nothing is allocated.
class wake_batch {
public:
    wake_batch() noexcept = default;
    wake_batch(const wake_batch&) = delete;
    wake_batch& operator=(const wake_batch&) = delete;
    ~wake_batch() { flush(); }

    /// First half, under the lock that keeps the waiting task alive. Whether the task slept until now, so that it runs
    /// for this wake and whatever it is told with it.
    bool claim(waker_ref of) noexcept {
        detail::task_header* const task = of.task();
        if (task->state_.claim() != detail::wake_result::schedule) return false;
        add_claimed(*task);
        return true;
    }

    /// Adds a task that the caller has claimed.
    void add_claimed(detail::task_header& task) noexcept {
        task.next_ = nullptr;
        *last_ = &task;
        last_ = &task.next_;
    }

    /// Second half, outside of all locks.
    void flush() noexcept {
        detail::task_header* at = std::exchange(first_, nullptr);
        last_ = &first_;
        while (at != nullptr) {
            detail::task_header& task = *std::exchange(at, at->next_);
            task.kind_->schedule(task);
        }
    }

private:
    base::plain<detail::task_header*> first_{nullptr};
    base::plain<detail::task_header*>* last_ = &first_;
};

}  // namespace bifilar
