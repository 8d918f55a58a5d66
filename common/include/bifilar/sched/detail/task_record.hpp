// What a task of a runtime that keeps records is known by: its number, who has spawned it, and what it did when.
//
// A record puts operations of its own between the worker and the task's, as local_store does: so a task without one,
// and the worker's loop, have no line more.
#pragma once

#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/base/detail/clock.hpp>
#include <bifilar/task/detail/task_header.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace bifilar::sched {

class trace_ring;

/// Which task of all that the process has seen with a record; 0: none of them.
using task_number = std::uint64_t;

class task_record {
public:
    /// For a task that the calling thread is about to start. Throws std::bad_alloc.
    [[nodiscard]] static std::unique_ptr<task_record> make();
    /// Gives it to a task, for all of its life. Whoever owns the body, before anybody else sees the task.
    static void attach(std::unique_ptr<task_record> made, detail::task_header& task) noexcept;
    /// Null: it has none. Whoever owns the body or the last reference, or while the workers stand still.
    [[nodiscard]] static const task_record* of(const detail::task_header& task) noexcept { return task.kind_->record; }
    /// Of the task that runs on this thread; 0: there is none, or it has no record.
    [[nodiscard]] static task_number running() noexcept;

    [[nodiscard]] task_number number() const noexcept { return number_; }
    /// The task that has spawned it; 0: a thread has.
    [[nodiscard]] task_number parent() const noexcept { return parent_; }
    /// All times are base::now_ns.
    [[nodiscard]] base::instant_ns spawned_at_ns() const noexcept { return spawned_at_ns_; }
    /// Since when it runs, is queued or waits.
    [[nodiscard]] base::instant_ns since_ns() const noexcept {
        return since_ns_.load(base::relaxed);  // Relaxed: see there.
    }
    /// How often it has run, for how long in all, and at most without a break. A present run is not in the last two.
    [[nodiscard]] std::uint64_t polls() const noexcept { return polls_; }
    [[nodiscard]] base::instant_ns busy_ns() const noexcept { return busy_ns_; }
    [[nodiscard]] base::instant_ns longest_ns() const noexcept { return longest_ns_; }

    // In the frame pool, like the tasks.
    static void* operator new(std::size_t bytes);
    static void operator delete(void* place) noexcept;

private:
    void tell_begin(detail::task_header& task, base::instant_ns now, trace_ring& to) const noexcept;
    static detail::run_result run(detail::task_header& task, context& cx) noexcept;
    static void schedule(detail::task_header& task) noexcept;
    static void destroy(detail::task_header& task) noexcept;

    task_record() noexcept;

    detail::operations kind_{};                  // The task's, with this record.
    const detail::operations* inner_ = nullptr;  // The task's own.
    const task_number number_;
    const task_number parent_;
    const base::instant_ns spawned_at_ns_;
    // Written by whoever owns the body: its worker, or any thread that has claimed it to queue it. Read by dumps, while
    // such threads go on. Relaxed: a moment, by which nothing is found.
    base::atomic<base::instant_ns> since_ns_;
    // Those below are the owner's alone, and a worker that runs the task is stopped by whoever looks at them.
    std::uint64_t polls_ = 0;
    base::instant_ns busy_ns_ = 0;
    base::instant_ns longest_ns_ = 0;
    task_number woken_by_ = 0;
    base::instant_ns woken_at_ns_;
};

}  // namespace bifilar::sched
