// The connections that a listener gets, one after the other, with one operation in the kernel for all of them.
#pragma once

#include <bifilar/drivers/contract/detail/io_source.hpp>
#include <bifilar/drivers/contract/detail/multishot_wait.hpp>
#include <bifilar/io/address/socket_address.hpp>
#include <bifilar/io/net/socket_accept_future.hpp>
#include <bifilar/io/streams/detail/stream_access.hpp>
#include <utility>

namespace bifilar {

/// As accept(), of the connections that come in.
/// Cancellation: loses nothing: the connection is there for the next.
template <class Stream>
class [[nodiscard]] next_connection_future {
public:
    using output = io_result<Stream>;

    explicit next_connection_future(drivers::multishot_source& from) noexcept : wait_{from} {}
    polled<output> poll(context& cx) {
        const drivers::call_result next = wait_.poll(cx);
        if (!next) return not_ready;
        if (*next < 0) return output{io_failure(-*next)};
        io_result<drivers::source_ptr> made = drivers::try_make_source(owned_descriptor{*next});
        if (!made) return output{std::unexpected{made.error()}};
        return output{detail::stream_access::make<Stream>(std::move(*made))};
    }
    polled<void> poll_cancel(context& cx) noexcept { return wait_.poll_rest(cx); }
    void describe_wait(task_visitor& to) const noexcept { wait_.describe<next_connection_future>(to); }

private:
    drivers::multishot_wait wait_;
};

namespace detail {
struct nothing_kept {};
}  // namespace detail

/// Made of a listener, whose descriptor it owns from then on, with the file of a Unix socket. On io_uring the kernel
/// accepts by itself while tasks do other things (multishot accept), at most some hundred connections ahead; with epoll
/// it is as the listener. Move-only; neither moves nor ends while an accept() is in flight. Connections that nobody
/// took are closed with it, and the address is free soon after. The descriptor must not be shared with another process.
/// Thread: it is one task's at a time, with one accept() under way.
template <class Stream, class Kept = detail::nothing_kept>
class incoming_connections {
public:
    explicit incoming_connections(drivers::source_ptr listener, Kept kept = {}) noexcept
        : from_{drivers::multishot_source::what::connections, std::move(listener)}, kept_{std::move(kept)} {}
    incoming_connections(incoming_connections&&) noexcept = default;
    incoming_connections& operator=(incoming_connections&& other) noexcept {
        kept_ = std::move(other.kept_);
        from_ = std::move(other.from_);
        return *this;
    }
    ~incoming_connections() = default;

    /// The next connection.
    /// Errors: as accept(2) says them; the one after may succeed. EMFILE and ENFILE leave the connection where it is,
    /// for a later try; a ring, which accepts ahead, may tell of a shortage that is over. EBUSY while another accept()
    /// waits; ENOMEM, ENOSPC or ENOBUFS when the driver cannot wait, or there is no memory for the stream.
    /// Cancellation: loses nothing: the connection is there for the next accept().
    /// Suspends: until a connection comes.
    /// Allocates: what the stream needs; over io_uring also its operation, once, and a list where several connections
    /// wait.
    [[nodiscard]] next_connection_future<Stream> accept() noexcept { return next_connection_future<Stream>{from_}; }

    [[nodiscard]] io_result<socket_address> local_address() const noexcept {
        return socket_address::local(from_.source().descriptor());
    }

private:
    drivers::multishot_source from_;
    [[no_unique_address]] Kept kept_;  // Behind from_, and assigned before it: a file goes before its socket does.
};

}  // namespace bifilar
