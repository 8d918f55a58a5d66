// How tasks of every kind come to a scheduler, without its insides: what a file that spawns has to compile.
// Each function is the scheduler's member of that purpose.
#pragma once

#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/memory/detail/frame_pool.hpp>
#include <bifilar/task/detail/task_core.hpp>
#include <bifilar/task/detail/task_label.hpp>
#include <cstdint>

namespace bifilar::sched {

class scheduler;

/// What spawns of one kind of task take from their runtime: a slot that the runtime fills, and that the kind reads.
class spawn_resources {
public:
    spawn_resources(const spawn_resources&) = delete;
    spawn_resources& operator=(const spawn_resources&) = delete;

protected:
    spawn_resources() noexcept = default;
    ~spawn_resources() = default;
};

/// Where a task runs first when nobody says.
inline constexpr std::uint32_t any_worker = UINT32_MAX;

/// What a start needs to know besides the task.
struct start_options {
    const detail::task_label* label = nullptr;  ///< Copied; null: none.
    bool inherits_locals = true;        ///< Gets copies of its spawner's inherited values, and its deadline.
    std::uint32_t worker = any_worker;  ///< Runs there first.
};

/// Where a task becomes known to whoever visits all tasks of its runtime. start() writes there, once nothing can keep
/// the task from being run; whoever runs the task to its end takes that back, before anybody may free it.
class task_place {
public:
    /// A place of the frame pool: see mark_task.
    explicit task_place(void* in_pool) noexcept : in_pool_{in_pool} {}
    /// A word that the environment's visit_tasks finds; null until then.
    explicit task_place(base::atomic<detail::task_header*>& word) noexcept : word_{&word} {}

    /// Inside the gate of scheduler::start.
    void publish(detail::task_core& task, detail::task_owner owner) const noexcept;

private:
    void* in_pool_ = nullptr;
    base::atomic<detail::task_header*>* word_ = nullptr;
};

/// scheduler::start.
void start(scheduler& on, detail::task_core& task, task_place place, const start_options& how);
/// scheduler::schedule.
void schedule(detail::task_header& task) noexcept;
/// scheduler::of.
[[nodiscard]] scheduler* scheduler_of(const detail::task_header& task) noexcept;
/// scheduler::owner_id.
[[nodiscard]] detail::task_owner owner_id_of(const scheduler& which) noexcept;
/// scheduler::serial.
[[nodiscard]] std::uint32_t serial_of(const scheduler& which) noexcept;
/// scheduler::resources.
[[nodiscard]] spawn_resources* resources_of(const scheduler& which) noexcept;

}  // namespace bifilar::sched
