// A value that is reached through its lock alone, so that no use of it can forget to lock.
// A mutex and the value; the guard is a pointer.
#pragma once

#include <bifilar/future/future.hpp>
#include <bifilar/sync/mutex.hpp>
#include <concepts>
#include <utility>

namespace bifilar {

/// Neither copied nor moved. What mutex says of fairness, order, cost and lifetime holds.
/// Thread: any, for all members but unguarded().
template <class T>
class guarded {
public:
    class guard;
    class lock_future;

    /// The value is made of the arguments.
    /// Throws: what making it throws.
    template <class... Args>
    requires std::constructible_from<T, Args...>
    explicit guarded(Args&&... args) : value_(std::forward<Args>(args)...) {}
    guarded(const guarded&) = delete;
    guarded& operator=(const guarded&) = delete;

    /// A future of the guard, as mutex::lock.
    /// Cancellation: leaves its place in the queue; a lock that was handed to it goes to the next.
    /// Suspends: while others hold the lock, after a short spin.
    [[nodiscard]] lock_future lock() noexcept { return lock_future{*this}; }
    /// The guard now, or an empty one. Never suspends.
    [[nodiscard]] guard try_lock() noexcept { return guard{value_, mutex_.try_lock()}; }
    /// May be out of date when it returns.
    [[nodiscard]] bool is_locked() const noexcept { return mutex_.is_locked(); }

    /// The value without the lock, for whoever is alone with it.
    [[nodiscard]] T& unguarded() noexcept { return value_; }

private:
    T value_;
    mutex mutex_;  // Destroyed first: it knows whether somebody still holds the value.
};

/// The value, until it ends. Movable. Using an empty one aborts.
/// Thread: one at a time, not always the same one.
template <class T>
class [[nodiscard]] guarded<T>::guard {
public:
    /// Holds nothing.
    guard() noexcept = default;

    /// The value. Aborts when the guard is empty.
    [[nodiscard]] T& operator*() const noexcept {
        BIFILAR_CHECK(held_, "a guard that holds nothing was used");
        return *value_;
    }
    /// The value. Aborts when the guard is empty.
    [[nodiscard]] T* operator->() const noexcept { return &**this; }
    /// Unlocks now; nothing when it holds nothing.
    void unlock() noexcept { held_.unlock(); }
    /// Whether it holds the lock.
    [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(held_); }

private:
    // They alone make one that holds: with the mutex locked.
    friend class guarded;
    friend class lock_future;
    guard(T& value, mutex::guard held) noexcept : value_{&value}, held_{std::move(held)} {}

    T* value_ = nullptr;
    mutex::guard held_;
};

template <class T>
class [[nodiscard]] guarded<T>::lock_future {
public:
    using output = guard;

    explicit lock_future(guarded& of) noexcept : of_{&of}, wait_{of.mutex_.lock()} {}

    polled<guard> poll(context& cx) noexcept {
        polled<mutex::guard> held = wait_.poll(cx);
        if (!held) return not_ready;
        return guard{of_->value_, held.take()};
    }
    void describe_wait(task_visitor& to) const noexcept { wait_.describe_wait(to); }

private:
    guarded* of_;
    mutex::lock_future wait_;
};

static_assert(future<guarded<int>::lock_future>);

}  // namespace bifilar
