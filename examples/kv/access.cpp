// Addresses by their bytes, and a comparison that looks at all of them.
#include "access.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cstring>
#include <netinet/in.h>

namespace kv {

const std::string_view denied =
    "DENIED This server is in protected mode, because it has no password: it accepts connections from its own machine "
    "alone. Start it with --requirepass PASSWORD, or with --protected-mode no where every peer may do everything.";

bool is_this_machine(const bifilar::socket_address& peer) noexcept {
    const auto starts_with_127 = [](const unsigned char* host) { return host[0] == 127; };
    if (peer.is_unix()) return true;
    if (peer.is_ipv4()) {
        sockaddr_in at{};
        std::memcpy(&at, peer.data(), sizeof at);
        return starts_with_127(reinterpret_cast<const unsigned char*>(&at.sin_addr));
    }
    if (!peer.is_ipv6()) return false;
    sockaddr_in6 at{};
    std::memcpy(&at, peer.data(), sizeof at);
    return IN6_IS_ADDR_LOOPBACK(&at.sin6_addr) ||
           (IN6_IS_ADDR_V4MAPPED(&at.sin6_addr) && starts_with_127(at.sin6_addr.s6_addr + 12));
}

bool access::lets_in(const bifilar::socket_address& peer) const noexcept {
    return needs_password() || !is_protected || is_this_machine(peer);
}

bool access::is_password(std::string_view said) const noexcept {
    unsigned differs = said.size() != password.size();
    for (std::size_t at = 0; at < said.size(); ++at)
        differs |= static_cast<unsigned char>(said[at] ^ password[at % password.size()]);
    return differs == 0;
}

}  // namespace kv
