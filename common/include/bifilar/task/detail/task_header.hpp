// What the scheduler knows of a task: a queue link, its operations, its state word. 24 bytes; 16 with 32-bit addresses.
// Everything that can be woken starts with it: futures, coroutines, fibers, and the thread inside block_on.
#pragma once

#include <bifilar/base/detail/plain.hpp>
#include <bifilar/task/detail/task_state.hpp>
#include <cstdint>

namespace bifilar {

class context;
class task_visitor;
namespace sched {
class task_record;
class worker;
}  // namespace sched

namespace detail {

struct task_header;
class local_store;

/// How one run of a task ended. `queued`: it yielded, and is already in its worker's queue, where nobody else finds
/// it.
enum class run_result : std::uint8_t { pending, done, queued };

/// The operations of one kind of task. All are noexcept: a body's exceptions are stored in its outcome.
struct operations {
    /// Polls the body once. `done`: the outcome is stored and the body destroyed. Only the owner of the body.
    run_result (*run)(task_header&, context&) noexcept;
    /// Queues a claimed task. Any thread; outside of all locks.
    void (*schedule)(task_header&) noexcept;
    /// Frees a task whose references are gone. Any thread.
    void (*destroy)(task_header&) noexcept;
    /// Queues a claimed task behind all others of the worker that ran it: it yielded, or was woken while it ran. Null:
    /// the worker's own queue, where it may be stolen.
    void (*requeue)(task_header&, sched::worker&) noexcept = nullptr;
    /// Tells what the task is, and what it waits on if the visitor says that it stands still. Null for what is not a
    /// task.
    void (*describe)(const task_header&, task_visitor&) noexcept = nullptr;
    /// What the task keeps under its task_local keys. Null in the kinds that types define: a task gets a kind of its
    /// own with its first such value; see local_store.
    local_store* locals = nullptr;
    /// What is known of the task, if its runtime keeps records; null in the kinds that types define.
    sched::task_record* record = nullptr;
};

struct task_header {
    task_header(const operations& kind, std::uint64_t handles) noexcept : kind_{&kind}, state_{handles} {}
    task_header(const task_header&) = delete;
    task_header& operator=(const task_header&) = delete;

    /// The next task in the one queue or batch that holds this one. Belongs to whoever claimed the task.
    base::plain<task_header*> next_{nullptr};
    /// Changes only with locals and records, by the owner of the body. Read by whoever owns the body or holds the last
    /// reference.
    base::plain<const operations*> kind_;
    task_state state_;
};

static_assert(sizeof(task_header) == 2 * sizeof(void*) + 8, "three words; everything that waits carries them");

}  // namespace detail
}  // namespace bifilar
