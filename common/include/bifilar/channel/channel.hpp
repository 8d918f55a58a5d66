// A channel of any number of senders and receivers with room for a given number of values; with no room at all it is a
// rendezvous. A ring under the lock of channel_core.
#pragma once

#include <bifilar/base/detail/plain.hpp>
#include <bifilar/channel/detail/channel_whole.hpp>
#include <cstdint>
#include <limits>
#include <memory>
#include <stdexcept>

namespace bifilar {

namespace detail {

/// A ring of `capacity` values, and one more, for a value that comes back while the ring is full.
template <class T>
class channel_ring {
public:
    using count_type = std::uint32_t;

    explicit channel_ring(std::uint32_t capacity) : capacity_{checked(capacity)}, slots_{new slot[capacity + 1]} {}

    [[nodiscard]] bool has_room(std::uint32_t count) const noexcept { return count < capacity_; }
    [[nodiscard]] std::uint32_t capacity() const noexcept { return capacity_; }
    void prepare() noexcept {}

    void push(T&& value) noexcept {
        std::construct_at(&slots_[end_].value, std::move(value));
        end_ = after(end_);
    }
    void push_front(T&& value) noexcept {
        first_ = first_ == 0 ? capacity_ : first_ - 1;
        std::construct_at(&slots_[first_].value, std::move(value));
    }
    T pop() noexcept {
        slot& from = slots_[first_];
        T value = std::move(from.value);
        std::destroy_at(&from.value);
        first_ = after(first_);
        return value;
    }

private:
    [[nodiscard]] std::uint32_t after(std::uint32_t at) const noexcept { return at == capacity_ ? 0 : at + 1; }

    union slot {
        slot() noexcept {}
        ~slot() {}
        T value;
    };

    static std::uint32_t checked(std::uint32_t capacity) {
        if (capacity == std::numeric_limits<std::uint32_t>::max())
            throw std::invalid_argument{"channel capacity is 4294967295; it may be at most one less"};
        return capacity;
    }

    const std::uint32_t capacity_;
    base::plain<std::uint32_t> first_{0};  // The oldest value's place.
    base::plain<std::uint32_t> end_{0};    // The next value's place.
    const std::unique_ptr<slot[]> slots_;
};

}  // namespace detail

/// Neither copied nor moved; used by reference, and outlives its operations. Values leave in the order in which they
/// came, and those who wait are served in the order in which they began to. A type whose move may throw is refused, so
/// that no operation can fail halfway: send a std::unique_ptr to it. Destroying it while somebody waits at it aborts;
/// values in it are destroyed.
///
/// A value that is on its way to a receiver which is not polled holds up the others of a rendezvous; do not keep such a
/// future in a select whose other arms go on for long. Where there is no room, try_recv() meets a plain send only, not
/// one that is an arm of a race; arms of one task never meet each other; and a value is left over only by a receiver
/// that was cancelled after it was handed one, or by one of two such receivers in a race over a vector: it goes to the
/// next.
/// Thread: any, for all members; release on sending, acquire on receiving.
/// Allocates: in the constructor, and where recv_many's vector grows.
template <class T>
class channel : public detail::channel_core<T, detail::channel_ring<T>> {
public:
    /// Room for `capacity` values besides what a woken receiver holds. With 0 a send ends when a receiver takes the
    /// value.
    /// Throws: std::invalid_argument for 2^32 - 1; std::bad_alloc.
    /// Allocates: the room for all values and one more, at once.
    explicit channel(std::uint32_t capacity) : detail::channel_core<T, detail::channel_ring<T>>{capacity} {}
};

}  // namespace bifilar
