// UDP sockets: binding and options. Those of IPv4 and IPv6 have different names for the same.
#include <bifilar/io/net/udp_socket.hpp>

#include <bifilar/io/net/detail/socket_option.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

namespace bifilar {
namespace {

io_result<void> change_group(int descriptor, int name, const socket_address& group, std::uint32_t index) noexcept {
    group_req wanted{};
    wanted.gr_interface = index;
    // By protocol-independent options (RFC 3678), which are the same for both families.
    std::memcpy(&wanted.gr_group, group.data(), group.size());
    const int level = group.is_ipv6() ? IPPROTO_IPV6 : IPPROTO_IP;
    if (::setsockopt(descriptor, level, name, &wanted, sizeof wanted) != 0) return io_failure(errno);
    return {};
}

}  // namespace

io_result<udp_socket> udp_socket::bind(std::string_view address, const udp_options& options) {
    const io_result<socket_address> parsed = socket_address::parse(address);
    if (!parsed) return std::unexpected{parsed.error()};
    return bind(*parsed, options);
}

io_result<udp_socket> udp_socket::bind(const socket_address& address, const udp_options& options) {
    if (!address.is_ip()) return io_failure(EAFNOSUPPORT);
    io_result<owned_descriptor> opened = detail::open_socket(address.family(), SOCK_DGRAM);
    if (!opened) return std::unexpected{opened.error()};
    const int descriptor = opened->get();
    io_result<void> set;
    if (options.reuse_port) set = detail::set_socket_option(descriptor, SOL_SOCKET, SO_REUSEPORT, 1);
    if (set && options.reuse_address) set = detail::set_socket_option(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
    if (set && options.broadcast) set = detail::set_socket_option(descriptor, SOL_SOCKET, SO_BROADCAST, 1);
    if (set && address.is_ipv6())
        set = detail::set_socket_option(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, options.only_ipv6 ? 1 : 0);
    if (!set) return std::unexpected{set.error()};
    if (::bind(descriptor, address.data(), address.size()) != 0) return io_failure(errno);
    return udp_socket{std::move(*opened)};
}

int udp_socket::family() const noexcept {
    return detail::socket_option(source().descriptor(), SOL_SOCKET, SO_DOMAIN).value_or(AF_UNSPEC);
}

io_result<void> udp_socket::set_ttl(int hops) noexcept {
    if (family() == AF_INET) return set_option(IPPROTO_IP, IP_TTL, hops);
    return set_option(IPPROTO_IPV6, IPV6_UNICAST_HOPS, hops);
}

io_result<void> udp_socket::set_multicast_ttl(int hops) noexcept {
    if (family() == AF_INET) return set_option(IPPROTO_IP, IP_MULTICAST_TTL, hops);
    return set_option(IPPROTO_IPV6, IPV6_MULTICAST_HOPS, hops);
}

io_result<void> udp_socket::set_multicast_loop(bool on) noexcept {
    if (family() == AF_INET) return set_option(IPPROTO_IP, IP_MULTICAST_LOOP, on ? 1 : 0);
    return set_option(IPPROTO_IPV6, IPV6_MULTICAST_LOOP, on ? 1 : 0);
}

io_result<void> udp_socket::set_multicast_interface(std::uint32_t index) noexcept {
    const int number = static_cast<int>(std::min<std::uint32_t>(index, std::numeric_limits<int>::max()));
    if (family() == AF_INET6) return set_option(IPPROTO_IPV6, IPV6_MULTICAST_IF, number);
    // IPv4 takes no index by itself.
    ip_mreqn wanted{};
    wanted.imr_ifindex = number;
    if (::setsockopt(source().descriptor(), IPPROTO_IP, IP_MULTICAST_IF, &wanted, sizeof wanted) != 0)
        return io_failure(errno);
    return {};
}

io_result<void> udp_socket::join_group(const socket_address& group, std::uint32_t interface_index) noexcept {
    return change_group(source().descriptor(), MCAST_JOIN_GROUP, group, interface_index);
}
io_result<void> udp_socket::leave_group(const socket_address& group, std::uint32_t interface_index) noexcept {
    return change_group(source().descriptor(), MCAST_LEAVE_GROUP, group, interface_index);
}

io_result<void> udp_socket::set_segment_bytes(std::size_t bytes) noexcept {
    return set_option(SOL_UDP, UDP_SEGMENT, detail::clamped_size(bytes));
}
io_result<void> udp_socket::set_coalescing(bool on) noexcept { return set_option(SOL_UDP, UDP_GRO, on ? 1 : 0); }

}  // namespace bifilar
