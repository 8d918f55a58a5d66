// Addresses as the kernel keeps them. The storage is read and written by copies, because it is of no one type.
#include <bifilar/io/address/socket_address.hpp>

#include "address_error.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <netinet/in.h>
#include <sys/un.h>

namespace bifilar {
namespace {

using detail::address_error;
using detail::address_failure;

constexpr socklen_t unix_head = offsetof(sockaddr_un, sun_path);

static_assert(socket_address::max_path_bytes + 1 == sizeof(sockaddr_un::sun_path));
static_assert(offsetof(sockaddr_in, sin_port) == offsetof(sockaddr_in6, sin6_port));

template <class Address>
Address view(const sockaddr_storage& storage) noexcept {
    Address as{};
    std::memcpy(&as, &storage, sizeof as);
    return as;
}

}  // namespace

socket_address socket_address::ipv4(std::array<std::uint8_t, 4> host, std::uint16_t port) noexcept {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, host.data(), host.size());
    socket_address made;
    std::memcpy(&made.storage_, &v4, sizeof v4);
    made.bytes_ = sizeof v4;
    return made;
}

socket_address socket_address::ipv6(std::array<std::uint8_t, 16> host, std::uint16_t port,
                                    std::uint32_t scope) noexcept {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    v6.sin6_scope_id = scope;
    std::memcpy(&v6.sin6_addr, host.data(), host.size());
    socket_address made;
    std::memcpy(&made.storage_, &v6, sizeof v6);
    made.bytes_ = sizeof v6;
    return made;
}

socket_address socket_address::any_ipv4(std::uint16_t port) noexcept { return ipv4({}, port); }
socket_address socket_address::any_ipv6(std::uint16_t port) noexcept { return ipv6({}, port); }
socket_address socket_address::loopback_ipv4(std::uint16_t port) noexcept { return ipv4({127, 0, 0, 1}, port); }
socket_address socket_address::loopback_ipv6(std::uint16_t port) noexcept {
    std::array<std::uint8_t, 16> host{};
    host.back() = 1;
    return ipv6(host, port);
}

io_result<socket_address> socket_address::unix_path(std::string_view path) noexcept {
    if (path.empty() || path.contains('\0')) return address_failure(address_error::bad_unix_name);
    if (path.size() > max_path_bytes) return address_failure(address_error::unix_name_too_long);
    socket_address made = unix_unnamed();
    std::memcpy(reinterpret_cast<std::byte*>(&made.storage_) + unix_head, path.data(), path.size());
    // The 0 at the end is a part of a path, but none of an abstract name.
    made.bytes_ = static_cast<socklen_t>(unix_head + path.size() + 1);
    return made;
}

io_result<socket_address> socket_address::unix_abstract(std::string_view name) noexcept {
    if (name.empty()) return address_failure(address_error::bad_unix_name);
    if (name.size() > max_path_bytes) return address_failure(address_error::unix_name_too_long);
    socket_address made = unix_unnamed();
    // The first byte stays 0: that is what makes it abstract.
    std::memcpy(reinterpret_cast<std::byte*>(&made.storage_) + unix_head + 1, name.data(), name.size());
    made.bytes_ = static_cast<socklen_t>(unix_head + 1 + name.size());
    return made;
}

socket_address socket_address::unix_unnamed() noexcept {
    socket_address made;
    made.storage_.ss_family = AF_UNIX;
    made.bytes_ = unix_head;
    return made;
}

io_result<socket_address> socket_address::copy_of(const sockaddr* address, socklen_t bytes) noexcept {
    sa_family_t family = AF_UNSPEC;
    if (bytes < sizeof family || bytes > room) return io_failure(EAFNOSUPPORT);
    socket_address made;
    std::memcpy(&made.storage_, address, bytes);
    made.bytes_ = bytes;
    // What is read later must have been there: whole addresses of families that are known.
    const bool is_known = (made.is_ipv4() && bytes == sizeof(sockaddr_in)) ||
                          (made.is_ipv6() && bytes == sizeof(sockaddr_in6)) ||
                          (made.is_unix() && bytes <= sizeof(sockaddr_un));
    if (!is_known) return io_failure(EAFNOSUPPORT);
    return made;
}

io_result<socket_address> socket_address::local(int descriptor) noexcept {
    socket_address made;
    made.bytes_ = room;
    if (::getsockname(descriptor, made.buffer(), &made.bytes_) != 0) return io_failure(errno);
    return made;
}

io_result<socket_address> socket_address::peer(int descriptor) noexcept {
    socket_address made;
    made.bytes_ = room;
    if (::getpeername(descriptor, made.buffer(), &made.bytes_) != 0) return io_failure(errno);
    return made;
}

void socket_address::written(socklen_t bytes, int unnamed_family) noexcept {
    bytes_ = std::min(bytes, room);
    // The kernel writes nothing for a sender that has no name.
    if (bytes_ != 0) return;
    storage_ = {};
    storage_.ss_family = static_cast<sa_family_t>(unnamed_family);
    bytes_ = unix_head;
}

std::uint16_t socket_address::port() const noexcept {
    if (!is_ip()) return 0;
    return ntohs(view<sockaddr_in>(storage_).sin_port);  // It lies at the same place in both families.
}

socket_address socket_address::with_port(std::uint16_t port) const noexcept {
    socket_address made = *this;
    if (!is_ip()) return made;
    const in_port_t wire = htons(port);
    std::memcpy(reinterpret_cast<std::byte*>(&made.storage_) + offsetof(sockaddr_in, sin_port), &wire, sizeof wire);
    return made;
}

std::uint32_t socket_address::scope() const noexcept {
    return is_ipv6() ? view<sockaddr_in6>(storage_).sin6_scope_id : 0;
}

std::string_view socket_address::unix_bytes() const noexcept {
    if (!is_unix() || bytes_ <= unix_head) return {};
    return {reinterpret_cast<const char*>(&storage_) + unix_head, bytes_ - unix_head};
}

std::string_view socket_address::path() const noexcept {
    const std::string_view bytes = unix_bytes();
    return bytes.substr(0, bytes.find('\0'));  // The kernel may count the 0 at the end, or leave no room for one.
}

std::string_view socket_address::abstract_name() const noexcept {
    const std::string_view bytes = unix_bytes();
    return bytes.empty() || bytes.front() != '\0' ? std::string_view{} : bytes.substr(1);
}

// What tells hosts apart, or Unix sockets; the port is not in it.
std::string_view socket_address::key() const noexcept {
    const char* const start = reinterpret_cast<const char*>(&storage_);
    if (is_ipv4()) return {start + offsetof(sockaddr_in, sin_addr), sizeof(in_addr)};
    if (is_ipv6()) return {start + offsetof(sockaddr_in6, sin6_addr), sizeof(in6_addr)};
    const std::string_view named = path();
    return named.empty() ? unix_bytes() : named;
}

std::size_t socket_address::hash() const noexcept {
    const std::size_t seed = std::hash<std::string_view>{}(key());
    return seed ^ (std::size_t{port()} * 0x9e3779b97f4a7c15);
}

}  // namespace bifilar
