// What every queue-like channel has in common: one lock, a store of values, and two lists of those who wait.
// Values leave in the order in which they came, but for one that a cancelled receiver gives back; senders and receivers
// are woken in the order in which they began to wait. A receiver moves the value of the oldest waiting sender into the
// store itself, or takes it where the store holds none. A sender hands its value to a waiting receiver, one such
// hand-over at a time; receivers that are woken meanwhile have a value of the store reserved. So nobody is overtaken.
#pragma once

#include <bifilar/base/spin_lock.hpp>
#include <bifilar/channel/channel_error.hpp>
#include <bifilar/core/future.hpp>
#include <bifilar/core/wait_list.hpp>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace bifilar {

namespace detail {

/// `Store` keeps values in order: has_room(count), prepare() before a push, push, pop, push_front of one value beyond
/// its room, capacity(). Nothing but prepare() allocates or throws.
template <class T, class Store>
class channel_core {
    static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>,
                  "a channel moves values under its lock; send a std::unique_ptr to a type whose move may throw");

public:
    using count_type = typename Store::count_type;
    class send_future;
    class recv_future;
    class recv_many_future;

    template <class... Given>
    explicit channel_core(Given... given) : store_{given...} {}
    channel_core(const channel_core&) = delete;
    channel_core& operator=(const channel_core&) = delete;
    ~channel_core() {
        BIFILAR_CHECK(senders_.empty() && receivers_.empty(),
                      "a channel was destroyed while tasks wait at it; close it and join them first");
        for (; count_ != 0; --count_) (void)store_.pop();
    }

    /// Sends at once or gives the value back.
    std::expected<void, try_send_error<T>> try_send(T value) noexcept(nothrow) {
        wake_batch batch;  // Outlives the guard: wakes go out when the lock is free.
        const std::lock_guard guard{lock()};
        if (closed_) return std::unexpected{try_send_error<T>{true, std::move(value)}};
        if (!can_accept()) return std::unexpected{try_send_error<T>{false, std::move(value)}};
        store_.prepare();
        accept(std::move(value), batch);
        return {};
    }

    /// A future that is ready when the value is in the channel. Cancelled before that, the value is destroyed with
    /// the future and was not sent; a poll after it was taken says so. A value may be taken between the last poll and
    /// the end of the future: a timeout around a send does not mean that the value was not sent.
    [[nodiscard]] send_future send(T value) noexcept { return send_future{*this, std::move(value)}; }

    /// Takes the oldest value that is not reserved for a receiver that waited.
    std::expected<T, try_recv_error> try_recv() noexcept {
        wake_batch batch;
        const std::lock_guard guard{lock()};
        if (count_ > reserved_) return take(batch);
        if (can_meet()) return meet(batch);
        // What was promised to a receiver may come back.
        const bool drained = closed_ && count_ == 0 && !handed_.load(base::acquire);  // Pairs with release_handed.
        return std::unexpected{drained ? try_recv_error::closed : try_recv_error::empty};
    }

    /// A future of a value, the oldest that no other receiver was promised; empty when the channel is closed and
    /// drained. Cancelled, it takes nothing: an item that was reserved for it goes to the next receiver.
    [[nodiscard]] recv_future recv() noexcept { return recv_future{*this}; }

    /// A future of how many values it appended to `into`: at least 1 and at most `most`, as many as are there when the
    /// first is; 0 when the channel is closed and drained, or `most` is 0. `into` grows once; what that throws comes
    /// out before anything was taken. Cancelled, it takes nothing.
    [[nodiscard]] recv_many_future recv_many(std::vector<T>& into, std::size_t most) noexcept {
        return recv_many_future{*this, into, most};
    }

    /// No more sends; waiting senders get their values back, receivers drain what is there. Any number of times.
    void close() noexcept {
        for (bool more = true; more;) {
            wake_batch batch;
            const std::lock_guard guard{lock()};
            closed_ = true;
            more = false;
            for (int count = 0; count < wakes_per_hold; ++count) more = wake_pair(batch);
        }
    }

    /// Whether close() was called.
    [[nodiscard]] bool is_closed() noexcept {
        const std::lock_guard guard{lock()};
        return closed_;
    }
    /// Values in the channel; old at once.
    [[nodiscard]] count_type len() noexcept {
        const std::lock_guard guard{lock()};
        return count_;
    }
    [[nodiscard]] count_type capacity() const noexcept { return store_.capacity(); }

private:
    static constexpr int wakes_per_hold = 64;
    static constexpr bool nothrow = noexcept(std::declval<Store&>().prepare());

    // Places of waiting operations. The lock guards their members.
    struct send_node : wait_node {
        explicit send_node(T&& from) noexcept : value{std::move(from)} {}
        send_node(send_node&&) noexcept = default;
        std::optional<T> value;  // Empty once a receiver has moved it into the ring.
    };
    struct recv_node : wait_node {
        recv_node() noexcept = default;
        recv_node(recv_node&&) noexcept = default;
        bool reserved = false;   // Woken because an item of the ring is there for it, and not because of close.
        std::optional<T> value;  // Or handed over by a sender.
    };

