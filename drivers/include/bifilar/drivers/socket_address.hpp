// A numeric IP address with a port, as text and as the kernel wants it.
#pragma once

#include <bifilar/drivers/io_result.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <sys/socket.h>

namespace bifilar {

class socket_address {
public:
    /// "127.0.0.1:80" or "[::1]:80". Numeric only; for anything else an error that equals
    /// std::errc::invalid_argument and whose message says what to write. Does not block.
    [[nodiscard]] static io_result<socket_address> parse(std::string_view text);
    /// What the kernel says a socket is bound or connected to.
    [[nodiscard]] static io_result<socket_address> local(int descriptor) noexcept;
    [[nodiscard]] static io_result<socket_address> peer(int descriptor) noexcept;
    /// What the system has answered. std::errc::address_family_not_supported for other families than IPv4 and IPv6.
    [[nodiscard]] static io_result<socket_address> copy_of(const sockaddr* address, socklen_t bytes) noexcept;

    [[nodiscard]] std::string to_string() const;
    [[nodiscard]] std::uint16_t port() const noexcept;
    [[nodiscard]] int family() const noexcept { return storage_.ss_family; }
    [[nodiscard]] const sockaddr* data() const noexcept { return reinterpret_cast<const sockaddr*>(&storage_); }
    [[nodiscard]] socklen_t size() const noexcept { return bytes_; }

private:
    socket_address() noexcept = default;

    sockaddr_storage storage_{};
    socklen_t bytes_ = 0;
};

}  // namespace bifilar
