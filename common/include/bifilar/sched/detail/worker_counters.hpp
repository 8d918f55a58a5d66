// What a worker counts: one cache line each; only the worker writes, anybody may read.
#pragma once

#include <bifilar/base/detail/cache_line.hpp>
#include <bifilar/base/detail/counter.hpp>
#include <bifilar/sched/stats.hpp>

namespace bifilar::sched {

struct alignas(base::cache_line_bytes) worker_counters {
    base::counter spawned, polled, completed, stolen, parked, wakes, lifo_hits;

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
