// Threads for what blocks: system calls, files, other people's libraries. Made on demand, ended when idle.
// Jobs beyond the limit of threads wait in a queue, first in, first out.
#pragma once

#include <bifilar/base/detail/plain.hpp>
#include <bifilar/base/detail/thread.hpp>
#include <bifilar/base/detail/thread_condition.hpp>
#include <bifilar/sched/blocking_stats.hpp>
#include <bifilar/sched/detail/blocking_job.hpp>
#include <bifilar/time/detail/live_histogram.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>

namespace bifilar::sched {

class blocking_pool {
public:
    /// At least one thread. Starts none yet. Throws std::invalid_argument for 0. `falls_idle`, unless empty, is called
    /// by one of the threads each time the last job has ended; it does not throw. `measures`: for stats(), how long
    /// jobs wait and take.
    blocking_pool(std::uint32_t max_threads, std::chrono::nanoseconds keep_alive, std::function<void()> falls_idle = {},
                  bool measures = false);
    blocking_pool(const blocking_pool&) = delete;
    blocking_pool& operator=(const blocking_pool&) = delete;
    ~blocking_pool() { end(); }

    /// Runs what is queued, then ends the threads; later jobs are refused. Blocks. Once is enough; the destructor does
    /// it otherwise.
    void end() noexcept;

    /// Queues a job. Any thread; does not block. Throws std::system_error when no thread can be made and none exists
    /// (the job is then not queued), std::logic_error when the pool is ending.
    void submit(blocking_job& job);

    /// Takes a job that was submitted out of the queue. True: it will not run and may go. False: it runs, or has run.
    /// Any thread; does not block; costs a walk along the queue.
    [[nodiscard]] bool withdraw(blocking_job& job) noexcept;

    /// Threads that exist now.
    [[nodiscard]] std::uint32_t threads() const;
    /// What it is at. Any thread. Throws std::bad_alloc where it measures.
    [[nodiscard]] blocking_stats stats() const;
    /// Whether no job is queued or under way, and the process has no threads but these and `others`. Both at one
    /// moment: a thread of the pool that ends meanwhile counts as a stranger. Any thread.
    [[nodiscard]] bool rests_with(std::size_t others) const noexcept;
    /// Whether jobs are queued or under way. A job that has ended has woken who waits for it.
    [[nodiscard]] bool busy() const noexcept;
    /// Waits until none is, or until `deadline` (the greatest: for ever), and says how many there are then. Plain
    /// threads.
    [[nodiscard]] std::size_t wait_idle(std::chrono::steady_clock::time_point deadline);

private:
    // Written under the mutex, where one thread at a time is.
    struct times {
        bifilar::detail::live_histogram delay, run;
    };

    void serve(std::list<base::thread>::iterator self) noexcept;
    void start_thread();

    const std::uint32_t max_threads_;
    const std::chrono::nanoseconds keep_alive_;
    const std::function<void()> falls_idle_;
    const std::unique_ptr<times> times_;  // Null: nothing is measured.
    mutable base::thread_mutex mutex_;  // Guards all below.
    base::thread_condition work_;
    base::thread_condition rest_;  // For wait_idle.
    base::plain<blocking_job*> first_{nullptr};
    base::plain<blocking_job*> last_{nullptr};
    std::size_t queued_ = 0;
    std::size_t unfinished_ = 0;  // Queued or under way.
    std::uint32_t idle_ = 0;      // Threads without a job; queued jobs that will wake one are not subtracted.
    std::list<base::thread> threads_;
    // Their threads are about to return; joined by the next that ends, or by end(). One whose thread_locals end slowly
    // holds up the ends of those after it, not their work.
    std::list<base::thread> ended_;
    bool ending_ = false;
};

}  // namespace bifilar::sched
