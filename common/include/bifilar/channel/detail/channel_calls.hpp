// What a channel does at once and out of line: the longer ways of its tries, close(), and how those meet that wait
// where there is no room.
#pragma once

#include <bifilar/channel/detail/channel_core.hpp>
#include <array>
#include <cstddef>
#include <expected>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

namespace bifilar::detail {

template <class T, class Store>
[[gnu::noinline]] std::expected<void, try_send_error<T>> channel_core<T, Store>::try_send_locked(T&& value) noexcept(
    nothrow) {
    wake_batch batch;  // Outlives the guard: wakes go out when the lock is free.
    const hold guard{*this, std::adopt_lock};
    if (is_shut()) return std::unexpected{try_send_error<T>{true, std::move(value)}};
    if (!has_place()) {
        if (hand_over(value, nullptr, batch)) return {};
        return std::unexpected{try_send_error<T>{false, std::move(value)}};
    }
    if (!can_accept()) return std::unexpected{try_send_error<T>{false, std::move(value)}};
    store_.prepare();
    accept(std::move(value), batch);
    return {};
}

template <class T, class Store>
[[gnu::noinline]] std::expected<T, try_recv_error> channel_core<T, Store>::try_recv_locked() noexcept {
    wake_batch batch;
    const hold guard{*this, std::adopt_lock};
    if (count_ > reserved_) return take(batch);
    if (!has_place()) {
        send_node* const sender = partner(nullptr, true, nullptr);
        if (sender != nullptr && !sender->keeps) return take_from(*sender, batch);
    } else if (receivers_.empty() && can_meet()) {
        return meet(batch);
    }
    // What was promised to a receiver may come back.
    return std::unexpected{is_drained() ? try_recv_error::closed : try_recv_error::empty};
}

template <class T, class Store>
void channel_core<T, Store>::close() noexcept {
    bool held = false;
    {
        const hold guard{*this};
        closed_.store(true, base::relaxed);  // Relaxed: see the member.
        held = handed_.load(base::relaxed);  // Relaxed: see the member.
    }
    // Pairs with let_go: a receiver that holds a value sees that the channel is closed when it lets go, or those
    // who are woken below see that it has.
    if (held && !base::heavy_fence()) {
        const hold guard{*this};
        takes_turns_ = true;
    }
    // Those that wait now. A receiver that waits again is called by the one that it waits for.
    wait_queue senders;
    wait_queue receivers;
    for (bool first = true, more = true; more; first = false) {
        wake_batch batch;
        const hold guard{*this};
        if (first) {
            senders.splice(senders_);
            receivers.splice(receivers_);
        }
        for (int count = 0; count < wakes_per_hold; ++count) {
            (void)senders.wake_one(batch);
            (void)receivers.wake_one(batch);
        }
        more = !senders.empty() || !receivers.empty();
    }
}

template <class T, class Store>
std::size_t channel_core<T, Store>::take_more(std::vector<T>& into, std::size_t most) noexcept {
    wake_batch batch;
    const hold guard{*this};
    std::size_t taken = 0;
    for (; taken < most && into.size() < into.capacity() && count_ > reserved_; ++taken) into.push_back(take(batch));
    return taken;
}

template <class T, class Store>
auto channel_core<T, Store>::call_receiver(const task_header* arm, wake_batch& batch) noexcept -> recv_node* {
    return static_cast<recv_node*>(receivers_.find([&](wait_node& at) {
        const bool chooses = static_cast<recv_node&>(at).arm;
        if (chooses && arm == wait_queue::task_of(at)) return false;
        return wait_queue::call(at, batch) || !chooses;
    }));
}

template <class T, class Store>
auto channel_core<T, Store>::partner(const task_header* arm, bool skips, const wait_node* self) noexcept -> send_node* {
    if (is_shut() || count_ != 0) return nullptr;
    // Older receivers wait in vain, but for a value that is on its way: then nobody is overtaken.
    const bool oldest = receivers_.empty() || receivers_.front() == self;
    if (!oldest && handed_.load(base::relaxed)) return nullptr;  // Relaxed: see the member.
    return static_cast<send_node*>(senders_.find([&](wait_node& at) {
        if (!static_cast<send_node&>(at).keeps) return true;
        return !skips && arm != wait_queue::task_of(at);
    }));
}

template <class T, class Store>
void channel_core<T, Store>::introduce(wake_batch& batch) noexcept {
    if (has_place() || is_shut() || !can_hand_over()) return;
    auto* const sender = static_cast<send_node*>(senders_.find([&](wait_node& at) {
        if (!static_cast<send_node&>(at).keeps) return true;
        (void)wait_queue::call(at, batch);
        return false;
    }));
    if (sender == nullptr || !hand_over(*sender->value, nullptr, batch)) return;
    sender->value.reset();
    (void)wait_queue::call(*sender, batch);
    wait_queue::let_go(*sender);
}

template <class T, class Store>
void channel_core<T, Store>::describe(task_visitor& to, std::string_view type) noexcept {
    // Whoever asks may hold up the one who has the lock: then less is told.
    if (!lock_.try_lock()) return to.visit_wait(type, std::array{wait_fact::object(this)});
    const std::array facts{wait_fact::object(this),
                           wait_fact::number("fill", count_),
                           wait_fact::number("capacity", store_.capacity()),
                           wait_fact::number("senders", senders_.count()),
                           wait_fact::number("receivers", receivers_.count()),
                           wait_fact::number("closed", is_shut() ? 1 : 0)};
    lock_.unlock();
    to.visit_wait(type, facts);
}

}  // namespace bifilar::detail
