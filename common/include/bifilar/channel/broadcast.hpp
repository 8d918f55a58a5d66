// Every value to every subscriber. Slow subscribers lose the oldest values and are told how many.
// A ring under one lock; semantics after tokio's broadcast.
#pragma once

#include <bifilar/channel/channel_error.hpp>
#include <bifilar/future/detail/wait_list.hpp>
#include <bifilar/future/future.hpp>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace bifilar {

/// Why a subscriber has no value.
class broadcast_error {
public:
    /// Nothing there now, closed and drained, or so many values lost.
    enum class reason : std::uint8_t { empty, closed, lagged };
    /// Says why; `missed`: of a lagging receiver, how many values.
    explicit broadcast_error(reason why, std::uint64_t missed = 0) noexcept : missed_{missed}, why_{why} {}

    /// There is nothing new; of a try_recv.
    [[nodiscard]] bool is_empty() const noexcept { return why_ == reason::empty; }
    /// It was closed, and everything was received.
    [[nodiscard]] bool is_closed() const noexcept { return why_ == reason::closed; }
    /// Values were overwritten before this subscription took them; it goes on with the oldest that is left.
    [[nodiscard]] bool is_lagged() const noexcept { return why_ == reason::lagged; }
    /// How many values were overwritten before this subscriber came for them. The next receive gives the oldest that is
    /// left.
    [[nodiscard]] std::uint64_t missed() const noexcept { return missed_; }

private:
    std::uint64_t missed_;
    reason why_;
};

/// Neither copied nor moved; outlives the futures of closed(), and its subscriptions, else its destructor aborts.
/// Values are copied under the lock: send a std::shared_ptr to what is expensive to copy.
/// Thread: any, for all members; release on sending, acquire on receiving.
/// Allocates: in the constructor alone.
template <class T>
class broadcast {
    static_assert(std::is_copy_constructible_v<T>, "a broadcast copies its values; send a std::shared_ptr");
    static_assert(std::is_nothrow_swappable_v<T> && std::is_nothrow_move_constructible_v<T>,
                  "a broadcast moves values under its lock; send a std::shared_ptr to a type whose move may throw");

public:
    class subscription;
    class closed_future;

    /// Keeps the newest `capacity` values, 1 to 2^31.
    /// Throws: std::invalid_argument for another capacity; std::bad_alloc.
    explicit broadcast(std::uint32_t capacity)
        : capacity_{checked(capacity)}, slots_{std::make_unique<std::optional<T>[]>(capacity)} {}
    broadcast(const broadcast&) = delete;
    broadcast& operator=(const broadcast&) = delete;
    ~broadcast() {
        BIFILAR_CHECK(subscribers_ == 0, "a broadcast was destroyed while it has subscriptions; end them first");
        BIFILAR_CHECK(idlers_.empty(), "a broadcast was destroyed while its closed() is waited for; end that first");
    }

    /// To all subscribers; how many there are. With none it is kept in the ring and reaches no later subscriber. Never
    /// waits: overwrites the oldest value when the ring is full.
    /// Errors: send_error with the value when the broadcast is closed.
    std::expected<std::uint64_t, send_error<T>> send(T value) noexcept {
        std::uint64_t to = 0;
        bool shut = false;
        // Swapped in, so that the value that it replaces ends outside of the lock.
        std::optional<T> fresh{std::move(value)};
        waiters_.wake_all([&] {
            shut = closed_;
            if (shut) return false;
            to = subscribers_;
            fresh.swap(slots_[next_ % capacity_]);
            ++next_;
            return true;
        });
        if (shut) return std::unexpected{send_error<T>{std::move(*fresh)}};
        return to;
    }
    template <detail::loses_fraction<T> U>
    void send(U) = delete;  // It would lose its fraction: convert it first.

    /// No more sends; subscribers drain what is there. Any number of times.
    void close() noexcept {
        waiters_.wake_all([this] { closed_ = true; });
    }

    /// Gets every value that is sent from now on.
    [[nodiscard]] subscription subscribe() noexcept { return subscription{*this}; }

    /// A future that is ready when there is no subscription: nobody would get what is sent now. A later one may come.
    /// Cancellation: loses nothing.
    /// Suspends: until the last subscription has ended.
    [[nodiscard]] closed_future closed() noexcept { return closed_future{*this}; }

    /// How many values are kept for those who lag.
    [[nodiscard]] std::uint32_t capacity() const noexcept { return capacity_; }

private:
    static std::uint32_t checked(std::uint32_t capacity) {
        if (capacity == 0 || capacity > std::uint32_t{1} << 31)
            throw std::invalid_argument{"a broadcast keeps 1 to 2147483648 values"};
        return capacity;
    }

    using answer = std::expected<T, broadcast_error>;

    // Under the lock; what copying throws leaves the position as it was.
    answer take(std::uint64_t& at) {
        using enum broadcast_error::reason;
        const std::uint64_t oldest = next_ > capacity_ ? next_ - capacity_ : 0;
        if (at < oldest) {
            const std::uint64_t missed = oldest - at;
            at = oldest;
            return std::unexpected{broadcast_error{lagged, missed}};
        }
        if (at == next_) return std::unexpected{broadcast_error{closed_ ? closed : empty}};
        answer value{*slots_[at % capacity_]};
        ++at;
        return value;
    }

    // The last subscription goes: all under one hold of the lock, because whoever is told may end this object.
    void drop() noexcept {
        wake_batch batch;
        const std::lock_guard guard{waiters_.lock()};
        if (--subscribers_ != 0) return;
        while (idlers_.wake_one(batch)) continue;
    }

