// A bounded channel of any number of senders and receivers. Values leave in the order in which they came, but for one
// that a cancelled receiver gives back; senders and receivers are woken in the order in which they began to wait. One
// lock guards a ring and two lists of waiters. A receiver moves the value of the oldest waiting sender into the ring
// itself. A sender hands its value to a waiting receiver, one such hand-over at a time; receivers that are woken
// meanwhile have an item of the ring reserved. So nobody is overtaken.
#pragma once

#include <bifilar/base/spin_lock.hpp>
#include <bifilar/channel/channel_error.hpp>
#include <bifilar/core/future.hpp>
#include <bifilar/core/wait_list.hpp>
#include <cstdint>
#include <expected>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace bifilar {

/// Neither copied nor moved; used by reference, and outlives its operations. All members: any thread. No operation
/// but the constructor allocates.
template <class T>
class channel {
    static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>,
                  "a channel moves values under its lock; send a std::unique_ptr to a type whose move may throw");

public:
    class send_future;
    class recv_future;

    /// Room for `capacity` values, at least 1, besides what a woken receiver holds. Throws std::invalid_argument for 0
    /// and for 2^32 - 1, std::bad_alloc.
    explicit channel(std::uint32_t capacity) : capacity_{checked(capacity)}, slots_{new slot[capacity + 1]} {}
    channel(const channel&) = delete;
    channel& operator=(const channel&) = delete;
    ~channel() {
        while (count_ != 0) (void)pop();
    }

    /// Sends at once or gives the value back.
    std::expected<void, try_send_error<T>> try_send(T value) noexcept {
        wake_batch batch;  // Outlives the guard: wakes go out when the lock is free.
        const std::lock_guard guard{lock()};
        if (closed_) return std::unexpected{try_send_error<T>{true, std::move(value)}};
        if (!has_room()) return std::unexpected{try_send_error<T>{false, std::move(value)}};
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
        // What was promised to a receiver may come back.
        const bool drained = closed_ && count_ == 0 && !handed_.load(base::acquire);  // Pairs with release_handed.
        return std::unexpected{drained ? try_recv_error::closed : try_recv_error::empty};
    }

    /// A future of a value, the oldest that no other receiver was promised; empty when the channel is closed and
    /// drained. Cancelled, it takes nothing: an item that was reserved for it goes to the next receiver.
    [[nodiscard]] recv_future recv() noexcept { return recv_future{*this}; }

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
    [[nodiscard]] std::uint32_t len() noexcept {
        const std::lock_guard guard{lock()};
        return count_;
    }
    [[nodiscard]] std::uint32_t capacity() const noexcept { return capacity_; }

