// What sockets of datagrams have in common, whatever their addresses: receiving, options, and to whom they are
// connected.
#pragma once

#include <bifilar/drivers/contract/owned_descriptor.hpp>
#include <bifilar/io/net/datagram_batch.hpp>
#include <bifilar/io/net/datagram_futures.hpp>
#include <cstddef>
#include <span>
#include <utility>

namespace bifilar {

/// Move-only; not while an operation on it is in flight.
///
/// Throws: the first wait of a plain thread, where it can have no driver: std::system_error, std::bad_alloc.
/// Errors: the system's codes, of the options setsockopt(2)'s and getsockopt(2)'s; EBUSY, which is a misuse, when more
/// than one receive or more than one send waits; ENOMEM, ENOSPC or ENOBUFS when the driver cannot wait.
/// Thread: one receive and one send may wait at a time, and they may belong to different tasks. From its first wait on
/// a future of a socket belongs to the task that polled it; a poll by another aborts.
/// Cancellation: given up in a race or timeout, a datagram that a receive had taken by then is lost; a select keeps the
/// future, which the same task may await again.
/// Suspends: receives, until a datagram is there; sends, until the kernel has room for one.
class datagram_socket {
public:
    /// The next datagram and its sender. One that is longer than `into` is cut, and the answer says so.
    [[nodiscard]] datagram_receive_future recv_from(std::span<std::byte> into) noexcept {
        return {source(), into, datagram_receive_future::sender::told};
    }
    /// As recv_from, without the sender; for connected sockets.
    [[nodiscard]] datagram_receive_future recv(std::span<std::byte> into) noexcept {
        return {source(), into, datagram_receive_future::sender::untold};
    }
    /// As recv_from, but leaves the datagram where it is, for the next receive.
    /// Cancellation: loses nothing.
    [[nodiscard]] datagram_receive_future peek_from(std::span<std::byte> into) noexcept {
        return {source(), into, datagram_receive_future::sender::told, MSG_PEEK};
    }
    /// All datagrams that are there, at least one, as far as the batch has room. Replaces what is in the batch, which
    /// stays valid until the future is ready or destroyed.
    [[nodiscard]] batch_receive_future recv_many(datagram_batch& into) noexcept { return {source(), into}; }

    /// Sets whom the derived sockets' `send` sends to, and takes datagrams from that one alone. Again: another one.
    /// Errors: connect(2)'s.
    io_result<void> connect(const socket_address& to) noexcept;
    /// Ends that.
    io_result<void> disconnect() noexcept;

    /// Bytes that the kernel may keep; it doubles the number for its own needs, and takes at most net.core.rmem_max
    /// and wmem_max. What arrives when the buffer is full is lost (UDP) or makes the sender wait (Unix).
    io_result<void> set_receive_buffer(std::size_t bytes) noexcept;
    /// Bytes that the kernel may keep until they are sent; it doubles the number for its own needs.
    io_result<void> set_send_buffer(std::size_t bytes) noexcept;
    /// What the kernel made of it, doubled.
    [[nodiscard]] io_result<std::size_t> receive_buffer() const noexcept;
    /// Bytes, as the kernel counts them.
    [[nodiscard]] io_result<std::size_t> send_buffer() const noexcept;

    [[nodiscard]] io_result<socket_address> local_address() const noexcept;
    /// ENOTCONN when it is not connected.
    [[nodiscard]] io_result<socket_address> peer_address() const noexcept;
    /// Closes now. No operation may be in flight.
    void close() noexcept { source_.reset(); }
    /// -1 after close() or a move.
    [[nodiscard]] int descriptor() const noexcept { return source_ ? source_->descriptor() : -1; }

protected:
    /// Takes over a datagram socket of any origin, and makes it blocking in the kernel's eyes.
    /// Throws: std::bad_alloc; the descriptor is closed then.
    explicit datagram_socket(owned_descriptor descriptor);
    datagram_socket(const datagram_socket&) = delete;  // A socket has one owner: std::move it.
    datagram_socket(datagram_socket&&) noexcept = default;
    datagram_socket& operator=(datagram_socket&&) noexcept = default;
    ~datagram_socket() = default;

    [[nodiscard]] drivers::io_source& source() const noexcept;
    io_result<void> set_option(int level, int name, int value) noexcept;

private:
    drivers::source_ptr source_;
};

}  // namespace bifilar
