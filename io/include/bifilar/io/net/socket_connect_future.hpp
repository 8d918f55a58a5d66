// Connecting as a future, whatever the sockets' addresses.
// Keeps one io_wait, and a pause for Unix sockets, whose full backlog is no event.
#pragma once

#include <bifilar/drivers/contract/detail/io_wait.hpp>
#include <bifilar/io/address/socket_address.hpp>
#include <bifilar/io/net/detail/retry_pause.hpp>
#include <bifilar/io/streams/detail/stream_access.hpp>
#include <optional>
#include <utility>

namespace bifilar {
namespace detail {

/// The part that does not depend on the type of the stream. The socket is made in the constructor and closed with the
/// wait, unless it was told.
class connect_wait {
public:
    /// An address that is none is told by the first poll. Throws std::bad_alloc.
    explicit connect_wait(const io_result<socket_address>& to);

    /// The connected socket, blocking in the kernel's eyes. Empty: not ready.
    std::optional<io_result<drivers::source_ptr>> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept;
    template <class F>
    void describe(task_visitor& to) const noexcept {
        if (wait_)
            wait_->describe<F>(to);
        else
            pause_.describe_wait(to);
    }

private:
    enum class [[nodiscard]] step : unsigned char { wait, pause, connected, failed };
    step begin() noexcept;
    drivers::source_ptr take();

    drivers::source_ptr source_;  // Before wait_: the operation ends first.
    std::optional<drivers::io_wait> wait_;
    retry_pause pause_;
    std::optional<socket_address> to_;  // Until the kernel has taken it.
    std::error_code error_;             // Known before anything was waited for.
};

}  // namespace detail

/// Ready with the connection, a Stream that can be made of a source.
/// Cancellation: a connection that was made by then is closed, which the peer sees as one that ended at once.
template <class Stream>
class [[nodiscard]] socket_connect_future {
public:
    using output = io_result<Stream>;

    explicit socket_connect_future(const io_result<socket_address>& to) : wait_{to} {}
    polled<output> poll(context& cx) {
        std::optional<io_result<drivers::source_ptr>> got = wait_.poll(cx);
        if (!got) return not_ready;
        if (!*got) return output{std::unexpected{got->error()}};
        return output{detail::stream_access::make<Stream>(std::move(**got))};
    }
    polled<void> poll_cancel(context& cx) noexcept { return wait_.poll_cancel(cx); }
    void describe_wait(task_visitor& to) const noexcept { wait_.describe<socket_connect_future>(to); }

private:
    detail::connect_wait wait_;
};

}  // namespace bifilar
