// Listening sockets over io_wait.
#include <bifilar/io/net/tcp_listener.hpp>

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/drivers/contract/detail/io_source.hpp>
#include <bifilar/io/net/detail/socket_option.hpp>

#include <cerrno>
#include <netinet/in.h>
#include <sys/socket.h>

namespace bifilar {

io_result<tcp_listener> tcp_listener::bind(std::string_view address, const listen_options& options) {
    const auto parsed = socket_address::parse(address);
    if (!parsed) return std::unexpected{parsed.error()};
    return bind(*parsed, options);
}

io_result<tcp_listener> tcp_listener::bind(const socket_address& address, const listen_options& options) {
    if (!address.is_ip()) return io_failure(EAFNOSUPPORT);
    io_result<owned_descriptor> opened = detail::open_socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK);
    if (!opened) return std::unexpected{opened.error()};
    const int descriptor = opened->get();
    // Before bind, which these are about. SO_REUSEADDR: a server may start again while connections of the last one are
    // in TIME_WAIT.
    io_result<void> set = detail::set_socket_option(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
    if (set && options.reuse_port) set = detail::set_socket_option(descriptor, SOL_SOCKET, SO_REUSEPORT, 1);
    if (set && address.is_ipv6())
        set = detail::set_socket_option(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, options.only_ipv6 ? 1 : 0);
    if (!set) return std::unexpected{set.error()};
    if (::bind(descriptor, address.data(), address.size()) != 0 || ::listen(descriptor, options.backlog) != 0)
        return io_failure(errno);
    return tcp_listener{drivers::make_source(std::move(*opened))};
}

io_result<std::vector<tcp_listener>> tcp_listener::bind_shards(std::string_view address, std::size_t count,
                                                               listen_options options) {
    // The kernel spreads connections over all sockets that have said so.
    if (count > 1) options.reuse_port = true;
    io_result<socket_address> at = socket_address::parse(address);
    std::vector<tcp_listener> made;
    made.reserve(count);
    while (made.size() < count) {
        if (!at) return std::unexpected{at.error()};
        io_result<tcp_listener> next = bind(*at, options);
        if (!next) return std::unexpected{next.error()};
        made.push_back(std::move(*next));
        if (made.size() == 1) at = made.front().local_address();  // Where the kernel chose the port.
    }
    return made;
}

tcp_listener::accept_future tcp_listener::accept() noexcept {
    BIFILAR_CHECK(source_ != nullptr, "a tcp_listener was used after it was moved from");
    return accept_future{*source_};
}

incoming_connections<tcp_stream> tcp_listener::incoming() && noexcept {
    BIFILAR_CHECK(source_ != nullptr, "a tcp_listener was used after it was moved from");
    return incoming_connections<tcp_stream>{std::move(source_)};
}

io_result<socket_address> tcp_listener::local_address() const noexcept {
    BIFILAR_CHECK(source_ != nullptr, "a tcp_listener was used after it was moved from");
    return socket_address::local(source_->descriptor());
}

}  // namespace bifilar
