// Cancels a task when its inherited deadline comes: a timer whose wake is a request to cancel.
// It looks like a task to the timer_queue, as the thread in block_on does; see local_store and time/deadline.hpp.
#pragma once

#include <bifilar/task/detail/task_header.hpp>
#include <bifilar/time/detail/timer_queue.hpp>

namespace bifilar::detail {

/// Made by whoever spawns; armed by the task's first run, in the wheel of the worker that runs it, because a plain
/// thread serves its own wheel only while it blocks. Two references: the task's, and the wheel's from arm on.
class deadline_alarm final : public task_header {
public:
    /// Throws std::bad_alloc. The caller has the only reference that counts before arm: disarm gives it up.
    [[nodiscard]] static deadline_alarm* make();
    deadline_alarm(const deadline_alarm&) = delete;
    deadline_alarm& operator=(const deadline_alarm&) = delete;

    /// `task` will be asked to cancel at `moment`. The worker that runs it; once.
    void arm(task_header& task, base::instant_ns moment, base::instant_ns now) noexcept;
    /// The task's body has ended. Any thread; once; frees the alarm, or leaves that to the timer that fires right now.
    void disarm() noexcept;

private:
    deadline_alarm() noexcept;
    ~deadline_alarm() = default;

    static void* operator new(std::size_t bytes);
    static void operator delete(void* place) noexcept;
    static void schedule(task_header& self) noexcept;
    static void destroy(task_header& self) noexcept;

    static constexpr operations kind{nullptr, &schedule, &destroy};

    task_header* task_ = nullptr;  // Kept by a reference, from arm until the timer has fired or was taken out.
    timer_queue* queue_ = nullptr;
    timer_node node_;
};

}  // namespace bifilar::detail
