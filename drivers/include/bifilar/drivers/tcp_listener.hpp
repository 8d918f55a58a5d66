// A listening TCP socket.
#pragma once

#include <bifilar/drivers/tcp_stream.hpp>
#include <string_view>

namespace bifilar {

/// Move-only; not while an accept is in flight. One accept waits at a time; for more holds what tcp_stream
/// says.
class tcp_listener {
public:
    class accept_future;

    static constexpr int default_backlog = 4096;

    /// Binds a numeric address ("127.0.0.1:7777", "[::]:80"; port 0 lets the kernel choose) and listens. SO_REUSEADDR
    /// is set. std::errc::invalid_argument: the text is no address; EADDRINUSE: choose another port or end who has it;
    /// and what bind(2) and listen(2) say. Does not block.
    [[nodiscard]] static io_result<tcp_listener> bind(std::string_view address, int backlog = default_backlog);

    /// The next connection. Cancelled, a connection that was accepted by then is closed.
    [[nodiscard]] accept_future accept() noexcept;

    [[nodiscard]] io_result<socket_address> local_address() const noexcept;

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
