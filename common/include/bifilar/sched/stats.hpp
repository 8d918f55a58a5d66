// What a worker counts. One cache line each; only the worker writes, anybody may read.
// The numbers are exact when the runtime is at rest and close to it otherwise.
#pragma once

#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/base/detail/cache_line.hpp>
#include <cstdint>
#include <vector>

namespace bifilar {

/// Counts since the start of one worker, or of all together.
struct worker_stats {
    std::uint64_t spawned = 0;    ///< Tasks created by tasks of this worker.
    std::uint64_t polled = 0;     ///< Runs of tasks.
    std::uint64_t completed = 0;  ///< Tasks that ended here.
    std::uint64_t stolen = 0;     ///< Tasks taken from other workers.
    std::uint64_t parked = 0;     ///< Sleeps.
    std::uint64_t wakes = 0;      ///< Other workers woken.
    std::uint64_t lifo_hits = 0;  ///< Runs of the newest task, or of a child inside of its joiner's.

    worker_stats& operator+=(const worker_stats& other) noexcept {
        spawned += other.spawned;
        polled += other.polled;
        completed += other.completed;
        stolen += other.stolen;
        parked += other.parked;
        wakes += other.wakes;
        lifo_hits += other.lifo_hits;
        return *this;
    }
};

/// A runtime's counts. `spawned_outside` are tasks created by threads that are not its workers.
struct runtime_stats {
    std::vector<worker_stats> workers;
    std::uint64_t spawned_outside = 0;
    /// Memory for coroutine frames and tasks, in use or not; frames above 4 KiB are not among it. One pool serves all
    /// runtimes of the process.
    std::uint64_t frame_bytes = 0;
    std::uint64_t unused_frame_bytes = 0;  ///< So much of it is kept for the next frames.
    std::uint64_t stacks_taken = 0;        ///< Of this runtime's fibers, and those that its workers keep warm.
    std::uint64_t stacks_free = 0;         ///< Kept for the next fibers.

    [[nodiscard]] worker_stats total() const noexcept {
        worker_stats sum;
        for (const worker_stats& one : workers) sum += one;
        sum.spawned += spawned_outside;
        return sum;
    }
};

namespace sched {

/// A number that one thread adds to and others read.
class counter {
public:
    /// Owner only.
    void add(std::uint64_t count = 1) noexcept {
        // Relaxed load: one writer. Pairs with get; so that scheduler::live sees what a task spawned before it ended.
        value_.store(value_.load(base::relaxed) + count, base::release);
    }
    [[nodiscard]] std::uint64_t get() const noexcept { return value_.load(base::acquire); }  // Pairs with add.

private:
    // Written by the owner, read by stats() and by the drain at shutdown.
    base::atomic<std::uint64_t> value_{0};
};

struct alignas(base::cache_line_bytes) worker_counters {
    counter spawned, polled, completed, stolen, parked, wakes, lifo_hits;

    [[nodiscard]] worker_stats read() const noexcept {
        worker_stats now;
        now.completed = completed.get();
        now.spawned = spawned.get();
        now.polled = polled.get();
        now.stolen = stolen.get();
        now.parked = parked.get();
        now.wakes = wakes.get();
        now.lifo_hits = lifo_hits.get();
        return now;
    }
};

}  // namespace sched
}  // namespace bifilar
