// Datagrams within this machine (AF_UNIX): in order, none lost, each one whole.
#pragma once

#include <bifilar/io/net/datagram_socket.hpp>
#include <bifilar/io/net/detail/bound_path.hpp>
#include <bifilar/io/net/detail/retry_pause.hpp>
#include <string_view>
#include <utility>

namespace bifilar {

/// Ready with the number of bytes, which is all of them, once the receiver's queue has taken the datagram.
/// Cancellation: it was not sent.
class [[nodiscard]] unix_send_to_future {
public:
    using output = io_result<std::size_t>;

    unix_send_to_future(drivers::source_ptr on, std::span<const std::byte> from, const socket_address& to) noexcept
        : on_{std::move(on)}, from_{from}, to_{to} {}
    polled<output> poll(context& cx);
    void describe_wait(task_visitor& to) const noexcept { pause_.describe_wait(to); }

private:
    drivers::source_ptr on_;  // An owner: the driver, which sees to that elsewhere, knows nothing of this wait.
    std::span<const std::byte> from_;
    socket_address to_;
    detail::retry_pause pause_;
};

/// What may be done with it besides is in datagram_socket. Its end removes the file that it made, unless the options
/// say otherwise. Descriptors that come along with a datagram (SCM_RIGHTS) are closed by the kernel, unseen: nobody can
/// fill a receiver's table of descriptors. A unix_stream can receive them.
///
/// A receive is not told that the peer closed or disconnected, and waits on; unix(7) has ECONNRESET only where the peer
/// disconnected with datagrams that it had not read. Where that matters, send something back, or take a unix_stream.
class unix_datagram : public datagram_socket {
public:
    /// Binds a path, or an abstract name by its address.
    /// Throws: std::bad_alloc.
    /// Errors: those of unix_listener::bind, but listen(2)'s; what to do about EADDRINUSE is there.
    /// Blocks: as unix_listener::bind.
    [[nodiscard]] static io_result<unix_datagram> bind(std::string_view path, const unix_bind_options& options = {});
    /// As the other bind.
    [[nodiscard]] static io_result<unix_datagram> bind(const socket_address& address,
                                                       const unix_bind_options& options = {});
    /// A sender without a name, to whom nobody can answer.
    /// Throws: std::bad_alloc.
    /// Errors: socket(2)'s.
    [[nodiscard]] static io_result<unix_datagram> unbound();
    /// Two that are connected to each other.
    /// Throws: std::bad_alloc.
    /// Errors: socketpair(2)'s.
    [[nodiscard]] static io_result<std::pair<unix_datagram, unix_datagram>> pair();
    /// Takes over a Unix datagram socket, wherever it comes from; it leaves the file alone.
    /// Throws: std::bad_alloc; it is closed then.
    explicit unix_datagram(owned_descriptor descriptor) : datagram_socket{std::move(descriptor)} {}
    unix_datagram(const unix_datagram&) = delete;  // A socket has one owner: std::move it.
    unix_datagram(unix_datagram&&) noexcept = default;
    unix_datagram& operator=(unix_datagram&& other) noexcept {
        path_ = std::move(other.path_);  // The file goes before the socket does.
        datagram_socket::operator=(std::move(other));
        return *this;
    }
    ~unix_datagram() = default;

    /// To whom the socket is connected.
    /// Errors: EDESTADDRREQ or ENOTCONN when it is not. ECONNREFUSED: the peer has closed, ENOTCONN from then on.
    /// EMSGSIZE: longer than a datagram can be.
    [[nodiscard]] datagram_send_future send(std::span<const std::byte> from) noexcept {
        return {source(), op_kind::send_many, from};
    }
    /// One datagram to that address, which is copied; the bytes stay valid until the future is ready or destroyed.
    /// Errors: sendto(2)'s: ECONNREFUSED, ENOENT: nobody is there; EMSGSIZE: longer than the send buffer.
    /// Cancellation: it was not sent.
    /// Suspends: while the receiver's queue is full (net.unix.max_dgram_qlen). It is tried again, after 50 microseconds
    /// at first and up to 5 milliseconds, because the kernel tells no event of it: connect and send are better to one
    /// receiver.
    [[nodiscard]] unix_send_to_future send_to(std::span<const std::byte> from, const socket_address& to) noexcept {
        return {source().share(), from, to};
    }
    /// Closes now, and removes the file. No operation may be in flight.
    void close() noexcept {
        path_.remove();
        datagram_socket::close();
    }

private:
    unix_datagram(owned_descriptor descriptor, detail::bound_path path)
        : datagram_socket{std::move(descriptor)}, path_{std::move(path)} {}

    detail::bound_path path_;
};

}  // namespace bifilar
