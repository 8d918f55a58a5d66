// getaddrinfo(3) and its answer as a list.
#include "name_lookup.hpp"

#include <bifilar/io/resolve/resolve_error.hpp>

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <utility>

namespace bifilar::detail {
namespace {

struct list_freer {
    void operator()(addrinfo* list) const noexcept { ::freeaddrinfo(list); }
};

std::unexpected<std::error_code> refused(resolve_errc why) noexcept { return std::unexpected{make_error_code(why)}; }

bool same(const socket_address& a, const socket_address& b) noexcept {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size()) == 0;
}

lookup_result ask(const std::string& host, const std::string& service, int flags) {
    addrinfo hints{};
    hints.ai_flags = flags;
    // Without a type each address would come once per protocol.
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* first = nullptr;
    const int answer = ::getaddrinfo(host.c_str(), service.empty() ? nullptr : service.c_str(), &hints, &first);
    if (answer != 0) return std::unexpected{resolve_error(answer, errno)};
    const std::unique_ptr<addrinfo, list_freer> list{first};
    std::vector<socket_address> found;
    for (const addrinfo* at = first; at != nullptr; at = at->ai_next) {
        const io_result<socket_address> one = socket_address::copy_of(at->ai_addr, at->ai_addrlen);
        // A hosts file may name one twice.
        if (one && std::ranges::none_of(found, [&](const socket_address& other) { return same(*one, other); }))
            found.push_back(*one);
    }
    if (found.empty()) return refused(resolve_errc::no_address);
    return found;
}

// Whether the C library would take it for an address of IPv4 although RFC 3986 has no such form: with fewer than four
// numbers, octal, hexadecimal, or a dot behind it.
bool is_old_address(std::string host) noexcept {
    in_addr address{};
    if (::inet_pton(AF_INET, host.c_str(), &address) == 1) return false;
    if (host.ends_with('.')) host.pop_back();
    return ::inet_aton(host.c_str(), &address) != 0;
}

bool is_digit(char one) noexcept { return one >= '0' && one <= '9'; }

// Whether the C library may take it for an address: one of IPv4 begins with a digit, one of IPv6 has a colon.
bool may_be_address(const std::string& host) noexcept {
    return is_digit(host.front()) || host.find(':') != std::string::npos;
}

bool all_digits(const std::string& text) noexcept { return std::ranges::all_of(text, is_digit); }

}  // namespace

lookup_result look_up(const std::string& host, const std::string& service) { return ask(host, service, 0); }

std::optional<lookup_result> look_up_numeric(const std::string& host, const std::string& service, bool takes_old) {
    // The C library would stop reading at a zero byte, and ask for another name than the caller has checked.
    if (host.empty() || host.find('\0') != std::string::npos) return refused(resolve_errc::no_such_host);
    if (service.find('\0') != std::string::npos) return refused(resolve_errc::unknown_service);
    const bool address = may_be_address(host);
    if (address && !takes_old && is_old_address(host)) return refused(resolve_errc::old_address);
    // A name of a service stands in a file, and to read that may block.
    if (!all_digits(service)) return std::nullopt;
    if (!service.empty()) {
        // The C library would take the port modulo 65536.
        std::uint16_t port = 0;
        const char* const end = service.data() + service.size();
        if (std::from_chars(service.data(), end, port).ec != std::errc{}) return refused(resolve_errc::unknown_service);
    }
    if (!address) return std::nullopt;
    lookup_result found = ask(host, service, AI_NUMERICHOST | AI_NUMERICSERV);
    // It only looked like an address.
    if (!found && found.error() == resolve_errc::no_such_host) return std::nullopt;
    return found;
}

}  // namespace bifilar::detail
