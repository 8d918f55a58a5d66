// Tasks that must run on one particular worker, posted by any thread: a stack that the worker empties at once.
// Treiber's push with a take-all, so there is no ABA: nobody but the owner removes, and it removes everything.
#pragma once

#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/base/detail/cache_line.hpp>
#include <bifilar/task/detail/task_header.hpp>

namespace bifilar::sched {

class inbox {
public:
    inbox() noexcept = default;
    inbox(const inbox&) = delete;
    inbox& operator=(const inbox&) = delete;

    /// Posts a claimed task. Any thread. The caller then unparks the owner.
    void push(detail::task_header& task) noexcept {
        // Relaxed: a guess for the exchange.
        detail::task_header* top = top_.load(base::relaxed);
        do task.next_ = top;
        // Pairs with take_all (release: the task is visible) and with the owner's park (seq_cst: either the owner
        // sees this task before it sleeps, or this thread sees it asleep; see worker::sleep).
        while (!top_.compare_exchange_weak(top, &task, base::seq_cst, base::relaxed));
    }

    /// Takes everything, oldest first, chained through next_; null when there is nothing. Owner only.
    detail::task_header* take_all() noexcept {
        if (empty()) return nullptr;
        // Pairs with push.
        detail::task_header* newest = top_.exchange(nullptr, base::acquire);
        detail::task_header* oldest = nullptr;
        while (newest != nullptr) {
            detail::task_header* const next = newest->next_;
            newest->next_ = oldest;
            oldest = newest;
            newest = next;
        }
        return oldest;
    }

    [[nodiscard]] bool empty() const noexcept {
        // seq_cst: the owner's half of the argument at push.
        return top_.load(base::seq_cst) == nullptr;
    }

private:
    // The newest task, older ones behind next_. Pushed by any thread, emptied by the owner.
    alignas(base::cache_line_bytes) base::atomic<detail::task_header*> top_{nullptr};
};

}  // namespace bifilar::sched
