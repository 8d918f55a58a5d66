// The futures of channel_core: what waits to send, to receive, and to receive many.
#pragma once

#include <bifilar/channel/detail/channel_core.hpp>
#include <algorithm>
#include <cstddef>
#include <expected>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace bifilar::detail {

template <class T, class Store>
class [[nodiscard]] channel_core<T, Store>::send_future {
public:
    using output = std::expected<void, send_error<T>>;

    send_future(channel_core& to, T&& value) noexcept : channel_{&to}, value_{std::move(value)} {}
    send_future(send_future&& other) noexcept : channel_{other.channel_}, value_{std::move(other.unsent())} {}
    send_future& operator=(send_future&&) = delete;
    ~send_future() {
        if (stage_ != stage::fresh) [[unlikely]]
            end_node();
        else
            std::destroy_at(&value_);
    }

    [[gnu::always_inline]] polled<output> poll(context& cx) noexcept(nothrow) { return poll_as(cx, false); }
    /// The value stays here until a poll sends it.
    polled<output> poll_arm(context& cx) noexcept(nothrow) { return poll_as(cx, true); }
    void describe_wait(task_visitor& to) const noexcept { channel_->describe(to, type_name<send_future>); }

private:
    T& unsent() noexcept {
        BIFILAR_CHECK(stage_ == stage::fresh, "a future was moved after its first poll");
        return value_;
    }

    // In line, so that the compiler sees what became of it. What takes longer is not.
    [[gnu::always_inline]] polled<output> poll_as(context& cx, bool keeps) noexcept(nothrow) {
        if (stage_ != stage::fresh) [[unlikely]]
            return poll_again(cx, keeps);
        {
            base::spin_hold guard{channel_->lock_};
            if (!channel_->just_pushes()) [[unlikely]] {
                guard.release();
                return poll_first(cx, keeps);
            }
            if (!cx.take_budget()) return not_ready;
            channel_->just_push(std::move(value_));
        }
        return output{};
    }

    // Called with the lock held, which it leaves. The node begins where it will wait.
    [[gnu::noinline]] polled<output> poll_first(context& cx, bool keeps) noexcept(nothrow) {
        wake_batch batch;  // Outlives the guard: wakes go out when the lock is free.
        const hold guard{*channel_, std::adopt_lock};
        if (channel_->is_shut()) return output{std::unexpected{send_error<T>{std::move(value_)}}};
        if (!channel_->has_place()) {
            if (!channel_->receivers_.empty() && !cx.take_budget()) return not_ready;
            if (channel_->hand_over(value_, keeps ? &cx.task() : nullptr, batch)) return output{};
        } else if (channel_->senders_.empty() && channel_->can_hand_over()) {
            if (!cx.take_budget()) return not_ready;
            channel_->hand_to_oldest(value_, batch);
            return output{};
        } else if (channel_->senders_.empty() && channel_->has_room()) {
            if (!cx.take_budget()) return not_ready;
            channel_->store_.prepare();
            channel_->push(std::move(value_), batch);
            return output{};
        }
        T value = std::move(value_);
        std::destroy_at(&value_);
        std::construct_at(&node_, std::move(value));
        stage_ = stage::waits;
        node_.keeps = keeps;
        channel_->senders_.wait(node_, cx);
        return not_ready;
    }

    [[gnu::noinline]] polled<output> poll_again(context& cx, bool keeps) noexcept(nothrow) {
        using enum wait_node::place;
        if (node_.where() == woken && !node_.value) {  // Taken.
            stage_ = stage::over;
            return output{};
        }
        wake_batch batch;
        const hold guard{*channel_};
        // Relaxed: under the lock.
        const wait_node::place at = node_.where(base::relaxed);
        if (at == woken && !node_.value) {
            stage_ = stage::over;
            return output{};
        }
        if (channel_->is_shut()) {
            if (at == waiting) channel_->senders_.remove(node_);
            if (std::exchange(node_.admitted, false)) --channel_->admitted_;
            stage_ = stage::over;
            return output{std::unexpected{send_error<T>{std::move(*node_.value)}}};
        }
        if (at == woken && std::exchange(node_.admitted, false)) {
            --channel_->admitted_;
            polled<output> sent = send_now(batch);
            channel_->admit(batch);  // A receiver may have got the value, and the room is still there.
            return sent;
        }
        if (!channel_->has_place()) {
            if (channel_->hand_over(*node_.value, keeps ? &cx.task() : nullptr, batch)) {
                if (at == waiting) channel_->senders_.remove(node_);
                stage_ = stage::over;
                return output{};
            }
        }
        node_.keeps = keeps;
        channel_->senders_.wait(node_, cx);
        return not_ready;
    }

    polled<output> send_now(wake_batch& batch) noexcept {
        stage_ = stage::over;
        channel_->accept(std::move(*node_.value), batch);
        return output{};
    }

    [[gnu::noinline]] void end_node() noexcept {
        if (stage_ == stage::waits) leave();
        std::destroy_at(&node_);
    }

    void leave() noexcept {
        using enum wait_node::place;
        if (node_.where() == woken && !node_.keeps) return;
        wake_batch batch;
        const hold guard{*channel_};
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

    channel_core* channel_;
    stage stage_ = stage::fresh;
    union {
        T value_;         // While fresh.
        send_node node_;  // Later on: most sends need none.
    };
};

template <class T, class Store>
class [[nodiscard]] channel_core<T, Store>::recv_future {
public:
    using output = std::optional<T>;

