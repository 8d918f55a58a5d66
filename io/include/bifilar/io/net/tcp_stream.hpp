// A TCP connection: reads and writes as futures, from coroutines, fibers and plain threads.
// Small writes go out at once (TCP_NODELAY is set); close happens in the destructor.
#pragma once

#include <bifilar/io/net/socket_accept_future.hpp>
#include <bifilar/io/net/socket_connect_future.hpp>
#include <bifilar/io/net/socket_stream.hpp>
#include <chrono>
#include <optional>
#include <string_view>

namespace bifilar {

/// What may be done with it is in socket_stream.
/// Errors: of the options, setsockopt(2)'s and getsockopt(2)'s; none of them blocks.
class tcp_stream : public socket_stream {
public:
    using connect_future = socket_connect_future<tcp_stream>;

    /// Takes over a connected TCP socket, wherever it comes from.
    /// Throws: std::bad_alloc; it is closed then.
    explicit tcp_stream(int descriptor);

    /// Connects to a numeric address. For names, see bifilar::connect.
    /// Throws: std::bad_alloc.
    /// Errors: std::errc::invalid_argument for text that is none, EAFNOSUPPORT for an address that is none of IP, else
    /// what socket(2) and connect(2) say, and those of socket_stream's waits.
    /// Cancellation: a connection that was made by then is closed.
    /// Suspends: until the peer has answered; with a time limit, timeout(tcp_stream::connect(…), limit).
    [[nodiscard]] static connect_future connect(std::string_view address);
    /// As the other connect.
    [[nodiscard]] static connect_future connect(const socket_address& address);

    /// Whether small writes go out at once. On by default.
    io_result<void> set_nodelay(bool on) noexcept;
    /// See set_nodelay.
    [[nodiscard]] io_result<bool> nodelay() const noexcept;
    /// Asks a silent peer whether it is still there: first after `idle`, then every `interval`, `probes` times; then
    /// reads and writes fail with ETIMEDOUT. Rounded up to whole seconds, 1 to 32,767.
    io_result<void> set_keepalive(std::chrono::nanoseconds idle, std::chrono::nanoseconds interval,
                                  int probes) noexcept;
    /// How long sent bytes may stay unanswered before the connection fails with ETIMEDOUT; 0: the system's choice.
    io_result<void> set_user_timeout(std::chrono::milliseconds limit) noexcept;
    /// 0: closing sends a reset, and what was not sent is lost. Empty, the default: close returns at once, and the
    /// kernel goes on sending. The kernel counts up to INT_MAX seconds.
    /// Blocks: with a longer time, close, its thread, for at most so long.
    io_result<void> set_linger(std::optional<std::chrono::seconds> wait) noexcept;
    /// Bytes that the kernel may keep; it doubles the number for its own needs.
    io_result<void> set_receive_buffer(std::size_t bytes) noexcept;
    /// Bytes that the kernel may keep until they are sent; it doubles the number for its own needs.
    io_result<void> set_send_buffer(std::size_t bytes) noexcept;

private:
    // What accepts and connects has a source already, which no application can have.
    friend struct detail::stream_access;
    explicit tcp_stream(drivers::source_ptr source) noexcept;
};

}  // namespace bifilar
