// Addresses from and to text.
#include <bifilar/drivers/socket_address.hpp>

#include <arpa/inet.h>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <netinet/in.h>

namespace bifilar {
namespace {

// EINVAL alone would not tell anybody what is wrong with an address.
class address_category final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "bifilar address"; }
    [[nodiscard]] std::string message(int) const override {
        return "not a numeric address with a port; write 127.0.0.1:80 or [::1]:80";
    }
    [[nodiscard]] std::error_condition default_error_condition(int) const noexcept override {
        return std::errc::invalid_argument;
    }
};

std::unexpected<std::error_code> bad_address() noexcept {
    static const address_category category;
    return std::unexpected{std::error_code{1, category}};
}

}  // namespace

io_result<socket_address> socket_address::parse(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return bad_address();
    std::string host{text.substr(0, colon)};
    const std::string_view digits = text.substr(colon + 1);
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc{} || end != digits.data() + digits.size()) return bad_address();

    socket_address made;
    sockaddr_in v4{};
    if (::inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        std::memcpy(&made.storage_, &v4, sizeof v4);
        made.bytes_ = sizeof v4;
        return made;
    }
    if (host.size() < 2 || host.front() != '[' || host.back() != ']') return bad_address();
    host = host.substr(1, host.size() - 2);
    sockaddr_in6 v6{};
    if (::inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) != 1) return bad_address();
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&made.storage_, &v6, sizeof v6);
    made.bytes_ = sizeof v6;
    return made;
}

io_result<socket_address> socket_address::local(int descriptor) noexcept {
    socket_address made;
    made.bytes_ = sizeof made.storage_;
    if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&made.storage_), &made.bytes_) != 0)
        return io_failure(errno);
    return made;
}

io_result<socket_address> socket_address::peer(int descriptor) noexcept {
    socket_address made;
    made.bytes_ = sizeof made.storage_;
    if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&made.storage_), &made.bytes_) != 0)
        return io_failure(errno);
    return made;
}

io_result<socket_address> socket_address::copy_of(const sockaddr* address, socklen_t bytes) noexcept {
    const bool v4 = address->sa_family == AF_INET && bytes == sizeof(sockaddr_in);
    const bool v6 = address->sa_family == AF_INET6 && bytes == sizeof(sockaddr_in6);
    if (!v4 && !v6) return io_failure(EAFNOSUPPORT);
    socket_address made;
    std::memcpy(&made.storage_, address, bytes);
    made.bytes_ = bytes;
    return made;
}

std::uint16_t socket_address::port() const noexcept {
    // The port lies at the same place in both families.
    sockaddr_in view{};
    std::memcpy(&view, &storage_, sizeof view);
    return ntohs(view.sin_port);
}

std::string socket_address::to_string() const {
    char host[INET6_ADDRSTRLEN] = "?";
    if (family() == AF_INET) {
        sockaddr_in view{};
        std::memcpy(&view, &storage_, sizeof view);
        ::inet_ntop(AF_INET, &view.sin_addr, host, sizeof host);
        return std::string{host} + ":" + std::to_string(port());
    }
    sockaddr_in6 view{};
    std::memcpy(&view, &storage_, sizeof view);
    ::inet_ntop(AF_INET6, &view.sin6_addr, host, sizeof host);
    return "[" + std::string{host} + "]:" + std::to_string(port());
}

}  // namespace bifilar