    detail::wait_list waiters_;  // Its lock guards all below.
    detail::wait_list idlers_;   // Who waits for the end of all subscriptions. Its own lock is not used.
    std::uint64_t next_ = 0;  // The number of the next value.
    std::uint64_t subscribers_ = 0;
    bool closed_ = false;
    const std::uint32_t capacity_;
    const std::unique_ptr<std::optional<T>[]> slots_;
};

/// One subscriber's place. Copying it subscribes again at the same place. Aborts when it is used after it was moved
/// from, or moved while a receive waits; one that was moved from may be assigned again.
/// Thread: one task or thread at a time.
template <class T>
class broadcast<T>::subscription {
public:
    class recv_future;

    explicit subscription(broadcast& of) noexcept : of_{&of} {
        const std::lock_guard guard{of.waiters_.lock()};
        at_ = of.next_;
        ++of.subscribers_;
    }
    subscription(const subscription& other) noexcept : of_{other.of_}, at_{other.at_} {
        if (of_ == nullptr) return;
        const std::lock_guard guard{of_->waiters_.lock()};
        ++of_->subscribers_;
    }
    subscription(subscription&& other) noexcept : of_{std::exchange(other.of_, nullptr)}, at_{other.at_} {}
    subscription& operator=(subscription other) noexcept {
        std::swap(of_, other.of_);
        std::swap(at_, other.at_);
        return *this;
    }
    ~subscription() {
        if (of_ != nullptr) of_->drop();
    }

    /// The next value now. Never suspends.
    /// Throws: what copying throws; the value stays there.
    /// Errors: broadcast_error: empty, closed or lagged.
    std::expected<T, broadcast_error> try_recv() {
        broadcast& of = here();
        const std::lock_guard guard{of.waiters_.lock()};
        return of.take(at_);
    }

    /// A future of the next value. The subscription outlives it and does not move meanwhile; aborts when it was moved
    /// from.
    /// Throws: what copying throws; the value stays.
    /// Errors: broadcast_error: lagged when values were lost, closed when the broadcast is closed and drained.
    /// Cancellation: takes nothing.
    /// Suspends: until a value is sent or the broadcast is closed.
    [[nodiscard]] recv_future recv() noexcept {
        (void)here();
        return recv_future{*this};
    }

private:
    broadcast& here() noexcept {
        BIFILAR_CHECK(of_ != nullptr, "a subscription was used after it was moved from");
        return *of_;
    }

    broadcast* of_;
    std::uint64_t at_ = 0;  // The number of the next value to get.
};

template <class T>
class [[nodiscard]] broadcast<T>::closed_future {
public:
    using output = void;

    explicit closed_future(broadcast& of) noexcept : of_{&of} {}
    closed_future(closed_future&&) noexcept = default;
    closed_future& operator=(closed_future&&) = delete;
    ~closed_future() {
        // Relaxed: a fresh node was never shared.
        if (node_.where(base::relaxed) == detail::wait_node::place::fresh) return;
        const std::lock_guard guard{of_->waiters_.lock()};
        if (node_.where(base::relaxed) == detail::wait_node::place::waiting)
            of_->idlers_.remove(node_);  // Relaxed: locked.
    }

    polled<void> poll(context& cx) noexcept {
        using enum detail::wait_node::place;
        if (node_.where(base::relaxed) == fresh && !cx.take_budget()) return not_ready;  // Relaxed: as above.
        const std::lock_guard guard{of_->waiters_.lock()};
        // Relaxed: locked.
        const detail::wait_node::place at = node_.where(base::relaxed);
        if (at == waiting || (at == fresh && of_->subscribers_ != 0)) {
            of_->idlers_.wait(node_, cx);
            return not_ready;
        }
        return done;
    }
    void describe_wait(task_visitor& to) const noexcept {
        detail::visit_facts<closed_future>(to, wait_fact::object(of_));
    }

private:
    broadcast* of_;
    detail::wait_node node_;
};

template <class T>
class [[nodiscard]] broadcast<T>::subscription::recv_future {
public:
    using output = std::expected<T, broadcast_error>;

    explicit recv_future(subscription& of) noexcept : of_{&of}, channel_{of.of_} {}
    recv_future(recv_future&&) noexcept = default;
    recv_future& operator=(recv_future&&) = delete;
    ~recv_future() { channel_->waiters_.leave(node_); }

    polled<output> poll(context& cx) {
        broadcast& from = *channel_;
        BIFILAR_CHECK(of_->of_ == channel_, "a subscription was moved or assigned while a wait of it goes on");
        // Relaxed: a fresh node was never shared.
        if (node_.where(base::relaxed) == detail::wait_node::place::fresh && !cx.take_budget()) return not_ready;
        const std::lock_guard guard{from.waiters_.lock()};
        output value = from.take(of_->at_);
        if (!value && value.error().is_empty()) {
            from.waiters_.wait(node_, cx);
            return not_ready;
        }
        if (node_.where(base::relaxed) == detail::wait_node::place::waiting)
            from.waiters_.remove(node_);  // Relaxed: locked.
        return value;
    }
    void describe_wait(task_visitor& to) const noexcept {
        detail::visit_facts<recv_future>(to, wait_fact::object(channel_));
    }

private:
    subscription* of_;
    broadcast* channel_;
    detail::wait_node node_;
};

}  // namespace bifilar
