// Non-blocking sockets and poll.
#include "wire.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace attack {
namespace {

sockaddr_in loopback(std::uint32_t host, std::uint16_t port) noexcept {
    sockaddr_in made{};
    made.sin_family = AF_INET;
    made.sin_addr.s_addr = htonl(host);
    made.sin_port = htons(port);
    return made;
}

int refused(const char* call) { throw std::system_error{errno, std::generic_category(), call}; }

int connected(std::uint16_t port) {
    // Relaxed: any number does.
    static std::atomic<std::uint32_t> made{0};
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) refused("socket");
    const int on = 1;
    ::setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const sockaddr_in from = loopback(INADDR_LOOPBACK + made.fetch_add(1, std::memory_order_relaxed) % 200, 0);
    const sockaddr_in to = loopback(INADDR_LOOPBACK, port);
    if (::bind(descriptor, reinterpret_cast<const sockaddr*>(&from), sizeof from) == 0 &&
        (::connect(descriptor, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 || errno == EINPROGRESS)) {
        pollfd waiting{descriptor, POLLOUT, 0};
        int error = ETIMEDOUT;
        socklen_t bytes = sizeof error;
        if (::poll(&waiting, 1, 180'000) == 1) ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &bytes);
        if (error == 0) return descriptor;
        errno = error;
    }
    const int error = errno;
    ::close(descriptor);
    errno = error;
    return refused("connect");
}

bool must_wait() noexcept { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

connection::connection(std::uint16_t port, std::chrono::milliseconds patience)
    : descriptor_{connected(port)}, patience_{patience} {}

connection::~connection() { ::close(descriptor_); }

bool connection::wait(short events) const {
    pollfd waiting{descriptor_, events, 0};
    return ::poll(&waiting, 1, static_cast<int>(patience_.count())) == 1;
}

ending connection::converse(std::string_view bytes, std::string& answer, std::size_t portion_bytes) {
    std::array<char, 65536> room;
    bool sends = true;
    for (;;) {
        if (sends && bytes.empty()) {
            ::shutdown(descriptor_, SHUT_WR);
            sends = false;
        }
        if (!wait(static_cast<short>(sends ? POLLIN | POLLOUT : POLLIN))) return ending::silent;
        const ssize_t got = ::recv(descriptor_, room.data(), room.size(), MSG_DONTWAIT);
        if (got > 0) answer.append(room.data(), static_cast<std::size_t>(got));
        if (got == 0) return ending::closed;
        if (got < 0 && !must_wait()) return ending::reset;
        if (!sends) continue;
        const ssize_t sent =
            ::send(descriptor_, bytes.data(), std::min(portion_bytes, bytes.size()), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
        if (sent < 0 && !must_wait()) sends = false;
    }
}

bool connection::write_all(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent > 0)
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        else if (!must_wait() || !wait(POLLOUT))
            return false;
    }
    return true;
}

bool connection::read_some(std::string& answer) {
    std::array<char, 65536> room;
    for (;;) {
        const ssize_t got = ::recv(descriptor_, room.data(), room.size(), MSG_DONTWAIT);
        if (got > 0) {
            answer.append(room.data(), static_cast<std::size_t>(got));
            return true;
        }
        if (got == 0 || !must_wait() || !wait(POLLIN)) return false;
    }
}

bool connection::ask(std::string_view bytes, std::string& answer,
                     const std::function<bool(std::string_view)>& complete) {
    const std::size_t before = answer.size();
    if (!write_all(bytes)) return false;
    while (!complete(std::string_view{answer}.substr(before)))
        if (!read_some(answer)) return false;
    return true;
}

listener::listener() : descriptor_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)} {
    if (descriptor_ < 0) refused("socket");
    sockaddr_in at = loopback(INADDR_LOOPBACK, 0);
    socklen_t bytes = sizeof at;
    if (::bind(descriptor_, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0 || ::listen(descriptor_, 1024) != 0 ||
        ::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&at), &bytes) != 0)
        refused("listen");
    port_ = ntohs(at.sin_port);
}

listener::~listener() { ::close(descriptor_); }

int listener::accept(std::chrono::milliseconds patience) const {
    pollfd waiting{descriptor_, POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(patience.count())) != 1) return -1;
    return ::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

std::string shown(std::string_view bytes, std::size_t most) {
    std::string text;
    for (const char one : bytes.substr(0, most)) {
        const auto byte = static_cast<unsigned char>(one);
        char escaped[5];
        if (one == '\r')
            text += "\\r";
        else if (one == '\n')
            text += "\\n";
        else if (byte >= ' ' && byte < 127 && one != '\\')
            text += one;
        else
            text.append(escaped, static_cast<std::size_t>(std::snprintf(escaped, sizeof escaped, "\\x%02x", byte)));
    }
    if (bytes.size() > most) text += "... (" + std::to_string(bytes.size()) + " bytes)";
    return text;
}

}  // namespace attack
