// What workers count; see detail/worker_counters.hpp for how.
// The numbers are exact when the runtime is at rest and close to it otherwise.
#pragma once

#include <chrono>
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

    /// Adds up.
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
    /// One for each worker.
    std::vector<worker_stats> workers;
    /// Tasks that were spawned by threads which are no workers.
    std::uint64_t spawned_outside = 0;
    /// Bytes of the frame pool, in use or not; frames above 8 KiB are allocated elsewhere. One pool serves all runtimes
    /// of the process.
    std::uint64_t frame_bytes = 0;
    std::uint64_t unused_frame_bytes = 0;  ///< So much of it is kept for the next frames.
    std::uint64_t stacks_taken = 0;        ///< Of this runtime's fibers, and those that its workers keep warm.
    std::uint64_t stacks_free = 0;         ///< Kept for the next fibers.
    /// Polls that lasted longer than runtime_options::stall_limit, as far as they were seen; 0 where nobody looks.
    std::uint64_t stalls = 0;
    std::chrono::nanoseconds longest_stall{0};  ///< The longest of them.

    /// All workers together.
    [[nodiscard]] worker_stats total() const noexcept {
        worker_stats sum;
        for (const worker_stats& one : workers) sum += one;
        sum.spawned += spawned_outside;
        return sum;
    }
};

}  // namespace bifilar
