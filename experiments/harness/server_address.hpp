// Where the server under load is, and a connection to it; IPv4 only. Builds on arguments.hpp.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <harness/arguments.hpp>
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

/// A connected, blocking socket that sends at once. Refuses when nobody listens. The caller closes it.
[[nodiscard]] inline int connect_to(const server_address& server) {
    const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(made, server.generic(), sizeof server.place) != 0) {
        const int code = errno;
        ::close(made);
        refuse("connecting to " + server.text + ": " + std::strerror(code) + "; start the server first");
    }
    const int on = 1;
    ::setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return made;
}

}  // namespace bifilar::experiments
