// Where permits have to be waited for: the slow half of permits, nearly all of it under the list's lock.
#include <bifilar/sync/detail/permits.hpp>

#include <algorithm>

namespace bifilar::detail {

// Under the lock: from here to settle nobody else writes the word. The free permits.
std::uint64_t permits::shut() noexcept {
    // Pairs with give, for what was given until now; settle publishes it too.
    return word_.fetch_or(closed, base::acquire) / one;
}

// Under the lock, after shut: serves the front of the queue as far as the free permits go, and opens the word again
// where it can. True when there is more to serve than one hold of the lock allows.
bool permits::settle(std::uint64_t free, wake_batch& batch) noexcept {
    if (has_ended()) [[unlikely]] {
        // Relaxed: under the lock, without which nothing is taken any more.
        word_.store(free * one | ended | closed, base::relaxed);
        return false;
    }
    const auto front = [&] { return static_cast<node*>(waiters_.front()); };
    const auto can_serve = [&] {
        const node* const at = front();
        if (at == nullptr) return false;
        // What others were called for does not count against one who has come in vain.
        return at->count_ <= (at->tried_ ? free : free - std::min<std::uint64_t>(free, reserved_));
    };
    for (int count = 0; count < wakes_per_hold && can_serve(); ++count) {
        node& at = *front();
        at.granted_ = at.tried_;
        if (at.granted_) {
            free -= at.count_;
        } else {
            ++called_;
            reserved_ += at.count_;
        }
        (void)waiters_.wake_one(batch);
    }
    std::uint64_t marks = 0;
    if (!waiters_.empty()) marks = called_ == 0 || front()->tried_ ? closed : called;
    const bool more = can_serve();
    // Pairs with try_take; so that a taker sees what earlier givers wrote, which this thread has seen.
    word_.store(free * one | marks, base::release);
    return more;
}

// False, with nothing done, when there is no reason any more to come here, or when there would be more permits than
// exist: the giver looks again. It must not be seen here by whoever takes what it gave, because that one may end this
// object.
bool permits::give_to_waiters(std::uint32_t count) noexcept {
    bool more = false;
    {
        wake_batch batch;  // Outlives the guard: the lock is free when the wakes go out.
        const std::lock_guard guard{waiters_.lock()};
        // Relaxed: without the bits anybody may write the word, but they come and go under the lock alone.
        if ((word_.load(base::relaxed) & (closed | called)) == 0) return false;
        const std::uint64_t free = shut();
        const bool fits = free + count <= most_;
        more = settle(fits ? free + count : free, batch);
        if (!fits) return false;
    }
    if (more) serve_more();
    return true;
}

// The rest of those who wait, in portions, so that the lock is never held for long. Whoever is left waiting keeps this
// object alive.
void permits::serve_more() noexcept {
    for (bool more = true; more;) {
        wake_batch batch;
        const std::lock_guard guard{waiters_.lock()};
        more = !waiters_.empty() && settle(shut(), batch);
    }
}

// Those who wait are called, in portions, and learn the reason when they come.
void permits::end() noexcept {
    for (bool more = true; more;) {
        wake_batch batch;
        const std::lock_guard guard{waiters_.lock()};
        const std::uint64_t free = shut();
        word_.store(free * one | ended | closed, base::relaxed);  // Relaxed: as in settle.
        for (int count = 0; count < wakes_per_hold && !waiters_.empty(); ++count) {
            ++called_;
            reserved_ += static_cast<node*>(waiters_.front())->count_;
            (void)waiters_.wake_one(batch);
        }
        more = !waiters_.empty();
    }
}

bool permits::enter(node& at, context& cx) noexcept {
    using enum wait_node::place;
    bool more = false;
    bool has = false;
    {
        wake_batch batch;
        const std::lock_guard guard{waiters_.lock()};
        // Relaxed, all: under the lock. It is taken also to learn of the grant: the giver may still hold it, and
        // whoever has what it waited for may end this object.
        const wait_node::place was = at.where(base::relaxed);
        if (was == waiting) {
            waiters_.wait(at, cx);
            return false;
        }
        if (at.granted_) {
            at.settled_ = true;
            return true;
        }
        if (was == woken) {
            --called_;
            reserved_ -= at.count_;
        }
        if (has_ended()) [[unlikely]] {
            at.settled_ = at.in_vain_ = true;
            return true;
        }
        // Who has just come does not overtake those who wait, but who was called may take what is free.
        const bool first = was == woken || (word_.load(base::relaxed) & closed) == 0;
        std::uint64_t free = shut();
        has = first && free >= at.count_;
        if (has) {
            free -= at.count_;
            at.settled_ = true;
        } else if (was == woken) {
            // In vain: it keeps its place in front, and the next permits are handed to it.
            at.tried_ = true;
            waiters_.wait_first(at, cx);
        } else {
            waiters_.wait(at, cx);
        }
        more = settle(free, batch);
    }
    // Outside of the lock, which serve_more takes for each portion.
    if (more) serve_more();
    return has;
}

void permits::leave(node& at) noexcept {
    using enum wait_node::place;
    bool more = false;
    {
        wake_batch batch;
        const std::lock_guard guard{waiters_.lock()};
        std::uint32_t back = 0;
        // Relaxed: under the lock.
        if (at.where(base::relaxed) == waiting) {
            waiters_.remove(at);
        } else if (at.granted_) {
            back = at.count_;
        } else {
            --called_;
            reserved_ -= at.count_;
        }
        // Those behind may want less than this one did.
        more = settle(shut() + back, batch);
    }
    if (more) serve_more();
}

// Pays where the holder runs on another worker and is about to give; where it sleeps, a few looks show that. They are
// far apart, because each takes the word's cache line from a holder who may be about to take again. True when the
// permits were taken, or, for one who was called and takes them under the lock, when so many were free.
bool permits::spin(std::uint32_t count, bool was_called) noexcept {
    constexpr std::int32_t apart = 32;
    constexpr std::int32_t fewest = apart;
    constexpr std::int32_t most = 4 * apart;
    constexpr std::int32_t rests = -16;
    // Relaxed, all: hints.
    if (!was_called && (word_.load(base::relaxed) & closed) != 0) return false;
    const std::int32_t hint = spins_.load(base::relaxed);
    if (hint < 0) {
        spins_.store(hint + 1, base::relaxed);
        return false;
    }
    const std::int32_t limit = std::max(hint, fewest);
    for (std::int32_t pause = 0;; pause += apart) {
        const std::uint64_t seen = word_.load(base::relaxed);
        if (!was_called && (seen & closed) != 0) return false;  // Not to be overtaken.
        if (seen / one >= count && (was_called || try_take(count))) {
            if (pause != 0) spins_.store(std::min(limit + fewest, most), base::relaxed);
            return true;
        }
        if (pause >= limit) break;
        base::spin_pauses(apart);
    }
    spins_.store(limit == fewest ? rests : limit / 2, base::relaxed);
    return false;
}

}  // namespace bifilar::detail
