// A listening TCP socket.
#pragma once

#include <bifilar/io/net/incoming.hpp>
#include <bifilar/io/net/tcp_stream.hpp>
#include <string_view>
#include <utility>
#include <vector>

namespace bifilar {

struct listen_options {
    /// Connections that may wait to be accepted; the kernel takes net.core.somaxconn at most.
    int backlog = 4096;
    /// Others of the same user may listen at the same address; the kernel spreads connections over all of them.
    bool reuse_port = false;
    /// A listener at [::] takes IPv6 connections alone, and leaves those of IPv4 to another.
    bool only_ipv6 = false;
};

/// Move-only; not while an accept is in flight.
/// Thread: one accept waits at a time; for more holds what socket_stream says.
class tcp_listener {
public:
    using accept_future = socket_accept_future<tcp_stream>;

    tcp_listener(const tcp_listener&) = delete;  // A listener has one owner: std::move it.
    tcp_listener(tcp_listener&&) noexcept = default;
    tcp_listener& operator=(tcp_listener&&) noexcept = default;
    ~tcp_listener() = default;

    /// Binds a numeric address ("127.0.0.1:7777", "[::]:80", which takes IPv4 connections as well; port 0 lets the
    /// kernel choose) and listens. SO_REUSEADDR is set. Does not block.
    /// Throws: std::bad_alloc.
    /// Errors: std::errc::invalid_argument: the text is no address; EADDRINUSE: choose another port or end who has it;
    /// EAFNOSUPPORT: an address that is none of IP; and what socket(2), setsockopt(2), bind(2) and listen(2) say.
    [[nodiscard]] static io_result<tcp_listener> bind(std::string_view address, const listen_options& options = {});
    /// As the other bind.
    [[nodiscard]] static io_result<tcp_listener> bind(const socket_address& address,
                                                      const listen_options& options = {});
    /// `count` listeners at one address, for as many tasks that accept; the kernel spreads connections over them. A
    /// connection that waits at one of them is not served by another. Several set reuse_port, with which any other
    /// process of this user that sets it may listen there too, unnoticed; one leaves it as it is.
    /// Errors: as bind; then none is left.
    [[nodiscard]] static io_result<std::vector<tcp_listener>> bind_shards(std::string_view address, std::size_t count,
                                                                          listen_options options = {});

    /// The next connection.
    /// Errors: accept(2)'s, as socket_accept_future says them, and those of socket_stream's waits.
    /// Cancellation: a connection that was accepted by then is closed.
    /// Suspends: until a connection comes.
    [[nodiscard]] accept_future accept() noexcept;

    /// All connections from here on. The listener is used up.
    [[nodiscard]] incoming_connections<tcp_stream> incoming() && noexcept;

    [[nodiscard]] io_result<socket_address> local_address() const noexcept;
    [[nodiscard]] int descriptor() const noexcept { return source_ ? source_->descriptor() : -1; }

private:
    explicit tcp_listener(drivers::source_ptr source) noexcept : source_{std::move(source)} {}

    drivers::source_ptr source_;
};

}  // namespace bifilar
