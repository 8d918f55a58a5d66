// The second implementation of the threads of the standard library and of what blocks them: each operation that others
// may see is a choice point of the search. Builds on the model's atomics and gates.
#pragma once

#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/base/detail/clock.hpp>
#include <bifilar/base/detail/thread_gate.hpp>
#include <model/hooks.hpp>

#include <array>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <thread>
#include <utility>

namespace model::detail {

/// The number of the running thread.
[[nodiscard]] std::size_t running_thread() noexcept;

}  // namespace model::detail

namespace bifilar::base {

/// As std::mutex.
class thread_mutex {
public:
    constexpr thread_mutex() noexcept = default;
    thread_mutex(const thread_mutex&) = delete;
    thread_mutex& operator=(const thread_mutex&) = delete;

    void lock() noexcept {
        while (!try_lock()) spin_pause();
    }
    [[nodiscard]] bool try_lock() noexcept { return !held_.exchange(true, std::memory_order_acquire); }
    void unlock() noexcept { held_.store(false, std::memory_order_release); }

private:
    atomic<bool> held_{false};
};

/// As std::timed_mutex. Whoever holds it longer than a deadline must leave it in the end all the same.
class timed_thread_mutex : public thread_mutex {
public:
    [[nodiscard]] bool try_lock_until(steady::time_point deadline) noexcept {
        while (!try_lock()) {
            if (now_ns() >= to_ns(deadline)) return false;
            spin_pause();
        }
        return true;
    }
};

/// As std::condition_variable.
class thread_condition {
public:
    void notify_one() noexcept { notify_all(); }  // Who was not meant looks, and waits again.
    void notify_all() noexcept {
        for (std::size_t i = 0; i < waiters; ++i)
            if (std::exchange(waits_[i], false)) gates_[i].open();
    }
    template <class Lock, class Condition>
    void wait(Lock& lock, Condition met) {
        while (!met()) (void)wait_once(lock, never);
    }
    template <class Lock, class Condition>
    bool wait_until(Lock& lock, steady::time_point deadline, Condition met) {
        while (!met())
            if (!wait_once(lock, to_ns(deadline))) return met();
        return true;
    }
    template <class Lock, class Condition>
    bool wait_for(Lock& lock, std::chrono::nanoseconds at_most, Condition met) {
        return wait_until(lock, steady::time_point{std::chrono::nanoseconds{after(now_ns(), at_most)}}, met);
    }

private:
    // False when the time has run out. An opening that comes after that ends the thread's next wait.
    template <class Lock>
    bool wait_once(Lock& lock, instant_ns deadline) {
        const std::size_t me = model::detail::running_thread();
        waits_[me] = true;
        lock.unlock();
        bool woken = true;
        if (deadline == never)
            gates_[me].wait();
        else
            woken = gates_[me].wait_for(deadline - now_ns());
        waits_[me] = false;
        lock.lock();
        return woken || now_ns() < deadline;
    }

    static constexpr std::size_t waiters = model::detail::max_threads;
    // Who waits: plain, because one OS thread plays all threads, and a notice is one operation.
    std::array<bool, waiters> waits_{};
    std::array<thread_gate, waiters> gates_;
};

/// As std::thread.
class thread {
public:
    using id = std::thread::id;

    thread() noexcept = default;
    template <class Function>
    requires std::invocable<Function&>
    explicit thread(Function body) : life_{std::make_shared<life>()} {
        model::detail::start_thread([one = life_, body = std::move(body)]() mutable {
            body();
            one->ended.open();
        });
    }
    void join() noexcept { life_->ended.wait(); }
    /// That of the only real one.
    [[nodiscard]] id get_id() const noexcept { return std::this_thread::get_id(); }

private:
    struct life {
        thread_gate ended;
    };
    std::shared_ptr<life> life_;
};

inline void sleep_thread(std::chrono::nanoseconds time) noexcept {
    thread_gate nobody_opens;
    (void)nobody_opens.wait_for(time.count());
}

}  // namespace bifilar::base