    explicit recv_future(channel_core& from) noexcept : channel_{&from} {}
    recv_future(recv_future&& other) noexcept : channel_{other.channel_} {
        BIFILAR_CHECK(other.stage_ == stage::fresh, "a future was moved after its first poll");
    }
    recv_future& operator=(recv_future&&) = delete;
    ~recv_future() {
        if (stage_ != stage::fresh) [[unlikely]]
            end_node();
    }

    [[gnu::always_inline]] polled<output> poll(context& cx) noexcept { return poll_as(cx, false); }
    /// Without room, a value is handed to it only where it will be taken.
    polled<output> poll_arm(context& cx) noexcept { return poll_as(cx, true); }
    /// Handed while the task slept.
    [[nodiscard]] bool is_promised() const noexcept {
        return stage_ == stage::waits && !channel_->has_place() && node_.where() == wait_node::place::woken &&
               node_.value.has_value();
    }
    void describe_wait(task_visitor& to) const noexcept { channel_->describe(to, type_name<recv_future>); }

private:
    // In line, as that of send_future.
    [[gnu::always_inline]] polled<output> poll_as(context& cx, bool arm) noexcept {
        if (stage_ != stage::fresh) [[unlikely]]
            return poll_again(cx, arm);
        base::spin_hold guard{channel_->lock_};
        if (!channel_->just_pops()) [[unlikely]] {
            guard.release();
            return poll_first(cx, arm);
        }
        if (!cx.take_budget()) return not_ready;
        T value = channel_->just_pop();
        guard.unlock();
        return polled<output>{std::move(value)};
    }

    // Called with the lock held, which it leaves. The node begins where it will wait.
    [[gnu::noinline]] polled<output> poll_first(context& cx, bool arm) noexcept {
        wake_batch batch;  // Outlives the guard: wakes go out when the lock is free.
        const hold guard{*channel_, std::adopt_lock};
        if (channel_->count_ > channel_->reserved_) {
            if (!cx.take_budget()) return not_ready;
            return channel_->take(batch);
        }
        if (!channel_->has_place()) {
            send_node* const sender = find_partner(cx, arm, nullptr, batch);
            if (sender != nullptr) {
                if (!cx.take_budget()) return not_ready;
                return channel_->take_from(*sender, batch);
            }
        } else if (channel_->receivers_.empty() && channel_->can_meet()) {
            if (!cx.take_budget()) return not_ready;
            return channel_->meet(batch);
        }
        if (channel_->is_drained()) {
            channel_->end_receiver(batch);
            return output{};
        }
        std::construct_at(&node_);
        stage_ = stage::waits;
        return wait(cx, arm);
    }

    [[gnu::noinline]] polled<output> poll_again(context& cx, bool arm) noexcept {
        using enum wait_node::place;
        if (channel_->has_place() && node_.where() == woken && node_.value) {
            polled<output> answer = handed_value();
            channel_->let_go();
            return answer;
        }
        wake_batch batch;
        const hold guard{*channel_};
        // Relaxed: under the lock.
        const wait_node::place at = node_.where(base::relaxed);
        if (at == woken && node_.value) {
            channel_->release_handed();
            channel_->introduce(batch);
            channel_->end_receiver(batch);
            return handed_value();
        }
        if (at == woken && node_.reserved) {
            stage_ = stage::over;
            --channel_->reserved_;
            return channel_->take(batch);
        }
        if (at != waiting && channel_->count_ > channel_->reserved_) {
            stage_ = stage::over;
            return channel_->take(batch);
        }
        if (!channel_->has_place()) {
            send_node* const sender = find_partner(cx, arm, &node_, batch);
            if (sender != nullptr) {
                if (at == waiting) channel_->receivers_.remove(node_);
                stage_ = stage::over;
                return channel_->take_from(*sender, batch);
            }
        } else if (at != waiting && channel_->receivers_.empty() && channel_->can_meet()) {
            stage_ = stage::over;
            return channel_->meet(batch);
        }
        if (channel_->is_drained()) {
            if (at == waiting) channel_->receivers_.remove(node_);
            stage_ = stage::over;
            channel_->end_receiver(batch);
            return output{};
        }
        return wait(cx, arm);
    }

    // Without room: a sender whose value can be taken now, or null. One that gives its value in a poll of its own is
    // called.
    send_node* find_partner(context& cx, bool arm, const wait_node* self, wake_batch& batch) noexcept {
        send_node* const sender = channel_->partner(arm ? &cx.task() : nullptr, false, self);
        if (sender == nullptr || !sender->keeps) return sender;
        (void)wait_queue::call(*sender, batch);
        return nullptr;
    }

    polled<output> handed_value() noexcept {
        stage_ = stage::over;
        return polled<output>{std::move(*node_.value)};
    }

    polled<output> wait(context& cx, bool arm) noexcept {
        channel_->receivers_.wait(node_, cx);
        if (channel_->takes_turns_) [[unlikely]]
            cx.yield();
        node_.arm = arm;
        return not_ready;
    }

    [[gnu::noinline]] void end_node() noexcept {
        if (stage_ == stage::waits) leave();
        std::destroy_at(&node_);
    }

    void leave() noexcept {
        using enum wait_node::place;
        wake_batch batch;
        const hold guard{*channel_};
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
    stage stage_ = stage::fresh;
    union {
        recv_node node_;  // From the first wait on: most receives need none.
    };
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
    void describe_wait(task_visitor& to) const noexcept { channel_->describe(to, type_name<recv_many_future>); }

private:
    polled<std::size_t> poll_as(context& cx, bool arm) {
        if (most_ == 0) return std::size_t{0};
        // One more than are there now, which may be promised to this one already. Geometrically, for vectors that
        // collect.
        const std::size_t wanted = into_->size() + std::min<std::size_t>(most_, std::size_t{channel_->len()} + 1);
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
