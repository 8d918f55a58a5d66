// Unix datagram sockets: how they come about, and sending to one of many.
#include <bifilar/io/net/unix_datagram.hpp>

#include <bifilar/io/net/detail/socket_option.hpp>

#include <array>
#include <cerrno>
#include <sys/socket.h>

namespace bifilar {

io_result<unix_datagram> unix_datagram::bind(std::string_view path, const unix_bind_options& options) {
    const io_result<socket_address> address = socket_address::unix_path(path);
    if (!address) return std::unexpected{address.error()};
    return bind(*address, options);
}

io_result<unix_datagram> unix_datagram::bind(const socket_address& address, const unix_bind_options& options) {
    io_result<owned_descriptor> opened = detail::open_socket(AF_UNIX, SOCK_DGRAM);
    if (!opened) return std::unexpected{opened.error()};
    io_result<detail::bound_path> bound = detail::bound_path::bind(opened->get(), address, SOCK_DGRAM, options);
    if (!bound) return std::unexpected{bound.error()};
    bound->settle();
    return unix_datagram{std::move(*opened), std::move(*bound)};
}

io_result<unix_datagram> unix_datagram::unbound() {
    io_result<owned_descriptor> opened = detail::open_socket(AF_UNIX, SOCK_DGRAM);
    if (!opened) return std::unexpected{opened.error()};
    return unix_datagram{std::move(*opened)};
}

io_result<std::pair<unix_datagram, unix_datagram>> unix_datagram::pair() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return io_failure(errno);
    owned_descriptor second{ends[1]};  // Closed when the first finds no memory.
    unix_datagram near{owned_descriptor{ends[0]}};
    return std::pair{std::move(near), unix_datagram{std::move(second)}};
}

polled<io_result<std::size_t>> unix_send_to_future::poll(context& cx) {
    for (;;) {
        if (!pause_.poll(cx) || !cx.take_budget()) return not_ready;
        const ssize_t sent = ::sendto(on_->descriptor(), from_.data(), from_.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                                      to_.data(), to_.size());
        if (sent >= 0) return output{static_cast<std::size_t>(sent)};
        const int error = errno;
        // The receiver's queue is full, whose end no event of this socket tells.
        if (error == EAGAIN) pause_.begin();
        if (error != EAGAIN && error != EINTR) return output{io_failure(error)};
    }
}

}  // namespace bifilar
