// What a worker counts: one cache line each; only the worker writes, anybody may read.
#pragma once

#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/base/detail/cache_line.hpp>
#include <bifilar/sched/stats.hpp>
#include <cstdint>

namespace bifilar::sched {


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

}  // namespace bifilar::sched