private:
    static constexpr int wakes_per_hold = 64;

    union slot {
        slot() noexcept {}
        ~slot() {}
        T value;
    };
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

    static std::uint32_t checked(std::uint32_t capacity) {
        if (capacity == 0)
            throw std::invalid_argument{"channel capacity is 0; a channel needs room for at least 1 value"};
        if (capacity == std::numeric_limits<std::uint32_t>::max())
            throw std::invalid_argument{"channel capacity is 4294967295; it may be at most one less"};
        return capacity;
    }

    base::spin_lock& lock() noexcept { return senders_.lock(); }

    // All below: under the lock.
    bool has_room() noexcept { return count_ < capacity_ && senders_.empty(); }

    // A new value: to the oldest waiting receiver, or into the ring.
    void accept(T&& value, wake_batch& batch) noexcept {
        if (!hand_over(value, batch)) push(std::move(value), batch);
    }

    // False when no receiver waits, or others have not come for their values yet: they would find an older one in the
    // ring after they took this.
    bool hand_over(T& value, wake_batch& batch) noexcept {
        auto* const receiver = static_cast<recv_node*>(receivers_.front());
        // Pairs with release_handed; so that the last receiver has let go.
        if (receiver == nullptr || count_ != 0 || handed_.load(base::acquire)) return false;
        handed_.store(true, base::relaxed);  // Relaxed: lock holders alone ask.
        receiver->value.emplace(std::move(value));
        (void)receivers_.wake_one(batch);
        return true;
    }

    // The receiver has its value. Without the lock.
    void release_handed() noexcept { handed_.store(false, base::release); }  // Pairs with hand_over.

    // A receiver that was cancelled gives its value back: to the next, or as the oldest into the spare slot.
    void put_back(T& value, wake_batch& batch) noexcept {
        release_handed();
        if (hand_over(value, batch)) return;
        first_ = first_ == 0 ? capacity_ : first_ - 1;
        std::construct_at(&slots_[first_].value, std::move(value));
        ++count_;
        wake_receiver(batch);
    }

    void push(T&& value, wake_batch& batch) noexcept {
        std::uint64_t at = std::uint64_t{first_} + count_;
        if (at > capacity_) at -= std::uint64_t{capacity_} + 1;
        std::construct_at(&slots_[at].value, std::move(value));
        ++count_;
        wake_receiver(batch);
    }

    T pop() noexcept {
        slot& from = slots_[first_];
        T value = std::move(from.value);
        std::destroy_at(&from.value);
        first_ = first_ == capacity_ ? 0 : first_ + 1;
        --count_;
        return value;
    }

    // One peer of each side; true when there was one at all.
    bool wake_pair(wake_batch& batch) noexcept {
        const bool sender = senders_.wake_one(batch);
        const bool receiver = receivers_.wake_one(batch);
        return sender || receiver;
    }

    // Takes an item and lets the oldest waiting sender have the room.
    T take(wake_batch& batch) noexcept {
        T value = pop();
        if (auto* const sender = static_cast<send_node*>(senders_.front()); sender != nullptr) {
            T next = std::move(*sender->value);
            sender->value.reset();
            (void)senders_.wake_one(batch);
            push(std::move(next), batch);
        }
        end_receiver(batch);
        return value;
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
    const std::uint32_t capacity_;
    std::uint32_t first_ = 0;
    std::uint32_t count_ = 0;
    std::uint32_t reserved_ = 0;  // Items that belong to woken receivers; at most count_.
    bool closed_ = false;
    // Whether a woken receiver holds a value that a sender gave it. Set under the lock, cleared by that receiver.
    base::atomic<bool> handed_{false};
    // One more than the capacity, for a value that comes back while the ring is full.
    const std::unique_ptr<slot[]> slots_;
};

template <class T>
class [[nodiscard]] channel<T>::send_future {
public:
    using output = std::expected<void, send_error<T>>;

    send_future(channel& to, T&& value) noexcept : channel_{&to}, node_{std::move(value)} {}
    send_future(send_future&&) noexcept = default;
    send_future& operator=(send_future&&) = delete;
    ~send_future() {
        using enum wait_node::place;
        if (node_.where() != waiting) return;
        const std::lock_guard guard{channel_->lock()};
        if (node_.where(base::relaxed) == waiting) channel_->senders_.remove(node_);  // Relaxed: under the lock.
    }

    polled<output> poll(context& cx) noexcept {
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
        if (at == fresh && channel_->has_room()) {
            if (!cx.take_budget()) return not_ready;
            channel_->accept(std::move(*node_.value), batch);
            return output{};
        }
        channel_->senders_.wait(node_, cx);
        return not_ready;
    }

private:
    channel* channel_;
    send_node node_;
};

template <class T>
class [[nodiscard]] channel<T>::recv_future {
public:
    using output = std::optional<T>;

    explicit recv_future(channel& from) noexcept : channel_{&from} {}
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
        if (node_.where() == woken && node_.value) return take_handed();
        wake_batch batch;
        const std::lock_guard guard{channel_->lock()};
        // Relaxed: under the lock.
        const wait_node::place at = node_.where(base::relaxed);
        if (at == woken && node_.value) return take_handed();
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

    channel* channel_;
    recv_node node_;
    bool over_ = false;  // The outcome of a wake was consumed.
};

}  // namespace bifilar
