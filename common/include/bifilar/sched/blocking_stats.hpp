// What the threads for blocking calls are at.
#pragma once

#include <bifilar/time/histogram.hpp>
#include <cstddef>
#include <cstdint>

namespace bifilar {

/// Of the calls of spawn_blocking, and of the library's own, such as on files.
struct blocking_stats {
    std::uint32_t threads = 0;  ///< That exist.
    std::size_t queued = 0;     ///< Calls that wait for a thread.
    std::size_t running = 0;    ///< Calls under way.
    histogram queue_delay;      ///< How long calls waited for a thread; empty without runtime_options::metrics.
    histogram run;              ///< How long they took; likewise.
};

}  // namespace bifilar
