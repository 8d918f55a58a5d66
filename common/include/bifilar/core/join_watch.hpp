// A plain thread's wait in join(), in a list of all such waits: whom a runtime asks to look whether its tasks wait for
// ever. Built on the task's owner; the look itself is the scheduler's.
#pragma once

#include <bifilar/base/intrusive_list.hpp>
#include <bifilar/core/context.hpp>
#include <bifilar/core/task_core.hpp>
#include <cstddef>

namespace bifilar::detail {

/// One wait, on its thread's stack. Costs nothing before the first poll that is not ready, then a lock.
class join_watch : public base::list_link<join_watch> {
public:
    /// `task` stays while this lives.
    explicit join_watch(const task_core* task) noexcept : task_{task} {}
    join_watch(const join_watch&) = delete;
    join_watch& operator=(const join_watch&) = delete;
    ~join_watch() {
        if (listed_) leave();
    }

    /// The thread has polled in vain and is about to sleep. Throws deadlock_error when it was asked to look, and there
    /// is a deadlock; std::bad_alloc when it could not be described.
    void look(context& cx);

    /// Whether any thread waits in a join, of whatever runtime. Any thread; a hint.
    [[nodiscard]] static bool any() noexcept;
    /// Wakes the threads that wait for tasks of the runtime, so that they look. Any thread; takes a lock.
    static void ask(std::uint32_t owner) noexcept;
    /// How many threads wait for tasks of the runtime; 0 when one of these tasks has ended. Any thread; takes a lock.
    [[nodiscard]] static std::size_t count(std::uint32_t owner) noexcept;

private:
    void leave() noexcept;

    const task_core* const task_;
    waker_ref waker_;      // Of the thread. Under the list's lock.
    bool listed_ = false;  // The thread's own.
    bool asked_ = false;   // Under the list's lock.
};

}  // namespace bifilar::detail
