// How tasks of every kind come to a scheduler, without its insides: what a file that spawns has to compile.
// Each function is the scheduler's member of that purpose.
#pragma once

#include <bifilar/core/frame_pool.hpp>
#include <bifilar/core/task_core.hpp>
#include <bifilar/core/task_label.hpp>
#include <cstdint>

namespace bifilar::stackful {
class fiber_home;
}

namespace bifilar::sched {

class scheduler;

/// Where a task runs first when nobody says.
inline constexpr std::uint32_t any_worker = UINT32_MAX;

/// What a start needs to know besides the task.
struct start_options {
    const task_label* label = nullptr;  ///< Copied; null: none.
    bool inherits_locals = true;        ///< Gets copies of its spawner's inherited values, and its deadline.
    std::uint32_t worker = any_worker;  ///< Runs there first.
};

/// scheduler::start.
void start(scheduler& on, task_core& task, void* place, const start_options& how);
/// scheduler::schedule.
void schedule(task_header& task) noexcept;
/// scheduler::of.
[[nodiscard]] scheduler* scheduler_of(const task_header& task) noexcept;
/// scheduler::owner_id.
[[nodiscard]] task_owner owner_id_of(const scheduler& which) noexcept;
/// scheduler::fibers.
[[nodiscard]] stackful::fiber_home* fibers_of(const scheduler& which) noexcept;

}  // namespace bifilar::sched
