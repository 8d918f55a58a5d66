// A channel of any number of senders and receivers that always has room, as long as there is memory.
// Linked blocks under the lock of channel_core.
#pragma once

#include <bifilar/channel/detail/channel_whole.hpp>
#include <bifilar/memory/detail/frame_pool.hpp>
#include <cstddef>
#include <limits>
#include <memory>
#include <new>
#include <optional>

namespace bifilar {

namespace detail {

/// Values in blocks from the frame pool. One empty block is kept, so that a queue that goes up and down allocates
/// nothing.
template <class T>
class channel_blocks {
public:
    using count_type = std::size_t;

    channel_blocks() noexcept = default;
    channel_blocks(const channel_blocks&) = delete;
    channel_blocks& operator=(const channel_blocks&) = delete;
    /// Its values have been popped.
    ~channel_blocks() {
        free(first_);
        free(spare_);
    }

    [[nodiscard]] static bool has_room(std::size_t) noexcept { return true; }
    [[nodiscard]] static std::size_t capacity() noexcept { return std::numeric_limits<std::size_t>::max(); }

    /// Makes sure that there is room for the next push. Throws std::bad_alloc.
    void prepare() {
        if (end_ == values_a_block) [[unlikely]]
            have_spare();
    }

    void push(T&& value) noexcept {
        if (end_ == values_a_block) [[unlikely]]
            begin_spare();
        std::construct_at(&last_->slots[end_++].value, std::move(value));
    }
    void push_front(T&& value) noexcept { front_.emplace(std::move(value)); }

    T pop() noexcept {
        if (front_) [[unlikely]] {
            T value = std::move(*front_);
            front_.reset();
            return value;
        }
        slot& from = first_->slots[begin_++];
        T value = std::move(from.value);
        std::destroy_at(&from.value);
        if (begin_ == values_a_block) [[unlikely]]
            end_first();
        return value;
    }

private:
    union slot {
        slot() noexcept {}
        ~slot() {}
        T value;
    };
    static constexpr std::size_t values_a_block = sizeof(T) < 500 ? 1000 / sizeof(T) : 2;
    struct block {
        block* next = nullptr;
        slot slots[values_a_block];
    };
    static_assert(alignof(T) <= largest_frame_alignment,
                  "a value is aligned to at most 256 MiB; send a std::unique_ptr to it");

    [[gnu::noinline]] void have_spare() {
        if (spare_ == nullptr) spare_ = new (allocate_frame(sizeof(block))) block;
    }
    [[gnu::noinline]] void begin_spare() noexcept {
        block* const fresh = std::exchange(spare_, nullptr);
        fresh->next = nullptr;
        (last_ != nullptr ? last_->next : first_) = fresh;
        last_ = fresh;
        end_ = 0;
    }
    // The first block has been drained.
    [[gnu::noinline]] void end_first() noexcept {
        begin_ = 0;
        if (first_ == last_) {
            end_ = 0;  // The only one is used again from its start.
            return;
        }
        free(std::exchange(spare_, std::exchange(first_, first_->next)));
    }
    static void free(block* at) noexcept {
        if (at != nullptr) release_frame(at);
    }

    block* first_ = nullptr;
    block* last_ = nullptr;
    block* spare_ = nullptr;
    std::size_t begin_ = 0;             // The oldest value's place in the first block.
    std::size_t end_ = values_a_block;  // The next value's place in the last one.
    std::optional<T> front_;            // Came back; older than all others.
};

}  // namespace detail

/// Neither copied nor moved; used by reference, and outlives its operations. Order, fairness and types as for channel.
/// Destroying it while somebody waits at it aborts; values in it are destroyed.
/// Thread: any, for all members; release on sending, acquire on receiving.
/// Allocates: on sending, a block from the frame pool when the last one is full: nothing where receivers keep pace. And
/// where recv_many's vector grows.
template <class T>
class unbounded_channel : public detail::channel_core<T, detail::channel_blocks<T>> {
public:
    unbounded_channel() noexcept = default;

    /// Sends at once. Does not suspend.
    /// Throws: std::bad_alloc with nothing sent; the value is destroyed then.
    /// Errors: send_error with the value when the channel is closed.
    std::expected<void, send_error<T>> send(T value) {
        auto sent = this->try_send(std::move(value));
        if (sent) [[likely]]
            return {};
        return std::unexpected{send_error<T>{sent.error().take()}};
    }
    template <detail::loses_fraction<T> U>
    void send(U) = delete;  // It would lose its fraction: convert it first.
};

}  // namespace bifilar
