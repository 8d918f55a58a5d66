// Where the server under load is, and a connection to it; IPv4 only. Builds on arguments.hpp.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <harness/arguments.hpp>
#include <optional>
#include <string>

namespace bifilar::experiments {

struct server_address {
    std::string text;  ///< HOST:PORT
    sockaddr_in place{};

    /// The peer argument of connect and the like.
    [[nodiscard]] const sockaddr* generic() const noexcept { return reinterpret_cast<const sockaddr*>(&place); }
};

/// The value of the option `name`; refuses what is no HOST:PORT with an IPv4 address.
[[nodiscard]] inline server_address parse_address(const std::string& name, const std::string& value) {
    const std::size_t colon = value.rfind(':');
    if (colon == std::string::npos) refuse(name + " is '" + value + "'; give an address such as 127.0.0.1:7777");
    server_address parsed;
    parsed.text = value;
    parsed.place.sin_family = AF_INET;
    parsed.place.sin_port = htons(static_cast<std::uint16_t>(number(name, value.substr(colon + 1), 1, 65535)));
    const std::string host = value.substr(0, colon);
    if (::inet_pton(AF_INET, host.c_str(), &parsed.place.sin_addr) != 1)
        refuse(name + " names '" + host + "', which is no IPv4 address");
    return parsed;
}

/// Gives a socket that is to connect to a server on loopback one of eight source addresses there, by the connection's
/// number: the ports of one address are enough for some 28,000 connections, those in TIME_WAIT among them. False with
/// errno when the system refuses.
[[nodiscard]] inline bool bind_in_turn(int descriptor, std::size_t number) noexcept {
    constexpr std::uint32_t first = 0x7f'00'01'01;  // 127.0.1.1
    const int on = 1;
    ::setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    sockaddr_in from{};
    from.sin_family = AF_INET;
    from.sin_addr.s_addr = htonl(first + static_cast<std::uint32_t>(number % 8));
    return ::bind(descriptor, reinterpret_cast<const sockaddr*>(&from), sizeof from) == 0;
}

/// A connected, blocking socket that sends at once; with the connection's `number` it is bound as by bind_in_turn.
/// Refuses when nobody listens. The caller closes it.
[[nodiscard]] inline int connect_to(const server_address& server, std::optional<std::size_t> number = {}) {
    const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if ((number && !bind_in_turn(made, *number)) || ::connect(made, server.generic(), sizeof server.place) != 0) {
        const int code = errno;
        ::close(made);
        refuse("connecting to " + server.text + ": " + std::strerror(code) + "; start the server first");
    }
    const int on = 1;
    ::setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return made;
}

}  // namespace bifilar::experiments
