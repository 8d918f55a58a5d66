// What workers spend their time on, and how long tasks wait for them.
#pragma once

#include <bifilar/time/histogram.hpp>

namespace bifilar {

/// Of one worker, or of all together, since the start. Turns and delays are sampled, and each sample counts for all
/// turns since the one before: counts and sums are estimates of all.
struct worker_times {
    /// How long a task ran without a break, with children that ran inside of its run. Wall time: also while the thread
    /// had no processor.
    histogram turns;
    histogram queue_delay;  ///< How long a task at the end of one of the worker's queues waited for its turn.
    histogram sleeps;       ///< Of the worker, each, counted when it ends.
    histogram timer_delay;  ///< How long after its due time, rounded up to 65.5 us, a timer woke its task.

    /// Adds up.
    /// Throws: std::bad_alloc.
    worker_times& operator+=(const worker_times& other) {
        turns += other.turns;
        queue_delay += other.queue_delay;
        sleeps += other.sleeps;
        timer_delay += other.timer_delay;
        return *this;
    }
};

}  // namespace bifilar
