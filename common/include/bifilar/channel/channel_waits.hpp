// The futures of channel_core: what waits to send, to receive, and to receive many.
#pragma once

#include <bifilar/channel/channel_core.hpp>
#include <algorithm>
#include <cstddef>
#include <expected>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace bifilar::detail {

template <class T, class Store>
class [[nodiscard]] channel_core<T, Store>::send_future {
public:
    using output = std::expected<void, send_error<T>>;

    send_future(channel_core& to, T&& value) noexcept : channel_{&to}, node_{std::move(value)} {}
    send_future(send_future&&) noexcept = default;
    send_future& operator=(send_future&&) = delete;
    ~send_future() {
        // Relaxed: a fresh node was never shared.
        if (node_.where(base::relaxed) != wait_node::place::fresh) [[unlikely]]
            leave();
    }

    polled<output> poll(context& cx) noexcept(nothrow) { return poll_as(cx, false); }
    /// The value stays here until a poll sends it.
    polled<output> poll_arm(context& cx) noexcept(nothrow) { return poll_as(cx, true); }

private:
    polled<output> poll_as(context& cx, bool keeps) noexcept(nothrow) {
        base::spin_hold guard{channel_->lock()};
        // Relaxed: under the lock.
        if (node_.where(base::relaxed) == wait_node::place::fresh && channel_->just_pushes()) [[likely]] {
            if (!cx.take_budget()) return not_ready;
            channel_->store_.prepare();
            channel_->store_.push(std::move(*node_.value), channel_->count_);
            ++channel_->count_;
            return output{};
        }
        guard.release();
        return poll_locked(cx, keeps);
    }

    void leave() noexcept {
        using enum wait_node::place;
        if (over_ || (node_.where() == woken && !node_.keeps)) return;
        wake_batch batch;
        const std::lock_guard guard{channel_->lock()};
        // Relaxed: under the lock.
        if (node_.where(base::relaxed) == waiting) {
            channel_->senders_.remove(node_);
            channel_->introduce(batch);  // It may have been called.
        } else if (node_.admitted) {
            --channel_->admitted_;
            channel_->admit(batch);
        } else {
            channel_->introduce(batch);
        }
    }

    // Called with the lock held, which it leaves.
    [[gnu::noinline]] polled<output> poll_locked(context& cx, bool keeps) noexcept(nothrow) {
        using enum wait_node::place;
        wake_batch batch;  // Outlives the guard: wakes go out when the lock is free.
        const std::lock_guard guard{channel_->lock(), std::adopt_lock};
        // Relaxed: under the lock.
        const wait_node::place at = node_.where(base::relaxed);
        if (at == woken && !node_.value) return output{};
        if (channel_->is_shut()) {
            if (at == waiting) channel_->senders_.remove(node_);
            if (std::exchange(node_.admitted, false)) --channel_->admitted_;
            over_ = true;
            return output{std::unexpected{send_error<T>{std::move(*node_.value)}}};
        }
        if (at == woken && std::exchange(node_.admitted, false)) {
            --channel_->admitted_;
            polled<output> sent = send_now(batch);
            channel_->admit(batch);  // A receiver may have got the value, and the room is still there.
            return sent;
        }
        if (!channel_->has_place()) {
            if (at == fresh && !channel_->receivers_.empty() && !cx.take_budget()) return not_ready;
            if (channel_->hand_over(*node_.value, keeps ? &cx.task() : nullptr, batch)) {
                if (at == waiting) channel_->senders_.remove(node_);
                over_ = true;
                return output{};
            }
        } else if (at == fresh ? channel_->can_accept() : at == woken && channel_->can_hand_over()) {
            // One that was called because a receiver waits was the oldest: those who wait now came later.
            if (at == fresh && !cx.take_budget()) return not_ready;
            channel_->store_.prepare();
            return send_now(batch);
        }
        node_.keeps = keeps;
        channel_->senders_.wait(node_, cx);
        return not_ready;
    }

    polled<output> send_now(wake_batch& batch) noexcept {
        over_ = true;
        channel_->accept(std::move(*node_.value), batch);
        return output{};
    }

    channel_core* channel_;
    send_node node_;
    bool over_ = false;  // Sent by a poll, or given back.
};

template <class T, class Store>
class [[nodiscard]] channel_core<T, Store>::recv_future {
public:
    using output = std::optional<T>;

