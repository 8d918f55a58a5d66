// One value from one sender to one receiver. A state word and the value; no lock.
// The object itself for whoever owns it, handles for two sides that end independently.
#pragma once

#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/base/detail/owner_count.hpp>
#include <bifilar/base/detail/spin_lock.hpp>
#include <bifilar/channel/channel_error.hpp>
#include <bifilar/future/future.hpp>
#include <bifilar/memory/detail/frame_pool.hpp>
#include <bifilar/task/waker.hpp>
#include <cstdint>
#include <expected>
#include <memory>
#include <new>
#include <optional>
#include <utility>

namespace bifilar {

/// Neither copied nor moved. Whoever received the value, or that there will be none, may destroy the object at once.
/// Destroying it waited for aborts. Nothing allocates.
/// Thread: one sends or closes, one receives, at the same time; release on sending, acquire on receiving.
template <class T>
class oneshot {
    static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>,
                  "a oneshot moves values; send a std::unique_ptr to a type whose move may throw");

public:
    class recv_future;

    oneshot() noexcept {}
    oneshot(const oneshot&) = delete;
    oneshot& operator=(const oneshot&) = delete;
    ~oneshot() {
        const std::uintptr_t now = word_.load(base::acquire);  // Pairs with close, which send and try_recv see relaxed.
        BIFILAR_CHECK(!waits(now), "a oneshot was destroyed while a task waits for its value; join it first");
        if (now == full) std::destroy_at(&value_);
    }

    /// Gives the value. Never suspends.
    /// Errors: send_error with the value when the receiver has closed or a value was sent before.
    std::expected<void, send_error<T>> send(T value) noexcept {
        std::uintptr_t seen = word_.load(base::relaxed);  // Relaxed: a guess for the exchange.
        waiter* watcher = nullptr;
        if (!is_over(seen) && (seen & watched) != 0) [[unlikely]]
            watcher = take_watcher(seen);
        if (is_over(seen)) return std::unexpected{send_error<T>{std::move(value)}};
        std::construct_at(&value_, std::move(value));
        for (;;) {
            // Pairs with try_recv and recv_future; so that the value is visible. Acquire: the waiter is.
            if (word_.compare_exchange_weak(seen, over(full, seen), base::acq_rel, base::relaxed)) break;
            if (is_over(seen)) {
                send_error<T> back{std::move(value_)};
                std::destroy_at(&value_);
                tell(watcher);
                return std::unexpected{std::move(back)};
            }
        }
        tell(watcher);
        wake(seen);
        return {};
    }
    template <detail::loses_fraction<T> U>
    void send(U) = delete;  // It would lose its fraction: convert it first.

    /// There will be no value, or it is not wanted any more: a send gives it back, a receiver gets nothing. A value
    /// that was sent stays. Either side; any number of times.
    void close() noexcept {
        std::uintptr_t seen = word_.load(base::relaxed);  // Relaxed: a guess for the exchange.
        while (!is_over(seen))
            // Pairs with recv_future and closed_future: acquire, for the waiter; release, because who sees this may
            // destroy the object.
            if (word_.compare_exchange_weak(seen, over(closed, seen), base::acq_rel, base::relaxed)) {
                if ((seen & watched) != 0) tell(watcher_);  // Of a handle's, which keeps this in memory.
                return wake(seen);
            }
    }

    /// The value, once it is there. Never suspends.
    /// Errors: try_recv_error: empty; closed when there was none, or it was taken.
    std::expected<T, try_recv_error> try_recv() noexcept {
        const std::uintptr_t now = word_.load(base::acquire);  // Pairs with send.
        if ((now & ~told) == full) return take(now);
        return std::unexpected{is_over(now) ? try_recv_error::closed : try_recv_error::empty};
    }

    /// Whether a receive waits, or was told and has not been asked again; may be out of date when it returns.
    [[nodiscard]] bool is_waited_for() const noexcept {
        return waits(word_.load(base::relaxed));  // Relaxed: the answer orders nothing.
    }