    base::spin_lock& lock() noexcept { return senders_.lock(); }

    // All below: under the lock.
    bool can_accept() noexcept { return senders_.empty() && (store_.has_room(count_) || can_hand_over()); }

    // A new value: to the oldest waiting receiver, or into the store.
    void accept(T&& value, wake_batch& batch) noexcept {
        if (!hand_over(value, batch)) push(std::move(value), batch);
    }

    // Not while others have not come for their values yet: they would find an older one in the store after they took
    // this.
    bool can_hand_over() noexcept {
        // Pairs with release_handed; so that the last receiver has let go.
        return count_ == 0 && !receivers_.empty() && !handed_.load(base::acquire);
    }

    bool hand_over(T& value, wake_batch& batch) noexcept {
        if (!can_hand_over()) return false;
        handed_.store(true, base::relaxed);  // Relaxed: lock holders alone ask.
        static_cast<recv_node*>(receivers_.front())->value.emplace(std::move(value));
        (void)receivers_.wake_one(batch);
        return true;
    }

    // A receiver takes the value of a waiting sender itself where the store holds none.
    bool can_meet() noexcept { return !closed_ && count_ == 0 && !senders_.empty(); }

    T meet(wake_batch& batch) noexcept {
        auto* const sender = static_cast<send_node*>(senders_.front());
        T value = std::move(*sender->value);
        sender->value.reset();
        (void)senders_.wake_one(batch);
        return value;
    }

    // The receiver has its value. Without the lock.
    void release_handed() noexcept { handed_.store(false, base::release); }  // Pairs with hand_over.

    // A receiver that was cancelled gives its value back: to the next, or as the oldest into the spare slot.
    void put_back(T& value, wake_batch& batch) noexcept {
        release_handed();
        if (hand_over(value, batch)) return;
        store_.push_front(std::move(value));
        ++count_;
        wake_receiver(batch);
    }

    // Where there is no room, a sender and a receiver may both have begun to wait while another value was on its way.
    void introduce(wake_batch& batch) noexcept {
        if (store_.capacity() != 0 || !can_meet() || !can_hand_over()) return;
        T value = meet(batch);
        (void)hand_over(value, batch);
    }

    void push(T&& value, wake_batch& batch) noexcept {
        store_.push(std::move(value), count_);
        ++count_;
        wake_receiver(batch);
    }

    // One peer of each side; true when there was one at all.
    bool wake_pair(wake_batch& batch) noexcept {
        const bool sender = senders_.wake_one(batch);
        const bool receiver = receivers_.wake_one(batch);
        return sender || receiver;
    }

    // Takes an item and lets the oldest waiting sender have the room.
    T take(wake_batch& batch) noexcept {
        T value = store_.pop();
        --count_;
        if (!closed_ && !senders_.empty() && store_.has_room(count_)) push(meet(batch), batch);
        introduce(batch);
        end_receiver(batch);
        return value;
    }

    // Without the lock: as many as are there and as the vector has room for.
    std::size_t take_more(std::vector<T>& into, std::size_t most) noexcept {
        wake_batch batch;
        const std::lock_guard guard{lock()};
        std::size_t taken = 0;
        for (; taken < most && into.size() < into.capacity() && count_ > reserved_; ++taken)
            into.push_back(take(batch));
        return taken;
    }

    // Closed and drained: the oldest waiting receiver is told, and tells the next.
    void end_receiver(wake_batch& batch) noexcept {
        if (closed_ && count_ == 0) (void)receivers_.wake_one(batch);
    }

    void wake_receiver(wake_batch& batch) noexcept {
        auto* const receiver = static_cast<recv_node*>(receivers_.front());
        if (receiver == nullptr || count_ <= reserved_) return;
        ++reserved_;
        receiver->reserved = true;
        (void)receivers_.wake_one(batch);
    }

    wait_list senders_;  // Its lock guards everything; the receivers' own is not used.
    wait_list receivers_;
    count_type count_ = 0;
    count_type reserved_ = 0;  // Values that belong to woken receivers; at most count_.
    bool closed_ = false;
    // Whether a woken receiver holds a value that a sender gave it. Set under the lock, cleared by that receiver.
    base::atomic<bool> handed_{false};
    Store store_;
};

template <class T, class Store>
class [[nodiscard]] channel_core<T, Store>::send_future {
public:
    using output = std::expected<void, send_error<T>>;

    send_future(channel_core& to, T&& value) noexcept : channel_{&to}, node_{std::move(value)} {}
    send_future(send_future&&) noexcept = default;
    send_future& operator=(send_future&&) = delete;
    ~send_future() {
        using enum wait_node::place;
        if (node_.where() != waiting) return;
        const std::lock_guard guard{channel_->lock()};
        if (node_.where(base::relaxed) == waiting) channel_->senders_.remove(node_);  // Relaxed: under the lock.
    }

