// What connected stream sockets have in common, whatever their addresses: bytes in, bytes out, half-close, halves.
#pragma once

#include <bifilar/drivers/receive_stream.hpp>
#include <bifilar/drivers/socket_address.hpp>
#include <bifilar/drivers/stream_call.hpp>
#include <utility>

namespace bifilar {

class file;
class file_send;
class pipe_reader;
class pipe_writer;
class splice_call;
class splice_copy;
struct splice_options;
class socket_read_half;
class socket_write_half;

/// Move-only; not while an operation on it is in flight. One read and one write may wait at a time, and they may
/// belong to different tasks; more is a misuse, answered with EBUSY. From its first wait on a future of a stream
/// belongs to the task that polled it; a poll by another aborts. Errors are the system's codes: ECONNRESET, EPIPE
/// and so on. Given up in a race or timeout, what a read had received by then is lost, that of read_exact as well; a
/// select keeps the future, which the same task may await again.
class socket_stream {
public:
    /// Reads what is there, at least one byte, into `into`. 0: the peer has ended its side, or `into` is empty.
    [[nodiscard]] stream_read read(std::span<std::byte> into) noexcept {
        return {source(), drivers::op_kind::recv, into, transfer::some};
    }
    /// Reads until `into` is full; ENODATA when the stream ends before.
    [[nodiscard]] stream_read read_exact(std::span<std::byte> into) noexcept {
        return {source(), drivers::op_kind::recv, into, transfer::whole};
    }
    /// Reads what is there, at most received_bytes::most, into a buffer that the driver lends: a connection that waits
    /// holds no buffer. Allocates only while many buffers are out.
    [[nodiscard]] stream_receive receive() noexcept { return stream_receive{source()}; }
    /// What arrives from here on, by one operation of the kernel where there is such a one. Allocates.
    [[nodiscard]] receive_stream receive_all() { return receive_stream{source().share()}; }
    /// As read, but leaves the bytes where they are, for the next read.
    [[nodiscard]] stream_read peek(std::span<std::byte> into) noexcept {
        return {source(), drivers::op_kind::recv, into, transfer::some, MSG_PEEK};
    }
    /// As read, into several buffers in turn. The descriptions stay valid until the future is ready or destroyed.
    [[nodiscard]] vector_transfer read_vectored(std::span<const iovec> into) noexcept {
        return {source(), drivers::op_kind::recv_message, into};
    }

    /// Writes what fits now, at least one byte of `from`.
    [[nodiscard]] stream_write write(std::span<const std::byte> from) noexcept {
        return {source(), drivers::op_kind::send, from, transfer::some};
    }
    /// Writes all of `from`. Cancelled or failed: an unknown part has been sent.
    [[nodiscard]] stream_write write_all(std::span<const std::byte> from) noexcept {
        return {source(), drivers::op_kind::send, from, transfer::whole};
    }
    /// As write, from several buffers in turn.
    [[nodiscard]] vector_transfer write_vectored(std::span<const iovec> from) noexcept {
        return {source(), drivers::op_kind::send_message, from};
    }
    /// As write_all, from several buffers in turn, whose descriptions it moves forward.
    [[nodiscard]] vector_write_all write_all_vectored(std::span<iovec> from) noexcept {
        return {source(), drivers::op_kind::send_message, from};
    }

    /// Ends the sending side: the peer reads 0. Does not block.
    io_result<void> shutdown_write() noexcept;
    /// Two owners, for two tasks. The stream is used up.
    [[nodiscard]] std::pair<socket_read_half, socket_write_half> split() &&;
    /// Closes now. No operation may be in flight.
    void close() noexcept { source_.reset(); }

    [[nodiscard]] io_result<socket_address> peer_address() const noexcept;
    [[nodiscard]] io_result<socket_address> local_address() const noexcept;
    /// -1 after close() or a move.
    [[nodiscard]] int descriptor() const noexcept { return source_ ? source_->descriptor() : -1; }

protected:
    /// Takes over a connected socket of any origin, and makes it blocking in the kernel's eyes: a ring waits for such
    /// a one, while it answers EAGAIN for others.
    explicit socket_stream(int descriptor);
    explicit socket_stream(drivers::source_ptr source) noexcept : source_{std::move(source)} {}
    socket_stream(socket_stream&&) noexcept = default;
    socket_stream& operator=(socket_stream&&) noexcept = default;
    ~socket_stream() = default;

    [[nodiscard]] drivers::io_source& source() const noexcept;
    io_result<void> set_option(int level, int name, int value) noexcept;
    [[nodiscard]] io_result<int> option(int level, int name) const noexcept;

private:
    friend file_send send_file(socket_stream& to, const file& from, std::uint64_t offset, std::uint64_t bytes);
    friend splice_call splice(socket_stream& from, pipe_writer& to, std::size_t bytes);
    friend splice_call splice(pipe_reader& from, socket_stream& to, std::size_t bytes);
    friend splice_copy splice_all(socket_stream& from, socket_stream& to, const splice_options& options);

    drivers::source_ptr source_;
};

/// The reading half of a stream that was split. The descriptor is closed with the second half.
class socket_read_half {
public:
    explicit socket_read_half(drivers::source_ptr source) noexcept : source_{std::move(source)} {}

    [[nodiscard]] stream_read read(std::span<std::byte> into) noexcept {
        return {*source_, drivers::op_kind::recv, into, transfer::some};
    }
    [[nodiscard]] stream_read read_exact(std::span<std::byte> into) noexcept {
        return {*source_, drivers::op_kind::recv, into, transfer::whole};
    }
    [[nodiscard]] int descriptor() const noexcept { return source_->descriptor(); }

private:
    drivers::source_ptr source_;
};

/// The writing half of a stream that was split. Ends the sending side when it is destroyed.
class socket_write_half {
public:
    explicit socket_write_half(drivers::source_ptr source) noexcept : source_{std::move(source)} {}
    socket_write_half(socket_write_half&&) noexcept = default;
    socket_write_half& operator=(socket_write_half&&) = delete;
    ~socket_write_half() {
        if (source_ != nullptr) (void)shutdown_write();
    }

    [[nodiscard]] stream_write write(std::span<const std::byte> from) noexcept {
        return {*source_, drivers::op_kind::send, from, transfer::some};
    }
    [[nodiscard]] stream_write write_all(std::span<const std::byte> from) noexcept {
        return {*source_, drivers::op_kind::send, from, transfer::whole};
    }
    [[nodiscard]] vector_write_all write_all_vectored(std::span<iovec> from) noexcept {
        return {*source_, drivers::op_kind::send_message, from};
    }
    io_result<void> shutdown_write() noexcept;
    [[nodiscard]] int descriptor() const noexcept { return source_->descriptor(); }

private:
    drivers::source_ptr source_;
};

static_assert(byte_stream<socket_stream> && half_closing<socket_stream>);
static_assert(byte_reader<socket_read_half> && byte_writer<socket_write_half> && half_closing<socket_write_half>);

}  // namespace bifilar
