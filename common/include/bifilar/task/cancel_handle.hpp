// Cancels a task whose join_handle is elsewhere: being awaited, in a set, or dropped.
// One reference to the task, beside the join_handle's own.
#pragma once

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/task/detail/task_core.hpp>
#include <utility>

namespace bifilar {

namespace detail {

/// Asks the task to end. Any thread with a reference.
inline void ask_to_end(task_core& task) noexcept {
    if (task.state_.request_cancel() == wake_result::schedule) task.kind_->schedule(task);
}

}  // namespace detail

/// What join_handle::cancel_handle gives. Copies refer to the same task. It keeps what is left of a task, its outcome
/// and a fiber's stack too, until it is dropped; it neither joins nor detaches.
/// Thread: any, each copy one at a time.
class cancel_handle {
public:
    explicit cancel_handle(detail::task_core& task) noexcept : task_{&task} { task.state_.add_reference(); }
    cancel_handle(const cancel_handle& other) noexcept : task_{other.task_} {
        if (task_ != nullptr) task_->state_.add_reference();
    }
    cancel_handle(cancel_handle&& other) noexcept : task_{std::exchange(other.task_, nullptr)} {}
    cancel_handle& operator=(cancel_handle other) noexcept {
        std::swap(task_, other.task_);
        return *this;
    }
    ~cancel_handle() {
        if (task_ != nullptr) release_task(*task_);
    }

    /// As join_handle::cancel: asks the task to end, any number of times, before or after its end. Does not wait.
    void cancel() const noexcept {
        BIFILAR_CHECK(task_ != nullptr, "cancel() on a cancel_handle that was moved from");
        detail::ask_to_end(*task_);
    }

    /// Whether the task has ended. A false may be out of date when it returns.
    [[nodiscard]] bool done() const noexcept {
        BIFILAR_CHECK(task_ != nullptr, "done() on a cancel_handle that was moved from");
        return task_->state_.is_complete();
    }

private:
    detail::task_core* task_;
};

}  // namespace bifilar
