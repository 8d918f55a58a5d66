// The thread that made a runtime, in the place of a thread of the runtime's own.
// While it waits in block_on, for a root task or for anything else, it is the runtime's worker.
#pragma once

#include <bifilar/task/detail/parker.hpp>
#include <thread>

namespace bifilar::sched {

class worker;

/// A process with one thread saves more than that thread: the kernel counts references to descriptors, in each system
/// call, only where threads share them. In return tasks stand still while the thread does something else.
class calling_thread final : public detail::parker {
public:
    /// Starts `one` on the calling thread, without running it. Throws std::logic_error in a task and where the thread
    /// works for a runtime already, and what a worker's start throws. `one` outlives it.
    explicit calling_thread(worker& one);
    /// On the same thread, but for a forked child.
    ~calling_thread() override;

    [[nodiscard]] bool is_here() const noexcept { return std::this_thread::get_id() == thread_; }

    /// Runs tasks until unparked, or `deadline` comes. A task that does not suspend holds it up.
    void park(base::instant_ns deadline) noexcept override;
    /// Runs the tasks that are ready, at most those of one tick.
    void poll_some(std::uint32_t most) noexcept override;
    /// Ends a park, or the next one. Any thread.
    void unpark() noexcept override;

    /// Runs tasks until none is left or `deadline` comes. The runtime drains.
    void drain(base::instant_ns deadline) noexcept;
    /// Whether that is under way. This thread.
    [[nodiscard]] bool drains() const noexcept { return drains_; }

    /// In a forked child, on the thread that has forked: it works for nobody there.
    static void stop_after_fork() noexcept;

private:
    void work(base::instant_ns deadline, std::uint32_t events_first) noexcept;

    worker& one_;
    const std::thread::id thread_ = std::this_thread::get_id();
    detail::parker* const slept_in_;  // The thread's own driver, which it gets back; or null.
    bool drains_ = false;
};

}  // namespace bifilar::sched
