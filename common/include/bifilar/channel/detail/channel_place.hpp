// A place in a channel that is kept for one value: waited for first, filled later, without waiting.
// To channel_core it is a sender that was let in and has not brought its value yet.
#pragma once

#include <bifilar/channel/detail/channel_core.hpp>
#include <expected>
#include <mutex>
#include <optional>
#include <utility>

namespace bifilar::detail {

/// Given back in the destructor. Movable; any thread, one at a time. Must not outlive the channel.
template <class T, class Store>
class [[nodiscard]] channel_core<T, Store>::place {
public:
    /// Holds nothing.
    place() noexcept = default;
    place(place&& other) noexcept : of_{std::exchange(other.of_, nullptr)} {}
    place& operator=(place&& other) noexcept {
        if (this != &other) {
            give_back();
            of_ = std::exchange(other.of_, nullptr);
        }
        return *this;
    }
    ~place() { give_back(); }

    /// Sends at once, into the place, which is used up. Aborts when it holds nothing.
    /// Throws: of an unbounded channel, std::bad_alloc; the value is destroyed then, and the place is still kept.
    /// Errors: send_error with the value when the channel was closed meanwhile.
    std::expected<void, send_error<T>> send(T value) noexcept(nothrow) {
        BIFILAR_CHECK(of_ != nullptr, "a place that holds nothing was sent to");
        channel_core& to = *of_;
        wake_batch batch;
        const hold guard{to};
        to.store_.prepare();
        --to.admitted_;
        of_ = nullptr;
        if (to.is_shut()) return std::unexpected{send_error<T>{std::move(value)}};
        to.accept(std::move(value), batch);
        to.admit(batch);  // A receiver may have got the value, and the room is still there.
        return {};
    }
    template <detail::loses_fraction<T> U>
    void send(U) = delete;  // It would lose its fraction: convert it first.
    /// The next sender gets it; nothing when it holds nothing.
    void give_back() noexcept {
        if (of_ == nullptr) return;
        wake_batch batch;
        const hold guard{*of_};
        --of_->admitted_;
        std::exchange(of_, nullptr)->admit(batch);
    }
    [[nodiscard]] explicit operator bool() const noexcept { return of_ != nullptr; }

private:
    // It alone makes one that holds: of a channel that has counted it in.
    friend class reserve_future;
    explicit place(channel_core& of) noexcept : of_{&of} {}

    channel_core* of_ = nullptr;
};

template <class T, class Store>
class [[nodiscard]] channel_core<T, Store>::reserve_future {
public:
    using output = place;

    explicit reserve_future(channel_core& to) noexcept : channel_{&to} {}
    reserve_future(reserve_future&&) noexcept = default;
    reserve_future& operator=(reserve_future&&) = delete;
    ~reserve_future() {
        using enum wait_node::place;
        // Relaxed: a fresh node was never shared.
        if (node_.where(base::relaxed) == fresh) return;
        wake_batch batch;
        const hold guard{*channel_};
        // Relaxed: locked.
        if (node_.where(base::relaxed) == waiting) {
            channel_->senders_.remove(node_);
        } else if (node_.admitted) {
            --channel_->admitted_;
            channel_->admit(batch);
        }
    }

    polled<output> poll(context& cx) noexcept {
        using enum wait_node::place;
        const hold guard{*channel_};
        // Relaxed: under the lock.
        const wait_node::place at = node_.where(base::relaxed);
        const bool admitted = std::exchange(node_.admitted, false);
        if (admitted && !channel_->is_shut()) return place{*channel_};
        if (admitted) --channel_->admitted_;
        if (channel_->is_shut()) {
            if (at == waiting) channel_->senders_.remove(node_);
            return place{};
        }
        if (at == fresh && channel_->senders_.empty() && channel_->has_room()) {
            if (!cx.take_budget()) return not_ready;
            ++channel_->admitted_;
            return place{*channel_};
        }
        node_.keeps = true;
        channel_->senders_.wait(node_, cx);
        return not_ready;
    }
    void describe_wait(task_visitor& to) const noexcept { channel_->describe(to, type_name<reserve_future>); }

private:
    channel_core* channel_;
    send_node node_;
};

}  // namespace bifilar::detail
