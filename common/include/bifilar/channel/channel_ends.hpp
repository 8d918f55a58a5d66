// Handles of a channel's two sides: the last sender that goes closes it, so does the last receiver, and the last of all
// frees it. One block with the channel and two counts.
#pragma once

#include <bifilar/base/detail/owner_count.hpp>
#include <bifilar/channel/channel.hpp>
#include <bifilar/channel/unbounded_channel.hpp>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace bifilar {

namespace detail {

/// A channel that belongs to its handles.
template <class Channel>
class shared_channel {
public:
    template <class... Given>
    explicit shared_channel(Given... given) : channel_{given...} {}

    /// The channel itself.
    [[nodiscard]] Channel& channel() noexcept { return channel_; }

    /// Counts one handle more.
    template <bool Sends>
    void enter() noexcept {
        count<Sends>().add();
        owners_.add();
    }
    /// Counts one handle less; the last closes the channel.
    template <bool Sends>
    void leave() noexcept {
        if (count<Sends>().drop()) {
            channel_.close();
            // Values that nobody will take end here.
            if constexpr (!Sends)
                while (channel_.try_recv()) continue;
        }
        if (owners_.drop()) delete this;
    }

private:
    template <bool Sends>
    base::owner_count& count() noexcept {
        if constexpr (Sends)
            return senders_;
        else
            return receivers_;
    }

    Channel channel_;
    // Handles of each side, and of both; each begins with the first one. Any thread counts.
    base::owner_count senders_{1};
    base::owner_count receivers_{1};
    base::owner_count owners_{2};
};

/// What both kinds of handles are: a count in a channel.
template <class Channel, bool Sends>
class channel_end {
public:
    explicit channel_end(shared_channel<Channel>& of) noexcept : of_{&of} {}
    channel_end(const channel_end& other) noexcept : of_{other.of_} {
        if (of_ != nullptr) of_->template enter<Sends>();
    }
    channel_end(channel_end&& other) noexcept : of_{std::exchange(other.of_, nullptr)} {}
    channel_end& operator=(channel_end other) noexcept {
        std::swap(of_, other.of_);
        return *this;
    }
    ~channel_end() {
        if (of_ != nullptr) of_->template leave<Sends>();
    }

    /// Closes the channel for all, before the last handle of this side goes. Any number of times.
    void close() noexcept { here().close(); }
    /// Whether the channel is closed; a false may be out of date when it returns.
    [[nodiscard]] bool is_closed() noexcept { return here().is_closed(); }

protected:
    /// The channel. Aborts after a move.
    Channel& here() noexcept {
        BIFILAR_CHECK(of_ != nullptr, "an end of a channel was used after it was moved from");
        return of_->channel();
    }

private:
    shared_channel<Channel>* of_;
};

}  // namespace detail

/// A sending side of `Channel`. Copies are more senders; when the last goes, the channel closes, and receivers drain
/// it. Outlives the futures and places that it makes. Aborts when used after it was moved from.
/// Thread: one at a time, each copy.
/// Allocates: what the channel's members do.
template <class Channel>
class channel_sender : public detail::channel_end<Channel, true> {
public:
    using detail::channel_end<Channel, true>::channel_end;

    /// As those of the channel.
    template <class T>
    auto send(T&& value) noexcept(noexcept(std::declval<Channel&>().send(std::forward<T>(value)))) {
        return this->here().send(std::forward<T>(value));
    }
    /// As try_send of the channel.
    template <class T>
    auto try_send(T&& value) {
        return this->here().try_send(std::forward<T>(value));
    }
    /// As reserve of the channel.
    [[nodiscard]] auto reserve() noexcept { return this->here().reserve(); }
};

/// A receiving side of `Channel`. Copies are more receivers of the same values; when the last goes, the channel closes,
/// and what is in it is destroyed. The rest as for channel_sender.
template <class Channel>
class channel_receiver : public detail::channel_end<Channel, false> {
public:
    using detail::channel_end<Channel, false>::channel_end;

    /// As those of the channel.
    [[nodiscard]] auto recv() noexcept { return this->here().recv(); }
    /// As try_recv of the channel.
    auto try_recv() noexcept { return this->here().try_recv(); }
    /// As recv_many of the channel.
    template <class T>
    [[nodiscard]] auto recv_many(std::vector<T>& into, std::size_t most) noexcept {
        return this->here().recv_many(into, most);
    }
};

/// Both sides of a new channel with room for `capacity` values; 0 is a rendezvous.
/// Throws: as channel's constructor.
/// Allocates: one block with the channel, and its room.
template <class T>
[[nodiscard]] std::pair<channel_sender<channel<T>>, channel_receiver<channel<T>>> make_channel(std::uint32_t capacity) {
    auto* const made = new detail::shared_channel<channel<T>>{capacity};
    return {channel_sender<channel<T>>{*made}, channel_receiver<channel<T>>{*made}};
}

/// Both sides of a new unbounded channel.
/// Throws: std::bad_alloc.
/// Allocates: one block with the channel.
template <class T>
[[nodiscard]] std::pair<channel_sender<unbounded_channel<T>>, channel_receiver<unbounded_channel<T>>>
make_unbounded_channel() {
    auto* const made = new detail::shared_channel<unbounded_channel<T>>{};
    return {channel_sender<unbounded_channel<T>>{*made}, channel_receiver<unbounded_channel<T>>{*made}};
}

}  // namespace bifilar
