// A plain thread's wait in join(), in a list of all such waits: whom a runtime asks to look whether its tasks wait for
// ever. Built on the task's owner; the look itself is the scheduler's.
#pragma once

#include <bifilar/base/detail/intrusive_list.hpp>
#include <bifilar/task/context.hpp>
#include <bifilar/task/detail/task_core.hpp>
#include <cstddef>

namespace bifilar::detail {

/// One wait, on its thread's stack. Costs nothing before the first poll that is not ready, then a lock.
class join_watch : public base::list_link<join_watch> {
public:
    /// `task` stays while this lives.
    explicit join_watch(const task_core* task) noexcept : task_{task} {}
    join_watch(const join_watch&) = delete;
    join_watch& operator=(const join_watch&) = delete;
    ~join_watch() { leave(); }

    /// The thread has polled in vain and is about to sleep. Throws deadlock_error when it was asked to look, and there
    /// is a deadlock; std::bad_alloc when it could not be described.
    void look(context& cx);

    /// Whether any thread waits in a join, of whatever runtime. Any thread; a hint.
    [[nodiscard]] static bool any() noexcept;
    /// Wakes the threads that wait for tasks of the runtime, so that they look. False: there are none. Any thread;
    /// takes a lock.
    static bool ask(std::uint32_t owner) noexcept;
    /// How many threads wait for tasks of the runtime; 0 when one of these tasks has ended, and when one of the threads
    /// does more than wait: works for another runtime than the one that works at `lent`, runs a task, or has timers of
    /// its own. Any thread; takes a lock.
    [[nodiscard]] static std::size_t count(std::uint32_t owner, const parker* lent) noexcept;
    /// From now on the thread does not count. Its own; takes a lock.
    void leave() noexcept;

private:
    const task_core* const task_;
    waker_ref waker_;      // Of the thread. Under the list's lock.
    bool listed_ = false;  // The thread's own.
    bool asked_ = false;   // Under the list's lock.
    // As the thread was when it looked last, before it slept. Under the list's lock.
    const parker* works_in_ = nullptr;
    bool only_waits_ = false;
};

}  // namespace bifilar::detail
