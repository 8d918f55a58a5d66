// Finds tasks that keep their worker for longer than a limit, as runtime_options::stall_limit asks for it: a thread
// looks at the workers from outside, at what they count in any case, so that their loop has nothing to do for it.
//
// A poll that is the same at two looks goes on since the first of them. From the second on its time counts, less what
// its thread has waited for a processor meanwhile, as the kernel tells. When that is as long as the limit, the worker
// is stopped alone for a copy of its stack, and what was seen from outside is looked at once more: then it is exact.
#pragma once

#include "poll_reader.hpp"
#include "stall_sites.hpp"

#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/base/detail/clock.hpp>
#include <bifilar/runtime/stall.hpp>
#include <bifilar/sched/detail/worker.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

namespace bifilar::sched {
class scheduler;
}

namespace bifilar::stall {

/// Watches one runtime, from its construction to its destruction. Not in a simulation.
class monitor {
public:
    /// What it calls, on its thread: one that throws ends the process.
    using handler = std::function<void(const task_stall&)>;
    static constexpr std::chrono::milliseconds default_limit{10};
    static constexpr std::chrono::milliseconds least_limit{1};

    /// The scheduler lives as long; an empty handler prints on stderr. Throws std::system_error when there is no
    /// thread, and std::bad_alloc.
    monitor(sched::scheduler& of, std::chrono::nanoseconds limit, handler on_stall);
    monitor(const monitor&) = delete;
    monitor& operator=(const monitor&) = delete;
    ~monitor() { stop(); }

    /// Looks no more; waits for a handler that runs. What was counted stays.
    void stop() noexcept;

    /// How many threads of monitors the process has that wake no task at the moment. Any thread.
    [[nodiscard]] static std::size_t quiet_threads() noexcept;

    /// Polls that were over the limit. Any thread.
    [[nodiscard]] std::uint64_t stalls() const noexcept { return stalls_.load(base::relaxed); }  // Relaxed: a number.
    /// The longest of them, as far as it was seen. Any thread.
    [[nodiscard]] std::chrono::nanoseconds longest() const noexcept {
        return std::chrono::nanoseconds{longest_ns_.load(base::relaxed)};  // Relaxed: a number.
    }

private:
    // What a worker was at when it was last looked at.
    struct sighting {
        sched::worker::poll_mark poll;
        base::instant_ns since_ns = 0;          // From when on its time counts; 0: it was seen once.
        base::instant_ns waited_before_ns = 0;  // How long its thread had waited for a processor by then.
        base::instant_ns ask_at_ns = 0;         // When its worker is to be asked to stop again, which it did not do.
        bool told = false;                      // It is counted, and reported where that was due.
    };

    void run() noexcept;
    void look() noexcept;
    void look_at(std::uint32_t worker, bool held_up);
    void examine(std::uint32_t worker, sighting& seen);
    void tell_of(std::uint32_t worker, sighting& seen, base::instant_ns now, bool with_frames);
    void report(const task_stall& stall) const;
    [[nodiscard]] std::optional<base::instant_ns> waited(std::uint32_t worker, const sighting& seen,
                                                         base::instant_ns lasted) const noexcept;
    [[nodiscard]] base::instant_ns pause() const noexcept;

    sched::scheduler& of_;
    const base::instant_ns limit_ns_;
    const handler on_stall_;
    std::vector<sighting> sightings_;  // Of each worker.
    poll_reader reader_;
    stall_sites sites_;
    rate_limit stops_;
    base::instant_ns looked_ns_;    // When the last look ended.
    base::instant_ns last_run_ns_;  // When a task was last seen to run, or to have run.
    // Written by the monitor's thread, read by all.
    base::atomic<std::uint64_t> stalls_{0};
    base::atomic<base::instant_ns> longest_ns_{0};
    base::atomic<std::uint32_t> ends_{0};  // 1: the thread is to end. Written by stop; the thread sleeps on it.
    std::thread thread_;  // Last, because it uses all others.
};

}  // namespace bifilar::stall
