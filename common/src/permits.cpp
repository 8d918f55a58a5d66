// Where permits have to be waited for: the slow half of permits, all of it under the list's lock.
#include <bifilar/sync/permits.hpp>

namespace bifilar::detail {

// Under the lock, and with the bit set: nobody else writes the word. Serves the front of the queue as far as the free
// permits go. True when there is more to serve than one hold of the lock allows.
bool permits::serve(std::uint32_t more_free, wake_batch& batch) noexcept {
    // Acquire: pairs with give, for what was given before the bit was set; serve publishes it too.
    std::uint64_t free = word_.load(base::acquire) / one + more_free;
    const auto can_serve = [&] {
        const auto* const front = static_cast<const node*>(waiters_.front());
        return front != nullptr && front->count_ <= free;
    };
    for (int count = 0; count < wakes_per_hold && can_serve(); ++count) {
        free -= static_cast<const node*>(waiters_.front())->count_;
        (void)waiters_.wake_one(batch);
    }
    // Pairs with try_take; so that a taker sees what earlier givers wrote, which this thread has seen.
    word_.store(free * one | (waiters_.empty() ? 0 : waited_for), base::release);
    return can_serve();
}

// False, with nothing done, when nobody waits any more: the giver must then not be seen here by whoever takes what it
// gave, because that one may end this object.
bool permits::give_to_waiters(std::uint32_t count) noexcept {
    bool given = false;
    for (bool more = true; more; count = 0) {
        wake_batch batch;  // Outlives the guard: the lock is free when the wakes go out.
        const std::lock_guard guard{waiters_.lock()};
        // Relaxed: the bit changes under the lock alone.
        if ((word_.load(base::relaxed) & waited_for) == 0) break;
        more = serve(count, batch);
        given = true;
    }
    return given;
}

bool permits::enter(node& at, context& cx) noexcept {
    using enum wait_node::place;
    const std::lock_guard guard{waiters_.lock()};
    // Relaxed, both: under the lock. It is taken also to learn of the grant: the giver may still hold it, and whoever
    // has what it waited for may end this object.
    if (at.where(base::relaxed) == woken) {
        at.settled_ = true;
        return true;
    }
    if (at.where(base::relaxed) == fresh) {
        // Pairs with give; so that what the giver wrote is visible.
        const std::uint64_t seen = word_.fetch_or(waited_for, base::acquire);
        if (waiters_.empty() && seen / one >= at.count_) {
            word_.store(seen - (seen & waited_for) - at.count_ * one, base::release);  // As in serve.
            return true;
        }
    }
    waiters_.wait(at, cx);
    return false;
}

void permits::leave(node& at) noexcept {
    using enum wait_node::place;
    bool served = true;
    {
        wake_batch batch;
        const std::lock_guard guard{waiters_.lock()};
        // Relaxed: under the lock.
        if (at.where(base::relaxed) == waiting) {
            waiters_.remove(at);
            // Those behind may want less than this one did.
            if (!serve(0, batch)) return;
            served = false;
        }
    }
    if (!served)
        (void)give_to_waiters(0);
    else
        BIFILAR_CHECK(give(at.count_), "permits were given back that had not been taken");
}

}  // namespace bifilar::detail
