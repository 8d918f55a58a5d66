// Listening Unix sockets over socket_accept_future and bound_path.
#include <bifilar/io/net/unix_listener.hpp>

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/drivers/contract/detail/io_source.hpp>
#include <bifilar/io/net/detail/socket_option.hpp>

#include <cerrno>
#include <sys/socket.h>

namespace bifilar {

io_result<unix_listener> unix_listener::bind(std::string_view path, const unix_bind_options& options) {
    const io_result<socket_address> address = socket_address::unix_path(path);
    if (!address) return std::unexpected{address.error()};
    return bind(*address, options);
}

io_result<unix_listener> unix_listener::bind(const socket_address& address, const unix_bind_options& options) {
    io_result<owned_descriptor> opened = detail::open_socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK);
    if (!opened) return std::unexpected{opened.error()};
    io_result<detail::bound_path> bound = detail::bound_path::bind(opened->get(), address, SOCK_STREAM, options);
    if (!bound) return std::unexpected{bound.error()};
    if (::listen(opened->get(), options.backlog) != 0) return io_failure(errno);
    // Not before it listens, see bound_path.
    bound->settle();
    return unix_listener{drivers::make_source(std::move(*opened)), std::move(*bound)};
}

unix_listener::accept_future unix_listener::accept() noexcept {
    BIFILAR_CHECK(source_ != nullptr, "a unix_listener was used after it was moved from");
    return accept_future{*source_};
}

incoming_connections<unix_stream, detail::bound_path> unix_listener::incoming() && noexcept {
    BIFILAR_CHECK(source_ != nullptr, "a unix_listener was used after it was moved from");
    return incoming_connections<unix_stream, detail::bound_path>{std::move(source_), std::move(path_)};
}

io_result<socket_address> unix_listener::local_address() const noexcept {
    BIFILAR_CHECK(source_ != nullptr, "a unix_listener was used after it was moved from");
    return socket_address::local(source_->descriptor());
}

}  // namespace bifilar
