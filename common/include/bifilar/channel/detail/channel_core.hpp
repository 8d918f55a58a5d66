// What every queue-like channel has in common: one lock, a store of values, and two lists of those who wait.
// Values leave in the order in which they came, but for one that a cancelled receiver gives back; senders and receivers
// are woken in the order in which they began to wait. A receiver moves the value of the oldest waiting sender into the
// store itself, or takes it where the store holds none. A sender hands its value to a waiting receiver, one such
// hand-over at a time; receivers that are woken meanwhile have a value of the store reserved. So nobody is overtaken.
#pragma once

#include <bifilar/base/detail/asymmetric_fence.hpp>
#include <bifilar/base/detail/plain.hpp>
#include <bifilar/base/detail/spin_lock.hpp>
#include <bifilar/channel/channel_error.hpp>
#include <bifilar/future/detail/wait_list.hpp>
#include <bifilar/future/future.hpp>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <limits>
#include <mutex>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace bifilar {

namespace detail {

/// `Store` keeps values in order: has_room(count), prepare() before a push of a value that has not waited, push, pop,
/// push_front of one value beyond its room, capacity(). Nothing but prepare() allocates or throws.
template <class T, class Store>
class channel_core {
    static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>,
                  "a channel moves values under its lock; send a std::unique_ptr to a type whose move may throw");

public:
    using count_type = typename Store::count_type;
    class send_future;
    class recv_future;
    class recv_many_future;
    class place;
    class reserve_future;

    template <class... Given>
    explicit channel_core(Given... given) : store_{given...} {
        set_limits();
    }
    channel_core(const channel_core&) = delete;
    channel_core& operator=(const channel_core&) = delete;
    ~channel_core() {
        // Relaxed, as all in a destructor: nobody else uses the channel.
        BIFILAR_CHECK(
            senders_.empty() && receivers_.empty() && reserved_ == 0 && admitted_ == 0 && !handed_.load(base::relaxed),
            "a channel was destroyed while tasks wait at it; close it and join them first");
        for (; count_ != 0; --count_) (void)store_.pop();
    }

    /// Sends at once. Where there is no room at all, only to a receiver that waits. Never suspends.
    /// Throws: of an unbounded channel, std::bad_alloc; the value is destroyed then.
    /// Errors: try_send_error with the value: full or closed.
    std::expected<void, try_send_error<T>> try_send(T value) noexcept(nothrow) {
        {
            base::spin_hold guard{lock_};
            if (just_pushes()) [[likely]] {
                just_push(std::move(value));
                return {};
            }
            guard.release();
        }
        return try_send_locked(std::move(value));
    }
    template <detail::loses_fraction<T> U>
    void try_send(U) = delete;  // It would lose its fraction: convert it first.

    /// A future that is ready when the value is in the channel, or with a receiver.
    /// Errors: send_error with the value when the channel is closed.
    /// Cancellation: the value is destroyed with the future: under race, select, timeout and the like it was not sent
    /// then; else a receiver may take it between the last poll and the end of the future.
    /// Suspends: while there is no room.
    [[nodiscard]] send_future send(T value) noexcept { return send_future{*this, std::move(value)}; }
    template <detail::loses_fraction<T> U>
    void send(U) = delete;  // It would lose its fraction: convert it first.

    /// A future of a place that is kept for one value, which its send() then fills without waiting: for a value that
    /// must not be made, or taken from elsewhere, before there is room for it. An empty place when the channel is
    /// closed. Waits in the same queue as send(). Aborts without room at all, where there is no place to keep.
    /// Cancellation: the next sender gets the place, as when it is dropped.
    /// Suspends: while there is no room.
    [[nodiscard]] reserve_future reserve() noexcept {
        BIFILAR_CHECK(has_place(), "reserve() of a channel without room");
        return reserve_future{*this};
    }

    /// Takes the oldest value that is not reserved for a receiver that waited. Never suspends.
    /// Errors: try_recv_error: empty, or closed and drained.
    std::expected<T, try_recv_error> try_recv() noexcept {
        {
            base::spin_hold guard{lock_};
            if (just_pops()) [[likely]]
                return just_pop();
            guard.release();
        }
        return try_recv_locked();
    }

