// Addresses from and to text, and what is wrong with text that is none.
#include <bifilar/io/address/socket_address.hpp>

#include "address_error.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <cstring>
#include <net/if.h>
#include <netinet/in.h>
#include <optional>

namespace bifilar {
namespace detail {
namespace {

class address_category final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "bifilar address"; }
    [[nodiscard]] std::string message(int code) const override {
        switch (static_cast<address_error>(code)) {
            case address_error::not_numeric:
                return "not a numeric address with a port; write 127.0.0.1:80 or [::1]:80";
            case address_error::unknown_interface:
                return "no such network interface; write its name or number behind the %, as in [fe80::1%eth0]:80";
            case address_error::bad_unix_name:
                return "not a path or name for a Unix socket; write one that is not empty, a path without a 0 byte";
            case address_error::unix_name_too_long:
                return "too long for a Unix socket, whose path or name has at most 107 bytes; choose a shorter one, "
                       "or change into its folder and use a relative path";
        }
        return "unknown";
    }
    [[nodiscard]] std::error_condition default_error_condition(int code) const noexcept override {
        // So that callers may ask for the system's errors.
        return static_cast<address_error>(code) == address_error::unix_name_too_long ? std::errc::filename_too_long
                                                                                     : std::errc::invalid_argument;
    }
};

}  // namespace

std::unexpected<std::error_code> address_failure(address_error what) noexcept {
    static const address_category category;
    return std::unexpected{std::error_code{static_cast<int>(what), category}};
}

}  // namespace detail

namespace {

using detail::address_error;
using detail::address_failure;

template <class Number>
std::optional<Number> number(std::string_view digits) noexcept {
    Number value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    // Nothing may stand behind the digits.
    if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    return value;
}

// The index of an interface by its name or number; 0: there is none.
std::uint32_t interface_index(std::string_view name) noexcept {
    if (const auto index = number<std::uint32_t>(name)) return *index;
    char text[IF_NAMESIZE] = {};
    if (name.empty() || name.size() >= sizeof text) return 0;
    std::copy(name.begin(), name.end(), text);
    return ::if_nametoindex(text);
}

io_result<socket_address> parse_ipv6(std::string_view host, std::uint16_t port) noexcept {
    std::uint32_t scope = 0;
    if (const std::size_t percent = host.find('%'); percent != std::string_view::npos) {
        scope = interface_index(host.substr(percent + 1));
        if (scope == 0) return address_failure(address_error::unknown_interface);
        host = host.substr(0, percent);
    }
    char text[INET6_ADDRSTRLEN] = {};
    std::array<std::uint8_t, 16> bytes{};
    if (host.size() >= sizeof text) return address_failure(address_error::not_numeric);
    std::copy(host.begin(), host.end(), text);
    // A 0 byte would hide what stands behind it from inet_pton.
    if (std::strlen(text) != host.size() || ::inet_pton(AF_INET6, text, bytes.data()) != 1)
        return address_failure(address_error::not_numeric);
    return socket_address::ipv6(bytes, port, scope);
}

std::string printable(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        // Names of Unix sockets are any bytes; those that are no text are written as numbers.
        if (byte >= 0x20 && byte < 0x7f)
            text += c;
        else
            (text += "\\x").append({digits[byte >> 4], digits[byte & 15]});
    }
    return text;
}

}  // namespace

io_result<socket_address> socket_address::parse(std::string_view text) {
    // The last one: IPv6 has colons of its own.
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return address_failure(address_error::not_numeric);
    const std::string_view host = text.substr(0, colon);
    const auto port = number<std::uint16_t>(text.substr(colon + 1));
    if (!port) return address_failure(address_error::not_numeric);
    if (host.size() >= 2 && host.front() == '[' && host.back() == ']')
        return parse_ipv6(host.substr(1, host.size() - 2), *port);

    char v4[INET_ADDRSTRLEN] = {};
    std::array<std::uint8_t, 4> bytes{};
    if (host.size() >= sizeof v4) return address_failure(address_error::not_numeric);
    std::copy(host.begin(), host.end(), v4);
    if (std::strlen(v4) != host.size() || ::inet_pton(AF_INET, v4, bytes.data()) != 1)
        return address_failure(address_error::not_numeric);
    return ipv4(bytes, *port);
}

std::string socket_address::to_string() const {
    char host[INET6_ADDRSTRLEN] = "?";
    if (is_ipv4()) {
        ::inet_ntop(AF_INET, key().data(), host, sizeof host);
        return std::string{host} + ":" + std::to_string(port());
    }
    if (is_ipv6()) {
        ::inet_ntop(AF_INET6, key().data(), host, sizeof host);
        std::string text = "[" + std::string{host};
        if (scope() != 0) {
            char interface[IF_NAMESIZE] = {};
            // An interface that has gone keeps its number.
            const char* const known = ::if_indextoname(scope(), interface);
            text += "%" + (known != nullptr ? std::string{known} : std::to_string(scope()));
        }
        return text + "]:" + std::to_string(port());
    }
    if (!is_unix()) return {};
    if (!abstract_name().empty()) return "unix:@" + printable(abstract_name());
    return "unix:" + printable(path());
}

}  // namespace bifilar
