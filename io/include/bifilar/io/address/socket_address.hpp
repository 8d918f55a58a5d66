// The address of a socket: IPv4 or IPv6 with a port, or a name of this machine's own (AF_UNIX); as text and as the
// kernel wants it.
#pragma once

#include <array>
#include <bifilar/drivers/contract/io_result.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <sys/socket.h>

namespace bifilar {

/// A value of about 140 bytes.
/// Thread: any; nothing here blocks.
/// Allocates: to_string() alone.
class socket_address {
public:
    /// Bytes that the path of a Unix socket may have at most, and an abstract name as well.
    static constexpr std::size_t max_path_bytes = 107;

    /// No address: family() is AF_UNSPEC.
    socket_address() noexcept = default;

    /// "127.0.0.1:80", "[::1]:80" or, with the interface of a link-local address, "[fe80::1%eth0]:80". Numeric only.
    /// Errors: for anything else, an interface that does not exist as well, one that equals std::errc::invalid_argument
    /// and whose message says what to write.
    [[nodiscard]] static io_result<socket_address> parse(std::string_view text);

    /// Four bytes in the order in which they are written: {127, 0, 0, 1}.
    [[nodiscard]] static socket_address ipv4(std::array<std::uint8_t, 4> host, std::uint16_t port) noexcept;
    /// Sixteen bytes in the order in which they are written. `scope`: the interface's index, for link-local addresses.
    [[nodiscard]] static socket_address ipv6(std::array<std::uint8_t, 16> host, std::uint16_t port,
                                             std::uint32_t scope = 0) noexcept;
    /// 0.0.0.0 and [::]: every address of this machine. Port 0 lets the kernel choose one.
    [[nodiscard]] static socket_address any_ipv4(std::uint16_t port = 0) noexcept;
    /// All addresses of this machine, of IPv6.
    [[nodiscard]] static socket_address any_ipv6(std::uint16_t port = 0) noexcept;
    /// 127.0.0.1 and [::1]: this machine alone.
    [[nodiscard]] static socket_address loopback_ipv4(std::uint16_t port = 0) noexcept;
    /// This machine alone, by IPv6: ::1.
    [[nodiscard]] static socket_address loopback_ipv6(std::uint16_t port = 0) noexcept;

    /// A Unix socket in the file system.
    /// Errors: for more than max_path_bytes one that equals std::errc::filename_too_long, and whose message says what
    /// to do; std::errc::invalid_argument for an empty path or one with a 0 in it.
    [[nodiscard]] static io_result<socket_address> unix_path(std::string_view path) noexcept;
    /// A Unix socket with a name that is no file, which the kernel forgets with the last socket. Any bytes. Whoever
    /// shares the network namespace may connect to it.
    /// Errors: as unix_path, for a name that is too long or empty.
    [[nodiscard]] static io_result<socket_address> unix_abstract(std::string_view name) noexcept;
    /// The address of Unix sockets that were not bound. Binding to it lets the kernel choose an abstract name.
    [[nodiscard]] static socket_address unix_unnamed() noexcept;

    /// What the kernel, or getaddrinfo(3), gave.
    /// Errors: EAFNOSUPPORT for another family than the three or a size that is none of its own.
    [[nodiscard]] static io_result<socket_address> copy_of(const sockaddr* address, socklen_t bytes) noexcept;
    /// What the kernel says a socket is bound to.
    /// Errors: getsockname(2)'s.
    [[nodiscard]] static io_result<socket_address> local(int descriptor) noexcept;
    /// What the kernel says a socket is connected to.
    /// Errors: getpeername(2)'s.
    [[nodiscard]] static io_result<socket_address> peer(int descriptor) noexcept;

    /// As parse reads it; "unix:/path", "unix:@name", "unix:" for an unnamed one, "" for no address. Bytes of a Unix
    /// name that cannot be printed are written as `\xNN`.
    [[nodiscard]] std::string to_string() const;

    /// AF_INET, AF_INET6, AF_UNIX or another; AF_UNSPEC when it is empty.
    [[nodiscard]] int family() const noexcept { return storage_.ss_family; }
    /// An IPv4 address.
    [[nodiscard]] bool is_ipv4() const noexcept { return family() == AF_INET; }
    /// An IPv6 address.
    [[nodiscard]] bool is_ipv6() const noexcept { return family() == AF_INET6; }
    /// An address of either.
    [[nodiscard]] bool is_ip() const noexcept { return is_ipv4() || is_ipv6(); }
    /// An address of a Unix socket.
    [[nodiscard]] bool is_unix() const noexcept { return family() == AF_UNIX; }
    /// 0 for what has none.
    [[nodiscard]] std::uint16_t port() const noexcept;
    /// The same host with another port. What has no port stays as it is.
    [[nodiscard]] socket_address with_port(std::uint16_t port) const noexcept;
    /// The index of an IPv6 address's interface; 0: none was named, or no IPv6 address.
    [[nodiscard]] std::uint32_t scope() const noexcept;
    /// A view into this address; empty for what is not of that kind.
    [[nodiscard]] std::string_view path() const noexcept;
    /// The name of an abstract Unix address, without its leading zero; else empty.
    [[nodiscard]] std::string_view abstract_name() const noexcept;

    /// The same family, host, port and scope, or the same name. The flow label of IPv6 does not count.
    [[nodiscard]] friend bool operator==(const socket_address& a, const socket_address& b) noexcept {
        return a.key() == b.key() && a.port() == b.port() && a.scope() == b.scope() && a.family() == b.family();
    }
    /// For std::hash: equal addresses give equal numbers.
    [[nodiscard]] std::size_t hash() const noexcept;

    /// For system calls.
    [[nodiscard]] const sockaddr* data() const noexcept { return reinterpret_cast<const sockaddr*>(&storage_); }
    /// Bytes of the address, for system calls.
    [[nodiscard]] socklen_t size() const noexcept { return bytes_; }

    /// Where a system call writes an address: at most `room` bytes at `data`; `written` is called with what the call
    /// said, afterwards. Unix sockets without a name write nothing at all; they become `unnamed_family`.
    [[nodiscard]] sockaddr* buffer() noexcept { return reinterpret_cast<sockaddr*>(&storage_); }
    /// Bytes that any address fits into.
    static constexpr socklen_t room = sizeof(sockaddr_storage);
    /// For the library: the kernel has written so many bytes into it.
    void written(socklen_t bytes, int unnamed_family) noexcept;

private:
    [[nodiscard]] std::string_view unix_bytes() const noexcept;
    /// The bytes of the host or name.
    [[nodiscard]] std::string_view key() const noexcept;

    sockaddr_storage storage_{};
    socklen_t bytes_ = 0;
};

}  // namespace bifilar

template <>
struct std::hash<bifilar::socket_address> {
    std::size_t operator()(const bifilar::socket_address& address) const noexcept { return address.hash(); }
};
