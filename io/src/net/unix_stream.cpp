// Unix stream sockets: how they come about, and who is at the other end.
#include <bifilar/io/net/unix_stream.hpp>

#include <array>
#include <cerrno>
#include <sys/socket.h>

namespace bifilar {

// Descriptors that are passed stand between bytes, and end a read before the stream is drained.
unix_stream::unix_stream(int descriptor) : socket_stream{descriptor} { source().short_read_drains = false; }

unix_stream::unix_stream(drivers::source_ptr made) noexcept : socket_stream{std::move(made)} {
    source().short_read_drains = false;
}

unix_stream::connect_future unix_stream::connect(const socket_address& address) {
    if (!address.is_unix()) return connect_future{io_failure(EAFNOSUPPORT)};
    return connect_future{address};
}

io_result<std::pair<unix_stream, unix_stream>> unix_stream::pair() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return io_failure(errno);
    owned_descriptor second{ends[1]};  // Closed when the first finds no memory.
    unix_stream near{ends[0]};
    return std::pair{std::move(near), unix_stream{second.release()}};
}

io_result<peer_credentials> unix_stream::credentials() const noexcept {
    ucred told{};
    socklen_t bytes = sizeof told;
    if (::getsockopt(source().descriptor(), SOL_SOCKET, SO_PEERCRED, &told, &bytes) != 0) return io_failure(errno);
    return peer_credentials{told.pid, told.uid, told.gid};
}

}  // namespace bifilar
