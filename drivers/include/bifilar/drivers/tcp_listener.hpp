// A listening TCP socket.
#pragma once

#include <bifilar/drivers/incoming.hpp>
#include <bifilar/drivers/tcp_stream.hpp>
#include <string_view>
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

/// Move-only; not while an accept is in flight. One accept waits at a time; for more holds what socket_stream says.
class tcp_listener {
public:
    class accept_future;

    /// Binds a numeric address ("127.0.0.1:7777", "[::]:80", which takes IPv4 connections as well; port 0 lets the
    /// kernel choose) and listens. SO_REUSEADDR is set. std::errc::invalid_argument: the text is no address;
    /// EADDRINUSE: choose another port or end who has it; and what bind(2) and listen(2) say. Does not block.
    [[nodiscard]] static io_result<tcp_listener> bind(std::string_view address, const listen_options& options = {});
    [[nodiscard]] static io_result<tcp_listener> bind(const socket_address& address,
                                                      const listen_options& options = {});
    /// `count` listeners at one address, for as many tasks that accept; the kernel spreads connections over them. A
    /// connection that waits at one of them is not served by another.
    [[nodiscard]] static io_result<std::vector<tcp_listener>> bind_shards(std::string_view address, std::size_t count,
                                                                          listen_options options = {});

    /// The next connection. Cancelled, a connection that was accepted by then is closed.
    [[nodiscard]] accept_future accept() noexcept;

    /// All connections from here on. The listener is used up.
    [[nodiscard]] incoming_connections incoming() && noexcept;

    [[nodiscard]] io_result<socket_address> local_address() const noexcept;
    [[nodiscard]] int descriptor() const noexcept { return source_ ? source_->descriptor() : -1; }

private:
    explicit tcp_listener(int descriptor) noexcept;

    drivers::source_ptr source_;
};

class [[nodiscard]] tcp_listener::accept_future {
public:
    using output = io_result<tcp_stream>;

    explicit accept_future(drivers::io_source& on) noexcept : wait_{drivers::op_kind::accept, on} {}
    accept_future(accept_future&&) noexcept = default;
    accept_future& operator=(accept_future&&) = delete;
    ~accept_future();

    polled<output> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept;

private:
    drivers::io_wait wait_;
};

}  // namespace bifilar