    /// A future of the value; empty when the oneshot was closed without one, or it was taken. One at a time: a second
    /// aborts.
    /// Cancellation: takes nothing.
    /// Suspends: until a value is sent or the oneshot is closed.
    [[nodiscard]] recv_future recv() noexcept { return recv_future{*this}; }

protected:
    class closed_future;

private:
    // Where a receiver waits, or a sender for the receiver's end; lives in its future.
    class alignas(8) waiter {
    public:
        waker_ref task;
        // The other side has claimed the task and does not touch this any more. Written by it, read by the owner.
        base::atomic<bool> released{false};
    };

    static constexpr std::uintptr_t empty = 0;
    static constexpr std::uintptr_t full = 1;
    static constexpr std::uintptr_t taken = 2;
    static constexpr std::uintptr_t closed = 3;
    static constexpr std::uintptr_t told = 4;  // With the last three: a receive has waited, and still refers to this.
    static constexpr std::uintptr_t watched = 4;  // With the rest: the sender waits for the end, at watcher_.
    static_assert(alignof(waiter) > (closed | told), "an address is none of the states");

    static bool is_over(std::uintptr_t word) noexcept { return (word & closed) != 0; }
    static bool waits(std::uintptr_t word) noexcept { return is_over(word) ? (word & told) != 0 : word > watched; }
    static std::uintptr_t over(std::uintptr_t how, std::uintptr_t before) noexcept {
        return before <= watched ? how : how | told;
    }

    // After the word was exchanged: nothing of this object is touched.
    static void wake(std::uintptr_t before) noexcept {
        if (before > watched) tell(reinterpret_cast<waiter*>(before & ~watched));
    }
    static void tell(waiter* waits) noexcept {
        if (waits == nullptr) return;
        wake_batch batch;
        batch.claim(waits->task);
        waits->released.store(true, base::release);  // Pairs with await_release; the last touch.
    }
    // The other side is about to let go of the waiter, or has.
    static void await_release(const waiter& of) noexcept {
        // Pairs with tell.
        for (int spins = 0; !of.released.load(base::acquire); ++spins)
            spins < 64 ? base::spin_pause() : base::yield_thread();
    }
    // The sender's side: it waits for the end no more. Its waiter, or null when the receiver's end came before.
    waiter* take_watcher(std::uintptr_t& seen) noexcept {
        while (!is_over(seen) && (seen & watched) != 0)
            // Relaxed: the waiter is this side's own. It ends before the value is made in its place.
            if (word_.compare_exchange_weak(seen, seen & ~watched, base::relaxed, base::relaxed)) {
                seen &= ~watched;
                return watcher_;
            }
        return nullptr;
    }

    T take(std::uintptr_t now) noexcept {
        T value = std::move(value_);
        std::destroy_at(&value_);
        word_.store(taken | (now & told), base::relaxed);  // Relaxed: says nothing about other memory.
        return value;
    }

    // empty | full | taken | closed, or the address of the waiting receiver's node. The sender leaves empty or the
    // address for full; either side for closed; the receiver goes between empty and its address, and from full to
    // taken. The sender adds `watched` to what is not over, and takes it away. Whoever leaves the address adds `told`.
    // Once it is over, the receiver alone writes it: it takes the value, and its wait takes `told` away when it ends.
    base::atomic<std::uintptr_t> word_{empty};
    union {
        T value_;
        waiter* watcher_;  // With `watched`: written by the sender before, read by whoever ends it.
    };
};

/// What oneshot_sender::closed makes.
template <class T>
class [[nodiscard]] oneshot<T>::closed_future {
public:
    using output = void;

    explicit closed_future(oneshot& of) noexcept : of_{&of} {}
    /// Before its first poll.
    closed_future(closed_future&& other) noexcept : of_{other.of_} {
        BIFILAR_CHECK(!other.waits_, "a future was moved after its first poll");
    }
    closed_future& operator=(closed_future&&) = delete;
    ~closed_future() { leave(); }

