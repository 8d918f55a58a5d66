// Datagram sockets: what is neither a send nor a receive.
#include <bifilar/io/net/datagram_socket.hpp>

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/drivers/contract/detail/io_source.hpp>
#include <bifilar/io/net/detail/socket_option.hpp>

#include <cerrno>
#include <sys/socket.h>

namespace bifilar {
namespace {

io_result<std::size_t> size_option(int descriptor, int name) noexcept {
    const io_result<int> value = detail::socket_option(descriptor, SOL_SOCKET, name);
    if (!value) return std::unexpected{value.error()};
    return static_cast<std::size_t>(*value);
}

}  // namespace

datagram_socket::datagram_socket(owned_descriptor descriptor) : source_{drivers::make_source(std::move(descriptor))} {
    // A ring waits for what blocks in the kernel's eyes; calls in place say MSG_DONTWAIT.
    detail::make_blocking(source_->descriptor());
    const io_result<int> domain = detail::socket_option(source_->descriptor(), SOL_SOCKET, SO_DOMAIN);
    source_->tells_segments = domain && *domain != AF_UNIX;
}

drivers::io_source& datagram_socket::source() const noexcept {
    BIFILAR_CHECK(source_ != nullptr, "a datagram socket was used after close() or after it was moved from");
    return *source_;
}

io_result<void> datagram_socket::connect(const socket_address& to) noexcept {
    if (::connect(source().descriptor(), to.data(), to.size()) != 0) return io_failure(errno);
    return {};
}

io_result<void> datagram_socket::disconnect() noexcept {
    const sockaddr nobody{AF_UNSPEC, {}};
    if (::connect(source().descriptor(), &nobody, sizeof nobody) != 0) return io_failure(errno);
    return {};
}

io_result<void> datagram_socket::set_option(int level, int name, int value) noexcept {
    return detail::set_socket_option(source().descriptor(), level, name, value);
}

io_result<void> datagram_socket::set_receive_buffer(std::size_t bytes) noexcept {
    return set_option(SOL_SOCKET, SO_RCVBUF, detail::clamped_size(bytes));
}
io_result<void> datagram_socket::set_send_buffer(std::size_t bytes) noexcept {
    return set_option(SOL_SOCKET, SO_SNDBUF, detail::clamped_size(bytes));
}
io_result<std::size_t> datagram_socket::receive_buffer() const noexcept {
    return size_option(source().descriptor(), SO_RCVBUF);
}
io_result<std::size_t> datagram_socket::send_buffer() const noexcept {
    return size_option(source().descriptor(), SO_SNDBUF);
}

io_result<socket_address> datagram_socket::local_address() const noexcept {
    return socket_address::local(source().descriptor());
}
io_result<socket_address> datagram_socket::peer_address() const noexcept {
    return socket_address::peer(source().descriptor());
}

}  // namespace bifilar