    /// A future of a value, the oldest that no other receiver was promised; empty when the channel is closed and
    /// drained.
    /// Cancellation: takes nothing; an item that was reserved for it goes to the next receiver.
    /// Suspends: until there is a value or the channel is closed.
    [[nodiscard]] recv_future recv() noexcept { return recv_future{*this}; }

    /// A future of how many values it appended to `into`: at least 1 and at most `most`, as many as are there when the
    /// first is; 0 when the channel is closed and drained, or `most` is 0. `into` outlives the future and is not
    /// touched meanwhile.
    /// Throws: what growing `into` throws; nothing was taken then.
    /// Cancellation: takes nothing.
    /// Suspends: until there is a value or the channel is closed.
    /// Allocates: what `into` grows by, before anything is taken; reserve room in it to avoid that.
    [[nodiscard]] recv_many_future recv_many(std::vector<T>& into, std::size_t most) noexcept {
        return recv_many_future{*this, into, most};
    }

    /// No more sends; waiting senders get their values back, receivers drain what is there. Any number of times.
    void close() noexcept;

    /// Whether close() was called.
    [[nodiscard]] bool is_closed() noexcept {
        const std::lock_guard guard{lock_};
        return is_shut();
    }
    /// Values in the channel; may be out of date when it returns.
    [[nodiscard]] count_type len() noexcept {
        const std::lock_guard guard{lock_};
        return count_;
    }
    /// Values for which there is room; the greatest count_type for an unbounded channel.
    [[nodiscard]] count_type capacity() const noexcept { return store_.capacity(); }

private:
    static constexpr int wakes_per_hold = 64;
    static constexpr bool nothrow = noexcept(std::declval<Store&>().prepare());

    // How far a waiting operation has come, as its own task knows it.
    enum class stage : std::uint8_t {
        fresh,  // It has never waited, and has no node.
        waits,  // The node says where it is.
        over,   // The outcome of a wait was consumed.
    };

    // Places of waiting operations. The lock guards their members.
    struct send_node : wait_node {
        send_node() noexcept = default;  // For a place.
        explicit send_node(T&& from) noexcept : value{std::move(from)} {}
        send_node(send_node&&) noexcept = default;
        std::optional<T> value;             // Empty once a receiver has moved it into the ring.
        base::plain<bool> keeps{false};     // An arm: receivers must not take the value, it is sent by a poll.
        base::plain<bool> admitted{false};  // Room in the store is kept for it.
    };
    struct recv_node : wait_node {
        recv_node() noexcept = default;
        recv_node(recv_node&&) noexcept = default;
        base::plain<bool> reserved{false};  // Woken because an item of the ring is there for it, not because of close.
        base::plain<bool> arm{false};       // Without room: a value is handed to it only while its task sleeps.
        std::optional<T> value;             // Or handed over by a sender.
    };

    // The lock for whoever changes more than the count: on leaving he says anew which pushes and pops are just that.
    class hold {
    public:
        explicit hold(channel_core& of) noexcept : of_{of} { of.lock_.lock(); }
        hold(channel_core& of, std::adopt_lock_t) noexcept : of_{of} {}
        hold(const hold&) = delete;
        hold& operator=(const hold&) = delete;
        ~hold() {
            of_.set_limits();
            of_.lock_.unlock();
        }

    private:
        channel_core& of_;
    };

    // All below: under the lock.
    [[nodiscard]] bool is_plain() const noexcept { return !is_shut() && senders_.empty() && has_place(); }
    [[nodiscard]] count_type pushes_below() const noexcept {
        return is_plain() && receivers_.empty() ? store_.capacity() - admitted_ : 0;
    }
    [[nodiscard]] count_type pops_above() const noexcept {
        return is_plain() ? reserved_ : std::numeric_limits<count_type>::max();
    }
    void set_limits() noexcept {
        pushes_below_ = pushes_below();
        pops_above_ = pops_above();
    }
    // Nobody waits and nobody will be told: a value goes into the store and nothing else follows, or out of it.
    [[nodiscard]] bool just_pushes() const noexcept {
        BIFILAR_ASSERT(pushes_below_ == pushes_below(), "a channel's lock was left without new limits");
        return count_ < pushes_below_;
    }
    [[nodiscard]] bool just_pops() const noexcept {
        BIFILAR_ASSERT(pops_above_ == pops_above(), "a channel's lock was left without new limits");
        return count_ > pops_above_;
    }
    void just_push(T&& value) noexcept(nothrow) {
        store_.prepare();
        store_.push(std::move(value));
        ++count_;
    }
    T just_pop() noexcept {
        --count_;
        return store_.pop();
    }

