// What connected stream sockets have in common, whatever their addresses: bytes in, bytes out, half-close, halves.
#pragma once

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/io/address/socket_address.hpp>
#include <bifilar/io/net/receive_stream.hpp>
#include <bifilar/io/streams/stream_futures.hpp>
#include <utility>

namespace bifilar {

class socket_read_half;
class socket_write_half;

namespace detail {

struct stream_access;

/// What a stream and its halves keep: a share of the socket.
class socket_share {
public:
    /// -1 after close() or a move.
    [[nodiscard]] int descriptor() const noexcept { return source_ ? source_->descriptor() : -1; }

protected:
    /// For the library.
    explicit socket_share(drivers::source_ptr source) noexcept : source_{std::move(source)} {}
    socket_share(const socket_share&) = delete;  // A half of a stream has one owner: std::move it.
    socket_share(socket_share&&) noexcept = default;
    socket_share& operator=(socket_share&&) noexcept = default;
    ~socket_share() = default;

    /// Aborts after close() or a move.
    [[nodiscard]] drivers::io_source& source() const noexcept {
        BIFILAR_CHECK(source_ != nullptr,
                      "a stream or a half of one was used after close() or split(), or after it was moved from");
        return *source_;
    }
    /// False after close() or a move.
    [[nodiscard]] bool is_open() const noexcept { return source_ != nullptr; }
    [[nodiscard]] drivers::source_ptr release() noexcept { return std::move(source_); }
    /// For shutdown_write.
    io_result<void> end_sending() noexcept;

private:
    drivers::source_ptr source_;
};

/// Bytes in. Buffers stay valid until the future is ready or destroyed.
///
/// Throws: the first wait of a plain thread, where it can have no driver: std::system_error, std::bad_alloc.
/// Errors: the system's codes: ECONNRESET and so on; EBUSY for one of two reads of the socket that wait at a time, not
/// always the later; ENOMEM, ENOSPC or ENOBUFS when the driver cannot wait.
/// Cancellation: given up in a race or timeout, what a read had received by then is lost, that of read_exact as well; a
/// select keeps the future, which the same task may await again.
/// Suspends: until something has come, the peer has ended its side or the connection has failed. None blocks the
/// thread.
/// Allocates: in the driver, and only the first wait in it of a socket that another driver knows already.
template <class Base>
class socket_reading : public Base {
public:
    /// Reads what is there, at least one byte, into `into`. 0: the peer has ended its side, or `into` is empty.
    [[nodiscard]] stream_read_future read(std::span<std::byte> into) noexcept {
        return {this->source(), op_kind::recv, into, transfer::some};
    }
    /// Reads until `into` is full.
    /// Errors: ENODATA when the stream ends before.
    [[nodiscard]] stream_read_future read_exact(std::span<std::byte> into) noexcept {
        return {this->source(), op_kind::recv, into, transfer::whole};
    }
    /// Reads what is there, at most received_bytes::most, into a buffer that the driver lends: a connection that waits
    /// holds no buffer.
    /// Errors: as read; ENOMEM when there is no memory for a buffer.
    /// Allocates: only while many buffers are out.
    [[nodiscard]] stream_receive_future receive() noexcept { return stream_receive_future{this->source()}; }
    /// What arrives from here on, by one operation of the kernel where there is such a one; a wait that is given up
    /// loses nothing. Shares the descriptor.
    [[nodiscard]] receive_stream receive_all() { return receive_stream{this->source().share()}; }
    /// As read, but leaves the bytes where they are, for the next read.
    /// Cancellation: loses nothing.
    [[nodiscard]] stream_read_future peek(std::span<std::byte> into) noexcept {
        return {this->source(), op_kind::recv, into, transfer::some, MSG_PEEK};
    }
    /// As read, into several buffers in turn. The descriptions stay valid until the future is ready or destroyed.
    [[nodiscard]] vector_transfer_future read_vectored(std::span<const iovec> into) noexcept {
        return {this->source(), op_kind::recv_message, into};
    }

protected:
    using Base::Base;
};

/// Bytes out. Buffers stay valid until the future is ready or destroyed. Two writes at once may mix what they send.
///
/// Throws: as the reads.
/// Errors: the system's codes: EPIPE, ECONNRESET and so on; EBUSY for one of two writes of the socket that wait at a
/// time; ENOMEM, ENOSPC or ENOBUFS when the driver cannot wait.
/// Cancellation: an unknown part may have been sent, as after a failure.
/// Suspends: until the kernel has room, or the connection has failed. None blocks the thread.
/// Allocates: as the reads.
template <class Base>
class socket_writing : public Base {
public:
    /// Writes what fits now, at least one byte of `from`.
    [[nodiscard]] stream_write_future write(std::span<const std::byte> from) noexcept {
        return {this->source(), op_kind::send, from, transfer::some};
    }
    /// Writes all of `from`.
    [[nodiscard]] stream_write_future write_all(std::span<const std::byte> from) noexcept {
        return {this->source(), op_kind::send, from, transfer::whole};
    }
    /// As write_all, for bytes behind which others follow at once, such as a head before send_file: TCP keeps what
    /// fills no packet until the next write, or 200 ms. Other sockets take it for a write_all.
    [[nodiscard]] stream_write_future write_all_more(std::span<const std::byte> from) noexcept {
        return {this->source(), op_kind::send, from, transfer::whole, MSG_MORE};
    }
    /// As write, from several buffers in turn. The descriptions stay valid until the future is ready or destroyed.
    [[nodiscard]] vector_transfer_future write_vectored(std::span<const iovec> from) noexcept {
        return {this->source(), op_kind::send_message, from};
    }
    /// As write_all, from several buffers in turn, whose descriptions it moves forward.
    [[nodiscard]] vector_write_all_future write_all_vectored(std::span<iovec> from) noexcept {
        return {this->source(), op_kind::send_message, from};
    }
    /// Ends the sending side: the peer reads 0. Does not block.
    /// Errors: those of shutdown(2), such as ENOTCONN.
    io_result<void> shutdown_write() noexcept { return this->end_sending(); }

protected:
    using Base::Base;
};

}  // namespace detail

/// Move-only; not while an operation on it is in flight.
/// Thread: one read and one write may wait at a time, and they may belong to different tasks; a second one of a
/// direction is a misuse, answered with EBUSY. From its first wait on a future of a stream belongs to the task that
/// polled it; a poll by another aborts.
/// Blocks: the destructor of a future in flight, a moment, until the kernel has let go of the buffer.
class socket_stream : public detail::socket_writing<detail::socket_reading<detail::socket_share>> {
public:
    /// Two owners, for two tasks. The stream is used up.
    [[nodiscard]] std::pair<socket_read_half, socket_write_half> split() &&;
    /// Closes now. No operation may be in flight.
    void close() noexcept { release().reset(); }

