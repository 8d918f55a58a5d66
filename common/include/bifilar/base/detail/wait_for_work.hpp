// How a thread of a pool waits for its next work.
#pragma once

#include <bifilar/base/detail/baton.hpp>
#include <bifilar/base/detail/thread_condition.hpp>
#include <algorithm>
#include <chrono>
#include <mutex>
#include <thread>

namespace bifilar::base {

/// Until `ready()`, which is asked with the mutex held, or `at_most` has passed. Before it sleeps it lets other threads
/// run once, without the mutex: whoever was just told of the last result often has the next work at once, which then
/// costs no wake. Such a thread counts as one that waits. In a simulation real time stands still.
template <class Ready>
void wait_for_work(thread_condition& work, std::unique_lock<thread_mutex>& lock, std::chrono::nanoseconds at_most,
                   Ready ready) {
    if (ready()) return;
    if (baton::here() != nullptr) [[unlikely]]
        return work.wait(lock, ready);
    lock.unlock();
    std::this_thread::yield();
    lock.lock();
    if (ready()) return;
    // Capped: the wait counts in another clock, which must not overflow either.
    (void)work.wait_for(lock, std::min<std::chrono::nanoseconds>(at_most, std::chrono::hours{24 * 365}), ready);
}

}  // namespace bifilar::base
