// Waiting under a mutex until what it guards has changed: a condition variable for tasks, fibers and threads.
#pragma once

#include <bifilar/future/future.hpp>
#include <bifilar/sync/detail/notice_list.hpp>
#include <bifilar/sync/mutex.hpp>
#include <optional>
#include <utility>

namespace bifilar {

/// The mutex orders what is written and seen. A notice is not kept, so there is nothing to try: it reaches those who
/// wait when it is given. Waits end by notices alone, never spuriously. Must outlive its waits, and a notify_all() that
/// finds more than 64 of them. Destroying it waited for aborts. Nothing allocates.
/// Thread: any, for all members.
class condition {
public:
    class wait_future;
    template <class Predicate>
    class wait_until_future;

    condition() noexcept = default;
    condition(const condition&) = delete;
    condition& operator=(const condition&) = delete;
    ~condition() {
        BIFILAR_CHECK(notices_.empty(), "a condition was destroyed while tasks wait for it; join them first");
    }

    /// Ends the oldest wait, if there is one. Never suspends. Not under the mutex is cheaper; either is right.
    void notify_one() noexcept {
        wake_batch batch;
        const std::lock_guard guard{notices_.waiters().lock()};
        (void)notices_.give_one(batch);
    }
    /// Ends all waits of this moment.
    void notify_all() noexcept {
        notices_.waiters().wake_all([] {});
    }

    /// A future that unlocks the mutex, waits for a notice, and locks again. `held` holds the mutex at the first poll
    /// and when the wait is over. `held` outlives the future and is not touched meanwhile. Aborts when `held` holds
    /// nothing.
    /// Cancellation: leaves `held` empty; a notice to one that it had received goes to the next.
    /// Suspends: until the notice has come and the mutex is locked again.
    [[nodiscard]] wait_future wait(mutex::guard& held) noexcept;

    /// Waits until predicate() is true, which is asked under the mutex, first at once. It is kept in the future, runs
    /// inside polls and must not wait. The rest as the other.
    /// Throws: what `predicate` throws, with the mutex locked.
    template <class Predicate>
    [[nodiscard]] wait_until_future<Predicate> wait(mutex::guard& held, Predicate predicate);

private:
    detail::notice_list notices_;
};

class [[nodiscard]] condition::wait_future {
public:
    using output = void;

    wait_future(condition& at, mutex::guard& held) noexcept : at_{&at}, held_{&held} {}
    wait_future(wait_future&&) noexcept = default;
    wait_future& operator=(wait_future&&) = delete;
    ~wait_future() {
        // Relaxed: a fresh node was never shared.
        if (node_.settled_ || node_.where(base::relaxed) == detail::wait_node::place::fresh) return;
        wake_batch batch;
        const std::lock_guard guard{at_->notices_.waiters().lock()};
        (void)at_->notices_.leave(node_, batch);
    }

    polled<void> poll(context& cx) noexcept {
        if (!lock_ && !noticed(cx)) return not_ready;
        polled<mutex::guard> answer = lock_->poll(cx);
        if (!answer) return not_ready;
        *held_ = answer.take();
        node_.settled_ = true;
        return done;
    }
    void describe_wait(task_visitor& to) const noexcept {
        if (lock_) return lock_->describe_wait(to);
        detail::visit_facts<wait_future>(to, wait_fact::object(at_));
    }

private:
    bool noticed(context& cx) noexcept {
        mutex* const of = begin(cx);
        if (of != nullptr) of->unlock();
        return lock_.has_value();
    }

    // The mutex to unlock when the wait has just begun.
    mutex* begin(context& cx) noexcept {
        using enum detail::wait_node::place;
        const std::lock_guard guard{at_->notices_.waiters().lock()};
        // Relaxed, both: under the lock.
        if (node_.where(base::relaxed) == woken) {
            lock_.emplace(*of_);
            return nullptr;
        }
        mutex* fresh_of = nullptr;
        if (node_.where(base::relaxed) == fresh) {
            fresh_of = of_ = held_->release();
            BIFILAR_CHECK(of_ != nullptr, "a wait on a condition needs a guard that holds its mutex");
        }
        at_->notices_.waiters().wait(node_, cx);
        return fresh_of;
    }

    condition* at_;
    mutex::guard* held_;
    mutex* of_ = nullptr;  // What `held` held; set by the first poll.
    detail::notice_list::node node_;
    std::optional<mutex::lock_future> lock_;  // Once noticed.
};

inline condition::wait_future condition::wait(mutex::guard& held) noexcept { return wait_future{*this, held}; }

template <class Predicate>
class [[nodiscard]] condition::wait_until_future {
public:
    using output = void;

    wait_until_future(condition& at, mutex::guard& held, Predicate predicate)
        : at_{&at}, held_{&held}, predicate_{std::move(predicate)} {}

    polled<void> poll(context& cx) {
        for (;;) {
            if (wait_) {
                if (!wait_->poll(cx)) return not_ready;
                wait_.reset();
            }
            BIFILAR_CHECK(held_->held() != nullptr, "a wait on a condition needs a guard that holds its mutex");
            if (predicate_()) return done;
            wait_.emplace(*at_, *held_);
        }
    }
    void describe_wait(task_visitor& to) const noexcept {
        if (wait_) wait_->describe_wait(to);
    }

private:
    condition* at_;
    mutex::guard* held_;
    Predicate predicate_;
    std::optional<wait_future> wait_;
};

template <class Predicate>
condition::wait_until_future<Predicate> condition::wait(mutex::guard& held, Predicate predicate) {
    return wait_until_future<Predicate>{*this, held, std::move(predicate)};
}

static_assert(future<condition::wait_future>);

}  // namespace bifilar