    // Called with the lock held, which they leave.
    std::expected<void, try_send_error<T>> try_send_locked(T&& value) noexcept(nothrow);
    std::expected<T, try_recv_error> try_recv_locked() noexcept;

    bool has_room() noexcept { return store_.has_room(count_ + admitted_); }
    bool is_shut() const noexcept { return closed_.load(base::relaxed); }  // Relaxed: see the member.
    bool can_accept() noexcept { return senders_.empty() && (has_room() || can_hand_over()); }

    // A new value: to the oldest waiting receiver, or into the store.
    void accept(T&& value, wake_batch& batch) noexcept {
        if (!hand_over(value, nullptr, batch)) push(std::move(value), batch);
    }

    // Not while others have not come for their values yet: they would find an older one in the store after they took
    // this.
    bool can_hand_over() noexcept {
        return count_ == 0 && !receivers_.empty() && !handed_.load(base::relaxed);  // Relaxed: see the member.
    }

    // `arm`: whose the value is when it is an arm's.
    bool hand_over(T& value, const task_header* arm, wake_batch& batch) noexcept {
        if (!can_hand_over()) return false;
        if (has_place()) {
            hand_to_oldest(value, batch);
            return true;
        }
        recv_node* const receiver = call_receiver(arm, batch);
        if (receiver == nullptr) return false;
        handed_.store(true, base::relaxed);  // Relaxed: see the member.
        receiver->value.emplace(std::move(value));
        wait_queue::let_go(*receiver);
        return true;
    }

    // Where there is room; can_hand_over() has said yes.
    void hand_to_oldest(T& value, wake_batch& batch) noexcept {
        handed_.store(true, base::relaxed);  // Relaxed: see the member.
        static_cast<recv_node*>(receivers_.front())->value.emplace(std::move(value));
        (void)receivers_.wake_one(batch);
    }

    // Without room a value is handed to a receiver that will have it, because nothing may be left over. That is one
    // that is no arm; or an arm whose task this wakes out of its sleep: it has chosen nothing yet, and finds this
    // first. The others are called: they look again, and meet the sender that waits by then. Arms of one task do not
    // meet: only one of them may act. Null when there is none.
    recv_node* call_receiver(const task_header* arm, wake_batch& batch) noexcept;

    // Without room: the oldest sender that the receiver may meet, or null. `arm`: whose the receiver is when it is one.
    // `skips`: senders that keep their value are of no use. `self`: its node.
    send_node* partner(const task_header* arm, bool skips, const wait_node* self) noexcept;

    T take_from(send_node& sender, wake_batch& batch) noexcept {
        T value = std::move(*sender.value);
        sender.value.reset();
        (void)wait_queue::call(sender, batch);
        wait_queue::let_go(sender);
        return value;
    }

    // A receiver takes the value of a waiting sender itself where the store holds none.
    bool can_meet() noexcept {
        return !is_shut() && count_ == 0 && !senders_.empty() && !static_cast<send_node*>(senders_.front())->keeps;
    }

    T meet(wake_batch& batch) noexcept {
        auto* const sender = static_cast<send_node*>(senders_.front());
        T value = std::move(*sender->value);
        sender->value.reset();
        (void)senders_.wake_one(batch);
        return value;
    }

    // There is room, or there may be: the oldest sender gets it.
    void admit(wake_batch& batch) noexcept {
        if (is_shut() || senders_.empty() || !has_room()) return;
        auto* const sender = static_cast<send_node*>(senders_.front());
        if (!sender->keeps) {
            push(meet(batch), batch);
            return;
        }
        sender->admitted = true;
        ++admitted_;
        (void)senders_.wake_one(batch);
    }

