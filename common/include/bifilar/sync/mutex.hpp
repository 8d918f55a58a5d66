// Mutual exclusion between tasks, fibers and threads; may be held across a suspension.
// One permit of detail::permits.
#pragma once

#include <bifilar/future/future.hpp>
#include <bifilar/sync/detail/lock_owner.hpp>
#include <bifilar/sync/detail/permits.hpp>

namespace bifilar {

/// Fair: an unlock that finds waiters calls the oldest. Until that one runs, a task that runs already may take the lock
/// once more or many times; if the lock is held when it runs, the next unlock hands it over. Waits spin shortly first
/// where that has paid. Not recursive: debug builds tell a task that waits for itself. Must outlive its waits; whoever
/// has locked it last may destroy it after its unlock. Destroying it locked or waited for aborts. Nothing allocates.
/// Thread: any, for all members, also to unlock what another has locked; acquire on lock, release on unlock.
/// Complexity: uncontended, one atomic exchange to lock and one to unlock.
class mutex {
public:
    class lock_future;

    mutex() noexcept = default;
    mutex(const mutex&) = delete;
    mutex& operator=(const mutex&) = delete;
    ~mutex() {
        BIFILAR_CHECK(!permit_.waited(), "a mutex was destroyed while tasks wait for it; join them first");
        BIFILAR_CHECK(permit_.free() == 1, "a mutex was destroyed locked; let its guard end first");
    }

    /// For guards, and for what a guard released. Aborts when the mutex is not locked.
    void unlock() noexcept {
        owner_.clear();
        BIFILAR_CHECK(permit_.give(1), "unlock() of a mutex that is not locked");
    }

    /// Unlocks in its destructor.
    using guard = detail::lock_holder<mutex, &mutex::unlock>;

    /// The lock now, or an empty guard: also when it is a waiter's turn. Never suspends.
    [[nodiscard]] guard try_lock() noexcept { return permit_.try_take(1) ? guard{*this} : guard{}; }

    /// A future of the guard.
    /// Cancellation: leaves its place in the queue; a lock that was handed to it goes to the next.
    /// Suspends: while others hold the lock, after a short spin.
    [[nodiscard]] lock_future lock() noexcept;

    /// May be out of date when it returns.
    [[nodiscard]] bool is_locked() const noexcept { return permit_.free() == 0; }

private:
    [[no_unique_address]] detail::permits permit_{1, 1};
    detail::lock_owner owner_;  // In the end of the permits, which they leave empty.
};

class [[nodiscard]] mutex::lock_future {
public:
    using output = guard;

    explicit lock_future(mutex& of) noexcept : of_{&of}, wait_{of.permit_, 1} {}

    polled<guard> poll(context& cx) noexcept {
        if (!wait_.poll(cx)) {
            of_->owner_.tell(cx);
            return not_ready;
        }
        of_->owner_.set(cx);
        return guard{*of_};
    }
    void describe_wait(task_visitor& to) const noexcept {
        detail::visit_facts<lock_future>(to, wait_fact::object(of_), of_->owner_.fact());
    }

private:
    mutex* of_;
    detail::permits::wait wait_;
};

inline mutex::lock_future mutex::lock() noexcept { return lock_future{*this}; }

static_assert(future<mutex::lock_future>);
static_assert(sizeof(mutex) <= 48, "what a lock costs where it lies, with debug checks and without");

}  // namespace bifilar
