// The blocking pool. One mutex is enough: its jobs cost a microsecond at the very least.
#include <bifilar/sched/detail/blocking_pool.hpp>

#include <bifilar/base/detail/baton.hpp>
#include <bifilar/base/detail/thread_count.hpp>
#include <bifilar/base/detail/wait_for_work.hpp>
#include <bifilar/task/detail/thread_state.hpp>

#include <stdexcept>
#include <system_error>
#include <utility>

namespace bifilar::sched {

blocking_pool::blocking_pool(std::uint32_t max_threads, std::chrono::nanoseconds keep_alive,
                             std::function<void()> falls_idle, bool measures)
    : max_threads_{max_threads},
      keep_alive_{keep_alive},
      falls_idle_{std::move(falls_idle)},
      times_{measures ? std::make_unique<times>() : nullptr} {
    if (max_threads == 0)
        throw std::invalid_argument{"max_blocking_threads is 0; give at least 1, or leave the default of 512"};
}

void blocking_pool::end() noexcept {
    std::unique_lock lock{mutex_};
    // Threads run what is still queued before they end.
    ending_ = true;
    work_.notify_all();
    while (!threads_.empty() || !ended_.empty()) {
        std::list<base::thread> join = std::exchange(ended_, {});
        if (join.empty()) {
            work_.wait(lock, [this] { return !ended_.empty() || threads_.empty(); });
            continue;
        }
        // Threads that still serve need the mutex to come to their ends.
        lock.unlock();
        for (base::thread& one : join) base::join_thread(one);
        lock.lock();
    }
}

void blocking_pool::submit(blocking_job& job) {
    if (times_ != nullptr) job.queued_at_ns_ = base::now_ns();
    std::unique_lock lock{mutex_};
    if (ending_) throw std::logic_error{"spawn_blocking on a runtime that is ending; finish it before the shutdown"};
    // One thread more when every waiting thread has a job already.
    if (idle_ <= queued_ && threads_.size() < max_threads_) {
        try {
            // Before the job is queued, so that a failure leaves nothing behind.
            start_thread();
        } catch (const std::system_error&) {
            // The job waits for a thread that exists; without any it would wait for ever.
            if (threads_.empty()) throw;
        }
    }
    (last_ != nullptr ? last_->next_ : first_) = &job;
    last_ = &job;
    ++queued_;
    ++unfinished_;
    lock.unlock();
    // Without the mutex, on which the woken thread would sleep again. The pool outlives whoever is in a call of it.
    work_.notify_one();
}

bool blocking_pool::withdraw(blocking_job& job) noexcept {
    const std::lock_guard guard{mutex_};
    blocking_job* before = nullptr;
    blocking_job* at = first_;
    // From the front, because a job knows only the one behind it.
    while (at != nullptr && at != &job) before = std::exchange(at, at->next_);
    if (at == nullptr) return false;
    (before != nullptr ? before->next_ : first_) = job.next_;
    if (last_ == &job) last_ = before;
    job.next_ = nullptr;
    --queued_;
    if (--unfinished_ == 0) rest_.notify_all();
    return true;
}

void blocking_pool::start_thread() {
    threads_.emplace_back();
    const auto self = std::prev(threads_.end());
    try {
        // The new thread takes the mutex first, so it sees its own place filled.
        *self = base::make_thread(base::baton::role::blocking, [this, self] { serve(self); });
    } catch (...) {
        threads_.erase(self);
        throw;
    }
}

void blocking_pool::serve(std::list<base::thread>::iterator self) noexcept {
    detail::this_thread().pool = this;
    std::unique_lock lock{mutex_};
    for (;;) {
        ++idle_;
        base::wait_for_work(work_, lock, keep_alive_, [this] { return first_ != nullptr || ending_; });
        --idle_;
        blocking_job* const job = first_;
        // Nothing came for as long as a thread stays, or the pool ends and its queue is empty.
        if (job == nullptr) break;
        first_ = job->next_;
        if (first_ == nullptr) last_ = nullptr;
        --queued_;
        base::instant_ns began = 0;
        if (times_ != nullptr) {
            began = base::now_ns();
            times_->delay.add(began - job->queued_at_ns_);
        }
        lock.unlock();
        job->run();  // It may be gone behind this.
        lock.lock();
        if (times_ != nullptr) times_->run.add(base::now_ns() - began);
        // Only now: the job has queued the tasks that it woke, so nobody sees it over with those in nobody's hands.
        if (--unfinished_ != 0) continue;
        rest_.notify_all();
        if (!falls_idle_) continue;
        lock.unlock();
        falls_idle_();
        lock.lock();
    }
    // Those that ended before are joined here and not by who submits a job: they may still run destructors of
    // thread_locals, which may wait for the worker of that job.
    std::list<base::thread> before = std::exchange(ended_, {});
    ended_.splice(ended_.end(), threads_, self);
    if (ending_) work_.notify_all();
    lock.unlock();  // end() may take the pool away from now on.
    for (base::thread& one : before) base::join_thread(one);
}

void submit(blocking_pool& to, blocking_job& job) { to.submit(job); }

bool blocking_pool::busy() const noexcept {
    const std::lock_guard guard{mutex_};
    return unfinished_ != 0;
}

std::size_t blocking_pool::wait_idle(std::chrono::steady_clock::time_point deadline) {
    std::unique_lock lock{mutex_};
    const auto idle = [this] { return unfinished_ == 0; };
    if (deadline == std::chrono::steady_clock::time_point::max())
        rest_.wait(lock, idle);
    else
        (void)rest_.wait_until(lock, deadline, idle);
    return unfinished_;
}

bool blocking_pool::rests_with(std::size_t others) const noexcept {
    const std::lock_guard guard{mutex_};
    return unfinished_ == 0 && base::has_no_threads_but(others + threads_.size());
}

blocking_stats blocking_pool::stats() const {
    blocking_stats now;
    {
        const std::lock_guard guard{mutex_};
        now.threads = static_cast<std::uint32_t>(threads_.size());
        now.queued = queued_;
        now.running = unfinished_ - queued_;
    }
    if (times_ == nullptr) return now;
    now.queue_delay = times_->delay.read();
    now.run = times_->run.read();
    return now;
}

std::uint32_t blocking_pool::threads() const {
    const std::lock_guard guard{mutex_};
    return static_cast<std::uint32_t>(threads_.size());
}

}  // namespace bifilar::sched
