// A TCP connection: reads and writes as futures, from coroutines, fibers and plain threads.
// Small writes go out at once (TCP_NODELAY is set); close happens in the destructor.
#pragma once

#include <bifilar/drivers/io_wait.hpp>
#include <bifilar/drivers/socket_address.hpp>
#include <cstddef>
#include <span>
#include <string_view>

namespace bifilar {

/// Move-only; not while an operation on it is in flight. One read and one write may wait at a time, and they may
/// belong to different tasks; more is a misuse, answered with EBUSY by epoll and not noticed by io_uring. From its
/// first wait on a future of a stream belongs to the task that polled it; a poll by another aborts. Errors are the
/// system's codes: ECONNRESET, EPIPE and so on.
class tcp_stream {
public:
    class read_future;
    class write_all_future;
    class connect_future;

    /// Takes over a connected TCP socket.
    explicit tcp_stream(int descriptor) noexcept;

    /// Connects to a numeric address. std::errc::invalid_argument for text that is none, else what connect(2) says.
    [[nodiscard]] static connect_future connect(std::string_view address);

    /// Reads what is there, at least one byte, into `into`, which stays valid until the future is ready or destroyed.
    /// 0: the peer has ended its side, or `into` is empty. Given up in a race or timeout, bytes that had arrived by
    /// then are lost, those of read_exact as well; a select keeps the future, which the same task may await again.
    [[nodiscard]] read_future read(std::span<std::byte> into) noexcept;
    /// Reads until `into` is full; ENODATA when the stream ends before.
    [[nodiscard]] read_future read_exact(std::span<std::byte> into) noexcept;
    /// Writes what fits now, at least one byte of `from`.
    [[nodiscard]] write_all_future write(std::span<const std::byte> from) noexcept;
    /// Writes all of `from`. Cancelled or failed: an unknown part has been sent.
    [[nodiscard]] write_all_future write_all(std::span<const std::byte> from) noexcept;

    /// Ends the sending side: the peer reads 0. Does not block.
    io_result<void> shutdown_write() noexcept;
    /// Whether small writes go out at once. On by default. Does not block.
    io_result<void> set_nodelay(bool on) noexcept;
    /// Closes now. No operation may be in flight.
    void close() noexcept { source_.reset(); }

    [[nodiscard]] io_result<socket_address> peer_address() const noexcept;
    [[nodiscard]] io_result<socket_address> local_address() const noexcept;
    [[nodiscard]] int descriptor() const noexcept { return source_ ? source_->descriptor() : -1; }

private:
    explicit tcp_stream(drivers::source_ptr source) noexcept;
    drivers::io_source& source() const noexcept;

    drivers::source_ptr source_;
};

/// Ready with how many bytes were read.
class [[nodiscard]] tcp_stream::read_future {
public:
    using output = io_result<std::size_t>;

    read_future(drivers::io_source& from, std::span<std::byte> into, bool all) noexcept;
    polled<output> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept;

private:
    drivers::io_wait wait_;
    std::span<std::byte> into_;
    std::size_t filled_ = 0;
    bool all_;
};

/// Ready with how many bytes were written.
class [[nodiscard]] tcp_stream::write_all_future {
public:
    using output = io_result<std::size_t>;

    write_all_future(drivers::io_source& to, std::span<const std::byte> from, bool all) noexcept;
    polled<output> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept;

private:
    drivers::io_wait wait_;
    std::span<const std::byte> from_;
    std::size_t taken_ = 0;
    bool all_;
};

/// Ready with the connection.
class [[nodiscard]] tcp_stream::connect_future {
public:
    using output = io_result<tcp_stream>;

    explicit connect_future(std::string_view address);
    polled<output> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept;

private:
    drivers::source_ptr source_;  // Before wait_: the operation ends first.
    std::optional<drivers::io_wait> wait_;
    std::optional<socket_address> to_;
    std::error_code error_;  // Known before anything was asked of the kernel.
};

}  // namespace bifilar