    polled<output> poll(context& cx) noexcept(nothrow) {
        using enum wait_node::place;
        wake_batch batch;
        const std::lock_guard guard{channel_->lock()};
        // Relaxed: under the lock.
        const wait_node::place at = node_.where(base::relaxed);
        if (at == woken && !node_.value) return output{};
        if (channel_->closed_) {
            if (at == waiting) channel_->senders_.remove(node_);
            return output{std::unexpected{send_error<T>{std::move(*node_.value)}}};
        }
        if (at == fresh && channel_->can_accept()) {
            if (!cx.take_budget()) return not_ready;
            channel_->store_.prepare();
            channel_->accept(std::move(*node_.value), batch);
            return output{};
        }
        channel_->senders_.wait(node_, cx);
        return not_ready;
    }

private:
    channel_core* channel_;
    send_node node_;
};

template <class T, class Store>
class [[nodiscard]] channel_core<T, Store>::recv_future {
public:
    using output = std::optional<T>;

    explicit recv_future(channel_core& from) noexcept : channel_{&from} {}
    recv_future(recv_future&&) noexcept = default;
    recv_future& operator=(recv_future&&) = delete;
    ~recv_future() {
        using enum wait_node::place;
        if (node_.where() == fresh || over_) return;
        wake_batch batch;
        const std::lock_guard guard{channel_->lock()};
        // Relaxed: under the lock.
        if (node_.where(base::relaxed) == waiting) {
            channel_->receivers_.remove(node_);
        } else if (node_.value) {
            channel_->put_back(*node_.value, batch);
        } else if (node_.reserved) {
            --channel_->reserved_;
            channel_->wake_receiver(batch);
        } else {
            channel_->end_receiver(batch);
        }
    }

    polled<output> poll(context& cx) noexcept {
        using enum wait_node::place;
        if (channel_->capacity() != 0 && node_.where() == woken && node_.value) return take_handed();
        wake_batch batch;
        const std::lock_guard guard{channel_->lock()};
        // Relaxed: under the lock.
        const wait_node::place at = node_.where(base::relaxed);
        if (at == woken && node_.value) {
            polled<output> answer = take_handed();
            channel_->introduce(batch);
            return answer;
        }
        if (at == woken && node_.reserved) {
            over_ = true;
            --channel_->reserved_;
            return channel_->take(batch);
        }
        if (at != waiting && channel_->count_ > channel_->reserved_) {
            if (at == fresh && !cx.take_budget()) return not_ready;
            over_ = true;
            return channel_->take(batch);
        }
        if (at != waiting && channel_->can_meet()) {
            if (at == fresh && !cx.take_budget()) return not_ready;
            over_ = true;
            return channel_->meet(batch);
        }
        // A closed channel is drained only when nothing is reserved or handed over any more: a receiver that is
        // cancelled leaves its value to those who still wait.
        if (channel_->closed_ && channel_->count_ == 0) {
            // Pairs with release_handed, which wakes nobody, so as to cost no more than a store. The holder was woken
            // and has not had its turn; until then this task takes turns too.
            if (channel_->handed_.load(base::acquire)) {
                cx.yield();
                return not_ready;
            }
            if (at == waiting) channel_->receivers_.remove(node_);
            over_ = true;
            channel_->end_receiver(batch);
            return output{};
        }
        channel_->receivers_.wait(node_, cx);
        return not_ready;
    }

private:
    polled<output> take_handed() noexcept {
        over_ = true;
        polled<output> answer{std::move(node_.value)};
        channel_->release_handed();
        return answer;
    }

    channel_core* channel_;
    recv_node node_;
    bool over_ = false;  // The outcome of a wake was consumed.
};

template <class T, class Store>
class [[nodiscard]] channel_core<T, Store>::recv_many_future {
public:
    using output = std::size_t;

    recv_many_future(channel_core& from, std::vector<T>& into, std::size_t most) noexcept
        : first_{from}, channel_{&from}, into_{&into}, most_{most} {}

    polled<std::size_t> poll(context& cx) {
        if (most_ == 0) return std::size_t{0};
        into_->reserve(into_->size() + std::min<std::size_t>(most_, std::max<std::size_t>(channel_->len(), 1)));
        polled<std::optional<T>> answer = first_.poll(cx);
        if (!answer) return not_ready;
        std::optional<T> value = answer.take();
        if (!value) return std::size_t{0};
        into_->push_back(std::move(*value));
        return 1 + channel_->take_more(*into_, most_ - 1);
    }

private:
    recv_future first_;
    channel_core* channel_;
    std::vector<T>* into_;
    std::size_t most_;
};

}  // namespace detail
}  // namespace bifilar
