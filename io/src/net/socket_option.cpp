// Sockets' options. errno is taken right behind each call.
#include <bifilar/io/net/detail/socket_option.hpp>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <limits>
#include <sys/socket.h>

namespace bifilar::detail {

io_result<void> set_socket_option(int descriptor, int level, int name, int value) noexcept {
    if (::setsockopt(descriptor, level, name, &value, sizeof value) != 0) return io_failure(errno);
    return {};
}

io_result<int> socket_option(int descriptor, int level, int name) noexcept {
    int value = 0;
    socklen_t bytes = sizeof value;
    if (::getsockopt(descriptor, level, name, &value, &bytes) != 0) return io_failure(errno);
    return value;
}

int clamped_size(std::size_t bytes) noexcept {
    return static_cast<int>(std::min<std::size_t>(bytes, std::numeric_limits<int>::max()));
}

io_result<owned_descriptor> open_socket(int family, int type) noexcept {
    owned_descriptor made{::socket(family, type | SOCK_CLOEXEC, 0)};
    if (!made) return io_failure(errno);
    return made;
}

void make_blocking(int descriptor) noexcept {
    const int flags = ::fcntl(descriptor, F_GETFL);
    if (flags >= 0 && (flags & O_NONBLOCK) != 0) ::fcntl(descriptor, F_SETFL, flags & ~O_NONBLOCK);
}

}  // namespace bifilar::detail
