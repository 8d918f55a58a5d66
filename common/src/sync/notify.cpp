// Where a notify is waited for: all of it under the list's lock.
#include <bifilar/sync/notify.hpp>

namespace bifilar {

// False, with nothing done, when nobody waits any more: a notice that is kept must not find the notifier in here,
// because whoever takes it may end this object.
bool notify::notify_waiter(bool last) noexcept {
    wake_batch batch;  // Outlives the guard: the lock is free when the wakes go out.
    const std::lock_guard guard{notices_.waiters().lock()};
    if (!(last ? notices_.give_last(batch) : notices_.give_one(batch))) return false;
    if (notices_.empty()) {
        // Relaxed: with the bit set, lock holders alone write the word.
        const std::uint64_t seen = word_.load(base::relaxed);
        word_.store(seen & ~waited_for, base::release);  // Pairs with enter, for the generation.
    }
    return true;
}

void notify::notify_all() noexcept {
    notices_.waiters().wake_all([this] {
        std::uint64_t seen = word_.load(base::relaxed);  // Relaxed: a guess for the exchange.
        // Pairs with wait_future and enter; so that what was written before is visible to those who were not in the
        // list yet.
        while (!word_.compare_exchange_weak(seen, (seen & ~waited_for) + generation, base::release, base::relaxed)) {
        }
    });
}

bool notify::enter(detail::notice_list::node& at, std::uint64_t made_in, context& cx) noexcept {
    using enum detail::wait_node::place;
    const std::lock_guard guard{notices_.waiters().lock()};
    // Relaxed, both: under the lock. It is taken also to learn of the wake: whoever gave it may still hold the lock,
    // and a wait that has ended may end this object.
    if (at.where(base::relaxed) == woken) {
        at.settled_ = true;
        return true;
    }
    if (at.where(base::relaxed) == fresh) {
        std::uint64_t seen = word_.load(base::relaxed);  // Relaxed: notify_all holds the lock.
        for (;;) {
            if ((seen & generations) != made_in) return true;
            const bool take = (seen & kept) != 0;
            // Pairs with notify_one.
            if (word_.compare_exchange_weak(seen, take ? seen & ~kept : seen | waited_for, base::acquire,
                                            base::relaxed)) {
                if (take) return true;
                break;
            }
        }
    }
    notices_.waiters().wait(at, cx);
    return false;
}

void notify::leave(detail::notice_list::node& at) noexcept {
    bool unused = false;
    {
        wake_batch batch;
        const std::lock_guard guard{notices_.waiters().lock()};
        unused = notices_.leave(at, batch);
        // Relaxed: with the bit set, lock holders alone write the word; without it, a kept notice must not be lost.
        const std::uint64_t seen = word_.load(base::relaxed);
        if ((seen & waited_for) != 0 && notices_.empty())
            word_.store(seen & ~waited_for, base::release);  // Pairs with try_wait, for those who notified before.
    }
    if (unused) notify_one();
}

}  // namespace bifilar
