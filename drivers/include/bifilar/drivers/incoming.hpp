// The connections that a listener gets, one after the other, with one operation in the kernel for all of them.
#pragma once

#include <bifilar/drivers/many_wait.hpp>
#include <bifilar/drivers/tcp_stream.hpp>

namespace bifilar {

/// Made of a listener, whose descriptor it owns from then on. On io_uring the kernel accepts by itself while tasks do
/// other things (multishot accept), at most some hundred connections ahead; with epoll it is as accept() in a loop.
/// Move-only; neither moves nor ends while a next() is in flight. One next() waits at a time, EBUSY else. Connections
/// that nobody took are closed with it.
class incoming_connections {
public:
    class next_future;

    explicit incoming_connections(drivers::source_ptr listener) noexcept
        : from_{drivers::many_source::what::connections, std::move(listener)} {}

    /// The next connection. Errors as accept(2) says them; the one after may succeed. Given up, it loses nothing: the
    /// connection is there for the next call.
    [[nodiscard]] next_future next() noexcept;

    [[nodiscard]] io_result<socket_address> local_address() const noexcept {
        return socket_address::local(from_.source().descriptor());
    }

private:
    drivers::many_source from_;
};

class [[nodiscard]] incoming_connections::next_future {
public:
    using output = io_result<tcp_stream>;

    explicit next_future(drivers::many_source& from) noexcept : wait_{from} {}
    polled<output> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept { return wait_.poll_rest(cx); }

private:
    drivers::many_wait wait_;
};

inline incoming_connections::next_future incoming_connections::next() noexcept { return next_future{from_}; }

}  // namespace bifilar
