// Addresses: text against inet_pton and inet_ntop, there and back; what the kernel might give; names of Unix sockets.
#include "input.hpp"

#include <bifilar/io/address/socket_address.hpp>

#include <arpa/inet.h>
#include <array>
#include <cstring>
#include <netinet/in.h>
#include <optional>
#include <sys/un.h>

namespace {

using namespace fuzz;
using bifilar::socket_address;

// A number of decimal digits alone that fits into 16 bits.
std::optional<unsigned> port_of(std::string_view text) {
    unsigned value = 0;
    if (text.empty()) return std::nullopt;
    for (const char one : text) {
        if (one < '0' || one > '9') return std::nullopt;
        value = value * 10 + static_cast<unsigned>(one - '0');
        if (value > 65'535) return std::nullopt;
    }
    return value;
}

// The bytes of a host as inet_pton sees it, and its port; empty: no address.
std::optional<std::string> expected(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos || text.find('\0') != std::string::npos) return std::nullopt;
    const auto port = port_of(text.substr(colon + 1));
    if (!port) return std::nullopt;
    std::string host = text.substr(0, colon);
    const bool is_v6 = host.starts_with('[') && host.ends_with(']') && host.size() >= 2;
    if (is_v6) host = host.substr(1, host.size() - 2);
    char bytes[16] = {};
    if (::inet_pton(is_v6 ? AF_INET6 : AF_INET, host.c_str(), bytes) != 1) return std::nullopt;
    return std::string{bytes, is_v6 ? 16U : 4U} + '/' + std::to_string(*port);
}

std::string found(const socket_address& address) {
    std::string host;
    if (address.is_ipv4()) {
        sockaddr_in v4{};
        std::memcpy(&v4, address.data(), sizeof v4);
        host.assign(reinterpret_cast<const char*>(&v4.sin_addr), sizeof v4.sin_addr);
    } else {
        sockaddr_in6 v6{};
        std::memcpy(&v6, address.data(), sizeof v6);
        host.assign(reinterpret_cast<const char*>(&v6.sin6_addr), sizeof v6.sin6_addr);
    }
    return host + '/' + std::to_string(address.port());
}

void there_and_back(const socket_address& address) {
    const auto again = socket_address::parse(address.to_string());
    require(again.has_value() && *again == address, "an address is another when its text is read again");
    require(again->hash() == address.hash(), "equal addresses have different hashes");
}

void text(const std::string& drawn) {
    const auto got = socket_address::parse(drawn);
    // An interface is this machine's affair; without one the two agree.
    if (drawn.find('%') != std::string::npos) {
        if (got) require(got->is_ipv6() && got->scope() != 0, "an interface was named, and there is none");
        return;
    }
    const auto must = expected(drawn);
    require(got.has_value() == must.has_value(), "text is taken for an address, or is not, against inet_pton");
    if (!got) return require(got.error() == std::errc::invalid_argument, "text that is no address has another error");
    require(found(*got) == *must, "text is taken for another address than by inet_pton");
    there_and_back(*got);
}

void numbers(input& in) {
    const auto v4 = in.any<std::array<std::uint8_t, 4>>();
    const auto v6 = in.any<std::array<std::uint8_t, 16>>();
    const auto port = in.any<std::uint16_t>();
    const std::uint32_t scope = in.flag() ? 0 : 4'000'000'000U + static_cast<std::uint32_t>(in.below(1000));
    char text[INET6_ADDRSTRLEN] = {};
    const socket_address one = socket_address::ipv4(v4, port);
    require(
        one.to_string() == std::string{::inet_ntop(AF_INET, v4.data(), text, sizeof text)} + ":" + std::to_string(port),
        "IPv4 is written otherwise than by inet_ntop");
    there_and_back(one);
    const socket_address other = socket_address::ipv6(v6, port, scope);
    const std::string suffix = scope == 0 ? "" : "%" + std::to_string(scope);
    require(other.to_string() == "[" + std::string{::inet_ntop(AF_INET6, v6.data(), text, sizeof text)} + suffix +
                                     "]:" + std::to_string(port),
            "IPv6 is written otherwise than by inet_ntop");
    there_and_back(other);
    require(other.with_port(1).port() == 1 && other.with_port(1).scope() == scope,
            "with_port changes more than the port");
    require(one != other, "addresses of two families are equal");
}

void kernel(input& in) {
    sockaddr_storage storage{};
    const std::string_view bytes = in.text(sizeof storage);
    std::memcpy(&storage, bytes.data(), bytes.size());
    constexpr std::array<sa_family_t, 4> families{AF_INET, AF_INET6, AF_UNIX, AF_UNSPEC};
    if (in.flag()) storage.ss_family = families[in.below(families.size())];
    const auto size = static_cast<socklen_t>(in.flag() ? bytes.size() : in.below(sizeof storage + 20));
    const auto got = socket_address::copy_of(reinterpret_cast<const sockaddr*>(&storage), size);
    if (!got) return;
    require(got->size() == size, "an address has another size than it was given with");
    require(got->is_ip() || got->is_unix(), "an address of an unknown family was taken");
    require(*got == *got && got->hash() == socket_address{*got}.hash(), "an address is not equal to itself");
    for (const char one : got->to_string()) require(one >= 0x20 && one < 0x7f, "an address is written unprintably");
    require(got->is_unix() || (got->path().empty() && got->abstract_name().empty()),
            "what is no Unix socket has a name");
    require(got->path().find('\0') == std::string_view::npos, "a path has a zero byte");
    if (got->is_ip() && got->scope() == 0) there_and_back(*got);
}

void names(input& in) {
    const std::string_view name = in.text(130);
    const auto path = socket_address::unix_path(name);
    const bool fits = !name.empty() && name.size() <= socket_address::max_path_bytes;
    require(path.has_value() == (fits && name.find('\0') == std::string_view::npos),
            "a path is wrongly refused or taken");
    if (path) require(path->path() == name && path->abstract_name().empty(), "a path is another than was given");
    const auto abstract = socket_address::unix_abstract(name);
    require(abstract.has_value() == fits, "an abstract name is wrongly refused or taken");
    if (abstract) require(abstract->abstract_name() == name && abstract->path().empty(), "a name is another");
    for (const auto& one : {path, abstract}) {
        if (!one) continue;
        const auto again = socket_address::copy_of(one->data(), one->size());
        require(again && *again == *one, "an address is another when the kernel gives it back");
    }
    if (path && abstract) require(*path != *abstract, "a path and an abstract name are equal");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
    input in{bytes, count};
    switch (in.below(4)) {
        case 0:
            numbers(in);
            break;
        case 1:
            kernel(in);
            break;
        case 2:
            names(in);
            break;
        default:
            text(std::string{in.rest()});
    }
    return 0;
}
