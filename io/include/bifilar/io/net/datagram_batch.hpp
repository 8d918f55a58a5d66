// Several datagrams that one system call sends or receives: their bytes, addresses and the kernel's descriptions.
// Everything is allocated when the batch is made, so that a server makes one and uses it again and again.
#pragma once

#include <bifilar/io/net/datagram_futures.hpp>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace bifilar {

/// Move-only; neither moved, changed nor read while an operation has it.
class datagram_batch {
public:
    /// What the kernel takes with one call.
    static constexpr std::size_t max_datagrams = 1024;

    /// Room for so many datagrams, each of at most so many bytes.
    /// Throws: std::invalid_argument for none, more than max_datagrams or datagrams without bytes; std::bad_alloc.
    /// Allocates: all that it will need: the bytes, and about 240 more for each datagram.
    datagram_batch(std::size_t capacity, std::size_t bytes_each);
    datagram_batch(datagram_batch&&) noexcept = default;
    datagram_batch& operator=(datagram_batch&&) noexcept = default;
    ~datagram_batch() = default;

    /// One datagram of those that were received or added.
    struct item {
        /// What came.
        std::span<const std::byte> bytes;
        const socket_address& address;  ///< Whence it came or where it goes.
        bool truncated;                 ///< It was longer than the batch's bytes_each; the rest is lost.
        std::size_t segment_bytes;      ///< As in received_datagram.
    };
    /// `index` below size(), which is not checked.
    [[nodiscard]] item operator[](std::size_t index) const noexcept;
    /// Datagrams in it.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    /// Datagrams that it has room for.
    [[nodiscard]] std::size_t capacity() const noexcept { return headers_.size(); }

    /// Adds a copy of the bytes. False: the batch is full, or the bytes do not fit; nothing was added.
    [[nodiscard]] bool add(std::span<const std::byte> bytes, const socket_address& to) noexcept;
    /// For a connected socket.
    [[nodiscard]] bool add(std::span<const std::byte> bytes) noexcept { return add(bytes, socket_address{}); }
    /// Empties it, for the next call.
    void clear() noexcept { size_ = 0; }

private:
    // They show the kernel the descriptions, and take in what it has written there.
    friend class batch_receive_future;
    friend class batch_send_future;

    // For the kernel, before a call.
    void offer_room(const drivers::io_source& from) noexcept;
    [[nodiscard]] mmsghdr* headers() noexcept { return headers_.data(); }
    // After it.
    void take(std::size_t count) noexcept;

    std::size_t bytes_each_;
    std::size_t size_ = 0;
    std::unique_ptr<std::byte[]> bytes_;
    std::vector<socket_address> addresses_;
    std::vector<iovec> vectors_;
    std::vector<detail::segment_note> notes_;
    std::vector<mmsghdr> headers_;
};

/// Ready with how many datagrams came, at least one and at most the batch's capacity: those that were there.
/// Cancellation: what was received by then is lost.
class [[nodiscard]] batch_receive_future {
public:
    using output = io_result<std::size_t>;

    batch_receive_future(drivers::io_source& from, datagram_batch& into) noexcept
        : into_{&into}, wait_{op_kind::recv_many, from} {}
    polled<output> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept { return wait_.poll_rest(cx); }
    void describe_wait(task_visitor& to) const noexcept { wait_.describe<batch_receive_future>(to); }

private:
    datagram_batch* into_;
    bool offered_ = false;
    drivers::io_wait wait_;
};

/// Ready with how many datagrams were sent: all, or those before the first that failed.
/// Errors: sendmmsg(2)'s about the first datagram; a failure of a later one is told by the call that begins with it.
/// Cancellation: an unknown number has been sent, each of them whole.
class [[nodiscard]] batch_send_future {
public:
    using output = io_result<std::size_t>;

    /// Sends those from `first` on.
    batch_send_future(drivers::io_source& to, datagram_batch& from, std::size_t first) noexcept
        : from_{&from}, first_{first}, wait_{op_kind::send_many, to} {}
    polled<output> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept { return wait_.poll_rest(cx); }
    void describe_wait(task_visitor& to) const noexcept { wait_.describe<batch_send_future>(to); }

private:
    datagram_batch* from_;
    std::size_t first_;
    std::size_t sent_ = 0;
    drivers::io_wait wait_;
};

}  // namespace bifilar