    [[nodiscard]] io_result<socket_address> peer_address() const noexcept;
    [[nodiscard]] io_result<socket_address> local_address() const noexcept;

protected:
    /// Takes over a connected socket of any origin, and makes it blocking in the kernel's eyes: a ring waits for such
    /// a one, while it answers EAGAIN for others.
    explicit socket_stream(int descriptor);
    explicit socket_stream(drivers::source_ptr source) noexcept : socket_writing{std::move(source)} {}
    socket_stream(const socket_stream&) = delete;  // A stream has one owner: std::move it, or split() it.
    socket_stream(socket_stream&&) noexcept = default;
    socket_stream& operator=(socket_stream&&) noexcept = default;
    ~socket_stream() = default;

    io_result<void> set_option(int level, int name, int value) noexcept;
    /// For derived classes.
    [[nodiscard]] io_result<int> option(int level, int name) const noexcept;

private:
    // What sends files and splices waits for the source of a stream, which no application may touch.
    friend struct detail::stream_access;
};

/// The reading half of a stream that was split, with the stream's reads. Move-only; not while an operation on it is in
/// flight. The descriptor is closed with the second half, or with a receive_all() of it that lives longer.
class socket_read_half : public detail::socket_reading<detail::socket_share> {
public:
    explicit socket_read_half(drivers::source_ptr source) noexcept : socket_reading{std::move(source)} {}
};

/// The writing half of a stream that was split, with the stream's writes. Move-only; not while an operation on it is in
/// flight. Ends the sending side when it is destroyed.
class socket_write_half : public detail::socket_writing<detail::socket_share> {
public:
    explicit socket_write_half(drivers::source_ptr source) noexcept : socket_writing{std::move(source)} {}
    socket_write_half(const socket_write_half&) = delete;  // A half has one owner: std::move it.
    socket_write_half(socket_write_half&&) noexcept = default;
    socket_write_half& operator=(socket_write_half&&) = delete;
    ~socket_write_half() {
        if (is_open()) (void)shutdown_write();
    }
};

static_assert(byte_stream<socket_stream> && half_closing<socket_stream>);
static_assert(byte_reader<socket_read_half> && byte_writer<socket_write_half> && half_closing<socket_write_half>);

}  // namespace bifilar
