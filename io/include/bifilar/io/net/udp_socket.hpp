// A UDP socket.
#pragma once

#include <bifilar/io/net/datagram_socket.hpp>
#include <cstdint>
#include <string_view>

namespace bifilar {

struct udp_options {
    /// Others of the same user may bind the same address; the kernel spreads datagrams over all of them by their
    /// sender.
    bool reuse_port = false;
    /// The address may be bound several times, as receivers of one multicast group do; without a group the last gets
    /// all.
    bool reuse_address = false;
    /// A socket at [::] takes IPv6 datagrams alone, and leaves those of IPv4 to another.
    bool only_ipv6 = false;
    /// May send to broadcast addresses; EACCES without.
    bool broadcast = false;
};

/// What may be done with it is in datagram_socket. Datagrams may be lost, doubled and reordered on their way. None of
/// the options blocks.
/// Errors: what the network says of an earlier datagram, ECONNREFUSED above all, is answered by a later operation of a
/// connected socket, and then forgotten.
class udp_socket : public datagram_socket {
public:
    /// Binds a numeric address ("127.0.0.1:53", "[::]:53", which takes IPv4 as well, from mapped addresses; port 0 lets
    /// the kernel choose, for clients: "0.0.0.0:0"). Does not block.
    /// Throws: std::bad_alloc.
    /// Errors: std::errc::invalid_argument: the text is no address; EADDRINUSE: choose another port or end who has it;
    /// EAFNOSUPPORT: an address that is none of IP; and what socket(2), setsockopt(2) and bind(2) say.
    [[nodiscard]] static io_result<udp_socket> bind(std::string_view address, const udp_options& options = {});
    /// As the other bind.
    [[nodiscard]] static io_result<udp_socket> bind(const socket_address& address, const udp_options& options = {});
    /// Takes over a UDP socket, wherever it comes from.
    /// Throws: std::bad_alloc; it is closed then.
    explicit udp_socket(owned_descriptor descriptor) : datagram_socket{std::move(descriptor)} {}

    /// To whom the socket is connected.
    /// Errors: EDESTADDRREQ or ENOTCONN when it is not. EMSGSIZE: longer than a datagram can be.
    [[nodiscard]] datagram_send_future send(std::span<const std::byte> from) noexcept {
        return {source(), op_kind::send_message, from};
    }
    /// One datagram to that address, whether connected or not. The address is copied.
    [[nodiscard]] datagram_send_future send_to(std::span<const std::byte> from, const socket_address& to) noexcept {
        return {source(), op_kind::send_message, from, to};
    }
    /// The datagrams of the batch from `first` on, each to its address, or to whom the socket is connected. The batch
    /// stays as it is, and valid until the future is ready or destroyed.
    /// Errors: those of the first of them; of a later one, a later call.
    /// Cancellation: an unknown number has been sent.
    [[nodiscard]] batch_send_future send_many(datagram_batch& from, std::size_t first = 0) noexcept {
        return {source(), from, first};
    }

    /// Routers that a datagram may pass, 1 to 255; the system's choice is 64.
    io_result<void> set_ttl(int hops) noexcept;
    /// The same for datagrams to groups; the system's choice is 1, this network alone.
    io_result<void> set_multicast_ttl(int hops) noexcept;
    /// Whether datagrams to groups come back to receivers on this machine. On by default.
    io_result<void> set_multicast_loop(bool on) noexcept;
    /// From which interface datagrams to groups leave; 0: the route says. An index as of if_nametoindex(3).
    io_result<void> set_multicast_interface(std::uint32_t index) noexcept;
    /// Receives what is sent to the group at the socket's port, until `leave` or the end. The group's port is ignored;
    /// interface 0: the route says.
    /// Errors: EINVAL: no address of a group; EADDRINUSE: joined already; EADDRNOTAVAIL: left without having joined;
    /// ENODEV: no such interface; ENOBUFS: more groups than net.ipv4.igmp_max_memberships.
    io_result<void> join_group(const socket_address& group, std::uint32_t interface_index = 0) noexcept;
    /// Ends what join_group began.
    io_result<void> leave_group(const socket_address& group, std::uint32_t interface_index = 0) noexcept;

    /// Each send from now on is cut by the kernel into datagrams of so many bytes, the last may be shorter, at most 64
    /// of them (128 in newer kernels) and 65,507 bytes in all; 0 ends it. Saves most of the cost of sending many at
    /// once (UDP_SEGMENT, Linux 4.18). EINVAL answers sends of what the route cannot take.
    io_result<void> set_segment_bytes(std::size_t bytes) noexcept;
    /// Receives several datagrams of one sender and size at once, when they came together, into one buffer, which
    /// should have 65,535 bytes; received_datagram::segment_bytes tells where they part (UDP_GRO, Linux 5.0).
    io_result<void> set_coalescing(bool on) noexcept;

private:
    [[nodiscard]] int family() const noexcept;
};

}  // namespace bifilar