    // A closed channel is drained only when nothing is reserved or handed over any more: a receiver that is cancelled
    // leaves its value to those who still wait. Whoever holds such a value calls the oldest that waits when it lets go
    // of it.
    [[nodiscard]] bool is_drained() const noexcept {
        return is_shut() && count_ == 0 && !handed_.load(base::relaxed);  // Relaxed: see the member.
    }

    [[nodiscard]] bool has_place() const noexcept { return store_.capacity() != 0; }

    // The receiver has its value. Without the lock.
    void release_handed() noexcept { handed_.store(false, base::relaxed); }  // Relaxed: see the member.
    // The same for a receiver that does not take the lock: it looks whether others wait for this.
    void let_go() noexcept {
        release_handed();
        base::light_fence();  // Pairs with close.
        if (is_shut()) [[unlikely]]
            tell_next();
    }
    [[gnu::noinline]] void tell_next() noexcept {
        wake_batch batch;
        const hold guard{*this};
        end_receiver(batch);
    }

    // A receiver that was cancelled gives its value back: to the next, or as the oldest into the spare slot.
    void put_back(T& value, wake_batch& batch) noexcept {
        release_handed();
        if (hand_over(value, nullptr, batch)) return;
        store_.push_front(std::move(value));
        ++count_;
        wake_receiver(batch);
    }

    // Where there is no room, a sender and a receiver may both have begun to wait while another value was on its way.
    // Those that keep their values are called, and meet the receivers when they look; the oldest other one meets one
    // here.
    void introduce(wake_batch& batch) noexcept;

    void push(T&& value, wake_batch& batch) noexcept {
        store_.push(std::move(value));
        ++count_;
        wake_receiver(batch);
    }

    // Takes an item and lets the oldest waiting sender have the room.
    T take(wake_batch& batch) noexcept {
        T value = store_.pop();
        --count_;
        admit(batch);
        introduce(batch);
        end_receiver(batch);
        return value;
    }

    // Without the lock: as many as are there and as the vector has room for.
    std::size_t take_more(std::vector<T>& into, std::size_t most) noexcept;
    // What is known of it, for a future of that type.
    void describe(task_visitor& to, std::string_view type) noexcept;

    // Closed and drained: the oldest waiting receiver is told, and tells the next.
    void end_receiver(wake_batch& batch) noexcept {
        if (is_shut() && count_ == 0) (void)receivers_.wake_one(batch);
    }

    void wake_receiver(wake_batch& batch) noexcept {
        auto* const receiver = static_cast<recv_node*>(receivers_.front());
        if (receiver == nullptr || count_ <= reserved_) return;
        ++reserved_;
        receiver->reserved = true;
        (void)receivers_.wake_one(batch);
    }

    // What a push and a pop touch comes first, and lies together.
    base::spin_lock lock_;  // Guards everything.
    // Set by close, under the lock, for good. Read under it, and by let_go after a fence; so all are relaxed.
    base::atomic<bool> closed_{false};
    // Whether a woken receiver holds a value that a sender gave it. Set under the lock, cleared by that receiver. All
    // relaxed: the value lies in the receiver's node, and let_go and close have their fences.
    base::atomic<bool> handed_{false};
    // The kernel refused a fence to close: those who wait for a value that is handed out look again and again.
    base::plain<bool> takes_turns_{false};
    base::plain<count_type> count_{0};
    // What set_limits made of the members below: with fewer values than the one a value is just pushed, with more than
    // the other one is just popped.
    base::plain<count_type> pushes_below_{0};
    base::plain<count_type> pops_above_{std::numeric_limits<count_type>::max()};
    Store store_;
    base::plain<count_type> reserved_{0};  // Values that belong to woken receivers; at most count_.
    base::plain<count_type> admitted_{0};  // Room that is kept for woken senders.
    wait_queue senders_;
    wait_queue receivers_;
};

}  // namespace detail
}  // namespace bifilar
