// What run() and join() throw when every task waits, and nothing is left that could wake one.
#pragma once

#include <bifilar/task/task_description.hpp>
#include <stdexcept>
#include <vector>

namespace bifilar {

/// Thrown on the plain thread that waits in run() or join() when all tasks of the runtime wait and nobody can wake any:
/// no timer is set, no operation is with the kernel, no blocking call is queued or under way, and the process has no
/// threads but the runtime's and those that wait in its run() or join(). Where there are other threads nothing is said
/// until they have ended, for they may hold a channel's end or a handle; nor on a simulated driver, but in a
/// simulation, at once. Said about 20 ms of real time after the last worker has fallen asleep, or after other threads
/// were there, at the latest when the silence has lasted three times as long, or a minute longer. what() names the
/// tasks, and what each waits on.
class deadlock_error : public std::runtime_error {
public:
    /// `tasks`: those that are described; `alive`: how many there are.
    deadlock_error(std::vector<task_description> tasks, std::uint64_t alive);

    /// The tasks, at most 100 of them.
    [[nodiscard]] const std::vector<task_description>& tasks() const noexcept { return tasks_; }
    /// How many tasks there were, all of which waited.
    [[nodiscard]] std::uint64_t tasks_alive() const noexcept { return alive_; }

private:
    std::vector<task_description> tasks_;
    std::uint64_t alive_;
};

}  // namespace bifilar
