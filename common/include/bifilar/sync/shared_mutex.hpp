// A lock that many readers or one writer hold; may be held across a suspension.
// A reader takes one of detail::permits, a writer all of them; one queue for both, so that neither starves.
#pragma once

#include <bifilar/future/future.hpp>
#include <bifilar/sync/detail/permits.hpp>

namespace bifilar {

/// Waiters come in in the order of arrival, neighbouring readers together. An unlock calls them; until they run, tasks
/// that run already may lock once more or many times, and a waiter that comes in vain is next: from then on nobody
/// enters before it, so neither side starves. Not recursive: a reader that locks again while a writer waits may wait
/// for itself. Waits spin shortly first where that has paid. Must outlive its waits, and an unlock that lets more than
/// 64 in. Destroying it locked or waited for aborts. Nothing allocates.
/// Thread: any, for all members; acquire on lock, release on unlock.
/// Complexity: uncontended, one atomic exchange to lock and one to unlock.
class shared_mutex {
public:
    class lock_future;
    class lock_shared_future;

    /// The most readers at one time; further ones wait.
    static constexpr std::uint32_t max_readers = std::uint32_t{1} << 30;

    shared_mutex() noexcept = default;
    shared_mutex(const shared_mutex&) = delete;
    shared_mutex& operator=(const shared_mutex&) = delete;
    ~shared_mutex() {
        BIFILAR_CHECK(!permits_.waited(), "a shared_mutex was destroyed while tasks wait for it; join them first");
        BIFILAR_CHECK(permits_.free() == max_readers, "a shared_mutex was destroyed locked; let its guards end first");
    }

    /// The writer's. Aborts when nobody has locked it.
    void unlock() noexcept {
        BIFILAR_CHECK(permits_.give(max_readers), "unlock() of a shared_mutex that no writer has locked");
    }
    /// A reader's. Aborts when nobody has locked it.
    void unlock_shared() noexcept {
        BIFILAR_CHECK(permits_.give(1), "unlock_shared() of a shared_mutex that no reader has locked");
    }

    /// Unlock in their destructors.
    using guard = detail::lock_holder<shared_mutex, &shared_mutex::unlock>;
    /// Gives the shared lock back in its destructor.
    using shared_guard = detail::lock_holder<shared_mutex, &shared_mutex::unlock_shared>;

    /// The writer's lock now, or an empty guard. Never suspends.
    [[nodiscard]] guard try_lock() noexcept { return permits_.try_take(max_readers) ? guard{*this} : guard{}; }
    /// A reader's lock now, or an empty guard: also when it is a waiting writer's turn. Never suspends.
    [[nodiscard]] shared_guard try_lock_shared() noexcept {
        return permits_.try_take(1) ? shared_guard{*this} : shared_guard{};
    }

    /// A future of the writer's guard.
    /// Cancellation: leaves its place, and readers behind it come in; a lock that was handed to it goes to the next.
    /// Suspends: while others hold the lock, after a short spin.
    [[nodiscard]] lock_future lock() noexcept;
    /// A future of a reader's guard.
    /// Cancellation: leaves its place; a lock that was handed to it goes to the next.
    /// Suspends: while a writer holds the lock or its turn has not come, after a short spin.
    [[nodiscard]] lock_shared_future lock_shared() noexcept;

    /// A writer becomes a reader, without letting another writer in between. Never suspends. Aborts when the guard
    /// holds nothing.
    [[nodiscard]] static shared_guard downgrade(guard held) noexcept {
        shared_mutex* const of = held.release();
        BIFILAR_CHECK(of != nullptr, "downgrade() of a guard that holds nothing");
        BIFILAR_CHECK(of->permits_.give(max_readers - 1), "downgrade() of a shared_mutex that no writer has locked");
        return shared_guard{*of};
    }

private:
    // How many readers hold it; max_readers: a writer.
    [[nodiscard]] wait_fact reader_fact() const noexcept {
        return wait_fact::number("held", max_readers - permits_.free());
    }

    detail::permits permits_{max_readers, max_readers};
};

class [[nodiscard]] shared_mutex::lock_future {
public:
    using output = guard;

    explicit lock_future(shared_mutex& of) noexcept : of_{&of}, wait_{of.permits_, max_readers} {}
    polled<guard> poll(context& cx) noexcept {
        if (!wait_.poll(cx)) return not_ready;
        return guard{*of_};
    }
    void describe_wait(task_visitor& to) const noexcept {
        detail::visit_facts<lock_future>(to, wait_fact::object(of_), of_->reader_fact());
    }

private:
    shared_mutex* of_;
    detail::permits::wait wait_;
};

class [[nodiscard]] shared_mutex::lock_shared_future {
public:
    using output = shared_guard;

    explicit lock_shared_future(shared_mutex& of) noexcept : of_{&of}, wait_{of.permits_, 1} {}
    polled<shared_guard> poll(context& cx) noexcept {
        if (!wait_.poll(cx)) return not_ready;
        return shared_guard{*of_};
    }
    void describe_wait(task_visitor& to) const noexcept {
        detail::visit_facts<lock_shared_future>(to, wait_fact::object(of_), of_->reader_fact());
    }

private:
    shared_mutex* of_;
    detail::permits::wait wait_;
};

inline shared_mutex::lock_future shared_mutex::lock() noexcept { return lock_future{*this}; }
inline shared_mutex::lock_shared_future shared_mutex::lock_shared() noexcept { return lock_shared_future{*this}; }

static_assert(future<shared_mutex::lock_future> && future<shared_mutex::lock_shared_future>);

}  // namespace bifilar
