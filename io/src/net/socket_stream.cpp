// Stream sockets: what is not a read or a write.
#include <bifilar/io/net/socket_stream.hpp>

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/drivers/contract/detail/io_source.hpp>
#include <bifilar/io/net/detail/socket_option.hpp>

#include <cerrno>
#include <sys/socket.h>

namespace bifilar {

io_result<void> detail::socket_share::end_sending() noexcept {
    if (::shutdown(source().descriptor(), SHUT_WR) != 0) return io_failure(errno);
    return {};
}

socket_stream::socket_stream(int descriptor) : socket_writing{drivers::make_source(owned_descriptor{descriptor})} {
    detail::make_blocking(descriptor);
}

std::pair<socket_read_half, socket_write_half> socket_stream::split() && {
    drivers::source_ptr other = source().share();
    return {socket_read_half{release()}, socket_write_half{std::move(other)}};
}

io_result<socket_address> socket_stream::peer_address() const noexcept {
    return socket_address::peer(source().descriptor());
}
io_result<socket_address> socket_stream::local_address() const noexcept {
    return socket_address::local(source().descriptor());
}

io_result<void> socket_stream::set_option(int level, int name, int value) noexcept {
    return detail::set_socket_option(source().descriptor(), level, name, value);
}
io_result<int> socket_stream::option(int level, int name) const noexcept {
    return detail::socket_option(source().descriptor(), level, name);
}

}  // namespace bifilar