    polled<void> poll(context& cx) noexcept {
        if (!waits_ && !cx.take_budget()) return not_ready;
        // Relaxed: only whether to look again.
        std::uintptr_t now = of_->word_.load(base::relaxed);
        if (waits_ && !is_over(now) && waiter_.task == cx.borrow()) return not_ready;
        leave();
        now = of_->word_.load(base::acquire);  // Pairs with close.
        BIFILAR_CHECK(is_over(now) || (now & watched) == 0,
                      "two waits for the end of one oneshot at the same time; it has one sender");
        if (is_over(now)) return done;
        waiter_.task = cx.borrow();
        waiter_.released.store(false, base::relaxed);  // Relaxed: published by the exchange.
        of_->watcher_ = &waiter_;
        while (!is_over(now))
            // Pairs with close: release, for the waiter; acquire where it has come meanwhile.
            if (of_->word_.compare_exchange_weak(now, now | watched, base::release, base::acquire)) {
                waits_ = true;
                return not_ready;
            }
        return done;
    }
    void describe_wait(task_visitor& to) const noexcept {
        detail::visit_facts<closed_future>(to, wait_fact::object(of_));
    }

private:
    // Afterwards nobody knows the waiter.
    void leave() noexcept {
        if (!std::exchange(waits_, false)) return;
        std::uintptr_t seen = of_->word_.load(base::relaxed);  // Relaxed: a guess for the exchange.
        if (of_->take_watcher(seen) == nullptr) await_release(waiter_);
    }

    oneshot* of_;
    waiter waiter_;
    bool waits_ = false;
};

template <class T>
class [[nodiscard]] oneshot<T>::recv_future {
public:
    using output = std::optional<T>;

    explicit recv_future(oneshot& from) noexcept : from_{&from} {}
    /// Before its first poll.
    recv_future(recv_future&& other) noexcept : from_{other.from_} {
        BIFILAR_CHECK(!other.waits_, "a future was moved after its first poll");
    }
    recv_future& operator=(recv_future&&) = delete;
    ~recv_future() { leave(); }

    polled<output> poll(context& cx) noexcept {
        if (!waits_ && !cx.take_budget()) return not_ready;
        std::uintptr_t now = from_->word_.load(base::acquire);  // Pairs with send.
        if ((now & ~watched) == reinterpret_cast<std::uintptr_t>(&waiter_)) {
            if (waiter_.task == cx.borrow()) return not_ready;
            leave();
            now = from_->word_.load(base::acquire);  // As above.
        }
        if (now == empty || now == watched) {
            waiter_.task = cx.borrow();
            waiter_.released.store(false, base::relaxed);  // Relaxed: published by the exchange.
            while (now == empty || now == watched)
                // Pairs with send and close: release, for the waiter; acquire, for a value that has come meanwhile.
                if (from_->word_.compare_exchange_weak(now, reinterpret_cast<std::uintptr_t>(&waiter_) | now,
                                                       base::release, base::acquire)) {
                    waits_ = true;
                    return not_ready;
                }
        }
        if (waits_) now &= ~told;
        leave();
        if (now == full) return output{from_->take(now)};
        BIFILAR_CHECK(now == taken || now == closed,
                      "two receives of one oneshot at the same time; it has one receiver");
        return output{};
    }
    void describe_wait(task_visitor& to) const noexcept {
        detail::visit_facts<recv_future>(to, wait_fact::object(from_));
    }

private:
    // Afterwards nobody knows the waiter.
    void leave() noexcept {
        if (!std::exchange(waits_, false)) return;
        std::uintptr_t seen = reinterpret_cast<std::uintptr_t>(&waiter_);
        while (!is_over(seen))
            // Relaxed: nothing was received. Where it is over, the sender is about to let go or has.
            if (from_->word_.compare_exchange_weak(seen, seen & watched, base::relaxed, base::relaxed)) return;
        await_release(waiter_);
        from_->word_.store(seen & ~told, base::relaxed);  // Relaxed: the receiver's own from now on.
    }

    oneshot* from_;
    waiter waiter_;
    bool waits_ = false;
};

template <class T>
class oneshot_sender;
template <class T>
class oneshot_receiver;

