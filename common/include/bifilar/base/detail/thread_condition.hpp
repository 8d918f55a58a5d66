// A condition variable that threads of a simulation can wait on: there it gives the baton on, and real time never
// comes.
#pragma once

#include <bifilar/base/detail/thread_mutex.hpp>

#if !defined(BIFILAR_MODEL)
#include <bifilar/base/detail/baton.hpp>
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace bifilar::base {

class thread_condition {
public:
    void notify_one() noexcept {
        if (baton* const simulation = baton::here()) [[unlikely]]
            return simulation->wake(this);
        condition_.notify_one();
    }
    void notify_all() noexcept {
        if (baton* const simulation = baton::here()) [[unlikely]]
            return simulation->wake(this);
        condition_.notify_all();
    }

    /// Until `ready()`, which is asked with the mutex held.
    template <class Ready>
    void wait(std::unique_lock<thread_mutex>& lock, Ready ready) {
        if (baton* const simulation = baton::here()) [[unlikely]]
            return wait_in(*simulation, lock, ready);
        condition_.wait(lock, ready);
    }
    /// The same, or until `deadline`, which never comes in a simulation. Whether it is ready.
    template <class Time, class Ready>
    bool wait_until(std::unique_lock<thread_mutex>& lock, Time deadline, Ready ready) {
        if (baton* const simulation = baton::here()) [[unlikely]] {
            wait_in(*simulation, lock, ready);
            return true;
        }
        return condition_.wait_until(lock, deadline, ready);
    }
    /// The same, or for `at_most`; in a simulation until others have had a turn.
    template <class Ready>
    bool wait_for(std::unique_lock<thread_mutex>& lock, std::chrono::nanoseconds at_most, Ready ready) {
        baton* const simulation = baton::here();
        if (simulation == nullptr) [[likely]]
            return condition_.wait_for(lock, at_most, ready);
        if (!ready()) {
            lock.unlock();
            simulation->wait_a_turn(this);
            lock.lock();
        }
        return ready();
    }

private:
    template <class Ready>
    void wait_in(baton& simulation, std::unique_lock<thread_mutex>& lock, Ready& ready) {
        while (!ready()) {
            lock.unlock();
            simulation.wait(this);
            lock.lock();
        }
    }

    std::condition_variable condition_;
};

}  // namespace bifilar::base
#endif
