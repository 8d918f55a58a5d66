// What every spawned task carries besides its body: header, joiner, outcome.
// Coroutines, boxed futures and fibers all have one, so that one join_handle fits them all.
#pragma once

#include <bifilar/task/detail/task_label.hpp>
#include <bifilar/task/outcome.hpp>
#include <bifilar/task/waker.hpp>

namespace bifilar::detail {

struct task_core : task_header {
    using task_header::task_header;
    ~task_core() {
        if (state_.is_labelled()) [[unlikely]]
            forget_label(*this);
    }

    /// Who waits for the outcome. Written by the handle's owner before set_join, read by the completing worker.
    waker_ref joiner_;
};

static_assert(sizeof(task_core) == sizeof(task_header) + 8,
              "four words before the outcome; see the table of sizes in reports");

template <class T>
struct task_cell : task_core {
    using task_core::task_core;
    outcome<T> outcome_;
};

/// The body of `task` has ended and its outcome is stored: publishes that, wakes the joiner, frees the task when
/// nobody refers to it any more. The worker that ran it; no locks held.
inline void complete_task(task_core& task) noexcept {
    using enum task_state::complete_result;
    switch (task.state_.complete()) {
        case alive:
            return;
        case last:
            task.kind_->destroy(task);
            return;
        case wake_join: {
            // The joiner waits for join_finished before it goes away, so it is alive until finish_join; when the
            // claim succeeds it is ours until it is scheduled.
            task_header& joiner = *task.joiner_.task();
            const wake_result answer = joiner.state_.claim();
            if (task.state_.finish_join()) task.kind_->destroy(task);
            if (answer == wake_result::schedule) joiner.kind_->schedule(joiner);
            return;
        }
    }
}

/// Gives up a handle's reference.
inline void release_task(task_core& task) noexcept {
    if (task.state_.drop_reference()) task.kind_->destroy(task);
}

}  // namespace bifilar::detail