namespace detail {

/// A oneshot that belongs to its two handles. From the frame pool.
template <class T>
class shared_oneshot : public oneshot<T> {
public:
    using typename oneshot<T>::closed_future;

    static shared_oneshot* make() {
        static_assert(alignof(shared_oneshot) <= largest_frame_alignment, "a value is aligned to at most 256 MiB");
        return new (allocate_frame(sizeof(shared_oneshot))) shared_oneshot;
    }
    void drop() noexcept {
        if (!owners_.drop()) return;
        this->~shared_oneshot();
        release_frame(this);
    }

private:
    // Two at first; each handle gives up one.
    base::owner_count owners_{2};
};

}  // namespace detail

/// The sending side. Dropped without having sent, it closes the oneshot. Move-only. Aborts when used after it was moved
/// from.
/// Thread: one at a time.
template <class T>
class oneshot_sender {
public:
    explicit oneshot_sender(detail::shared_oneshot<T>& of) noexcept : of_{&of} {}
    oneshot_sender(oneshot_sender&& other) noexcept : of_{std::exchange(other.of_, nullptr)} {}
    oneshot_sender& operator=(oneshot_sender other) noexcept {
        std::swap(of_, other.of_);
        return *this;
    }
    ~oneshot_sender() {
        if (of_ == nullptr) return;
        of_->close();
        of_->drop();
    }

    /// As oneshot::send.
    std::expected<void, send_error<T>> send(T value) noexcept { return here().send(std::move(value)); }
    template <detail::loses_fraction<T> U>
    void send(U) = delete;  // It would lose its fraction: convert it first.

    /// A future that is ready when a send would be in vain: the receiver has closed or is gone, or a value was sent.
    /// One at a time: a second aborts. The sender outlives it and may send meanwhile.
    /// Cancellation: loses nothing.
    /// Suspends: until then.
    [[nodiscard]] auto closed() noexcept {
        (void)here();
        return typename detail::shared_oneshot<T>::closed_future{*of_};
    }

private:
    oneshot<T>& here() noexcept {
        BIFILAR_CHECK(of_ != nullptr, "a oneshot_sender was used after it was moved from");
        return *of_;
    }
    detail::shared_oneshot<T>* of_;
};

/// The receiving side. Dropped, it closes the oneshot, and a value in it is destroyed. Move-only, while nobody waits.
/// Aborts when used after it was moved from, or dropped while a receive waits.
/// Thread: one at a time.
template <class T>
class oneshot_receiver {
public:
    explicit oneshot_receiver(detail::shared_oneshot<T>& of) noexcept : of_{&of} {}
    oneshot_receiver(oneshot_receiver&& other) noexcept : of_{std::exchange(other.of_, nullptr)} {}
    oneshot_receiver& operator=(oneshot_receiver other) noexcept {
        std::swap(of_, other.of_);
        return *this;
    }
    ~oneshot_receiver() {
        if (of_ == nullptr) return;
        BIFILAR_CHECK(!of_->is_waited_for(), "a oneshot_receiver was dropped while its recv() waits; end that first");
        of_->close();
        (void)of_->try_recv();  // A value that nobody will take ends here.
        of_->drop();
    }

    /// As in oneshot.
    std::expected<T, try_recv_error> try_recv() noexcept { return here().try_recv(); }
    /// As recv of oneshot.
    [[nodiscard]] typename oneshot<T>::recv_future recv() noexcept { return here().recv(); }
    /// As close of oneshot.
    void close() noexcept { here().close(); }

private:
    oneshot<T>& here() noexcept {
        BIFILAR_CHECK(of_ != nullptr, "a oneshot_receiver was used after it was moved from");
        return *of_;
    }
    detail::shared_oneshot<T>* of_;
};

/// Both sides of a new oneshot.
/// Throws: std::bad_alloc.
/// Allocates: one block from the frame pool.
template <class T>
[[nodiscard]] std::pair<oneshot_sender<T>, oneshot_receiver<T>> make_oneshot() {
    auto* const made = detail::shared_oneshot<T>::make();
    return {oneshot_sender<T>{*made}, oneshot_receiver<T>{*made}};
}

}  // namespace bifilar