    explicit recv_future(channel_core& from) noexcept : channel_{&from} {}
    recv_future(recv_future&&) noexcept = default;
    recv_future& operator=(recv_future&&) = delete;
    ~recv_future() {
        // Relaxed: a fresh node was never shared.
        if (node_.where(base::relaxed) != wait_node::place::fresh) [[unlikely]]
            leave();
    }

    polled<output> poll(context& cx) noexcept { return poll_as(cx, false); }
    /// Without room, a value is handed to it only where it will be taken.
    polled<output> poll_arm(context& cx) noexcept { return poll_as(cx, true); }
    /// Handed while the task slept.
    [[nodiscard]] bool is_promised() const noexcept {
        return !channel_->has_place() && node_.where() == wait_node::place::woken && node_.value.has_value() && !over_;
    }

private:
    polled<output> poll_as(context& cx, bool arm) noexcept {
        using enum wait_node::place;
        if (channel_->has_place() && node_.where() == woken && node_.value) {
            over_ = true;
            polled<output> answer{std::move(node_.value)};
            channel_->let_go();
            return answer;
        }
        base::spin_hold guard{channel_->lock()};
        // Relaxed: under the lock.
        if (node_.where(base::relaxed) == fresh && channel_->just_pops()) [[likely]] {
            if (!cx.take_budget()) return not_ready;
            --channel_->count_;
            return channel_->store_.pop();
        }
        guard.release();
        return poll_locked(cx, arm);
    }

    // Called with the lock held, which it leaves.
    [[gnu::noinline]] polled<output> poll_locked(context& cx, bool arm) noexcept {
        using enum wait_node::place;
        wake_batch batch;
        const std::lock_guard guard{channel_->lock(), std::adopt_lock};
        // Relaxed: under the lock.
        const wait_node::place at = node_.where(base::relaxed);
        if (at == woken && node_.value) {
            over_ = true;
            channel_->release_handed();
            channel_->introduce(batch);
            channel_->end_receiver(batch);
            return output{std::move(node_.value)};
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
        if (!channel_->has_place()) {
            const task_header* const chooser = arm ? &cx.task() : nullptr;
            send_node* const sender = channel_->partner(chooser, false, &node_);
            if (sender != nullptr && !sender->keeps) {
                if (at == fresh && !cx.take_budget()) return not_ready;
                if (at == waiting) channel_->receivers_.remove(node_);
                over_ = true;
                return channel_->take_from(*sender, batch);
            }
            // It gives its value in a poll of its own.
            if (sender != nullptr) (void)wait_list::call(*sender, batch);
        } else if (at != waiting && channel_->receivers_.empty() && channel_->can_meet()) {
            if (at == fresh && !cx.take_budget()) return not_ready;
            over_ = true;
            return channel_->meet(batch);
        }
        // A closed channel is drained only when nothing is reserved or handed over any more: a receiver that is
        // cancelled leaves its value to those who still wait.
        // Pairs with release_handed. Whoever holds such a value calls the oldest that waits when it lets go of it.
        if (channel_->is_shut() && channel_->count_ == 0 && !channel_->handed_.load(base::acquire)) {
            if (at == waiting) channel_->receivers_.remove(node_);
            over_ = true;
            channel_->end_receiver(batch);
            return output{};
        }
        channel_->receivers_.wait(node_, cx);
        if (channel_->takes_turns_) [[unlikely]]
            cx.yield();
        node_.arm = arm;
        return not_ready;
    }

    void leave() noexcept {
        using enum wait_node::place;
        if (over_) return;
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

    polled<std::size_t> poll(context& cx) { return poll_as(cx, false); }
    polled<std::size_t> poll_arm(context& cx) { return poll_as(cx, true); }
    [[nodiscard]] bool is_promised() const noexcept { return first_.is_promised(); }

private:
    polled<std::size_t> poll_as(context& cx, bool arm) {
        if (most_ == 0) return std::size_t{0};
        // One more than are there now, which may be promised to this one already. Geometrically, for vectors that
        // collect.
        const std::size_t wanted = into_->size() + std::min<std::size_t>(most_, channel_->len() + 1);
        if (wanted > into_->capacity()) into_->reserve(std::max(wanted, 2 * into_->capacity()));
        polled<std::optional<T>> answer = arm ? first_.poll_arm(cx) : first_.poll(cx);
        if (!answer) return not_ready;
        std::optional<T> value = answer.take();
        if (!value) return std::size_t{0};
        into_->push_back(std::move(*value));
        return 1 + channel_->take_more(*into_, most_ - 1);
    }

    recv_future first_;
    channel_core* channel_;
    std::vector<T>* into_;
    std::size_t most_;
};

}  // namespace bifilar::detail
