// Listening sockets over io_wait.
#include <bifilar/drivers/tcp_listener.hpp>

#include <bifilar/base/assert.hpp>

#include <cerrno>
#include <netinet/in.h>
#include <unistd.h>

namespace bifilar {

tcp_listener::tcp_listener(int descriptor) noexcept : source_{new drivers::io_source{descriptor}} {}

io_result<tcp_listener> tcp_listener::bind(std::string_view address, const listen_options& options) {
    const auto parsed = socket_address::parse(address);
    if (!parsed) return std::unexpected{parsed.error()};
    return bind(*parsed, options);
}

io_result<tcp_listener> tcp_listener::bind(const socket_address& address, const listen_options& options) {
    const int descriptor = ::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) return io_failure(errno);
    tcp_listener made{descriptor};
    const auto set = [descriptor](int level, int name, bool on) {
        const int value = on ? 1 : 0;
        return ::setsockopt(descriptor, level, name, &value, sizeof value) == 0;
    };
    if (!set(SOL_SOCKET, SO_REUSEADDR, true) || (options.reuse_port && !set(SOL_SOCKET, SO_REUSEPORT, true)) ||
        (address.family() == AF_INET6 && !set(IPPROTO_IPV6, IPV6_V6ONLY, options.only_ipv6)) ||
        ::bind(descriptor, address.data(), address.size()) != 0 || ::listen(descriptor, options.backlog) != 0)
        return io_failure(errno);
    return made;
}

io_result<std::vector<tcp_listener>> tcp_listener::bind_shards(std::string_view address, std::size_t count,
                                                               listen_options options) {
    options.reuse_port = true;
    io_result<socket_address> at = socket_address::parse(address);
    std::vector<tcp_listener> made;
    made.reserve(count);
    while (made.size() < count) {
        if (!at) return std::unexpected{at.error()};
        io_result<tcp_listener> next = bind(*at, options);
        if (!next) return std::unexpected{next.error()};
        made.push_back(std::move(*next));
        if (made.size() == 1) at = made.front().local_address();  // Where the kernel chose the port.
    }
    return made;
}

tcp_listener::accept_future tcp_listener::accept() noexcept {
    BIFILAR_CHECK(source_ != nullptr, "a tcp_listener was used after it was moved from");
    return accept_future{*source_};
}

incoming_connections tcp_listener::incoming() && noexcept {
    BIFILAR_CHECK(source_ != nullptr, "a tcp_listener was used after it was moved from");
    return incoming_connections{std::move(source_)};
}

io_result<socket_address> tcp_listener::local_address() const noexcept {
    return socket_address::local(source_->descriptor());
}

polled<io_result<tcp_stream>> tcp_listener::accept_future::poll(context& cx) {
    const std::optional<int> result = wait_.poll(cx);
    if (!result) return not_ready;
    if (*result < 0) return output{io_failure(-*result)};
    return output{tcp_stream{drivers::source_ptr{new drivers::io_source{*result}}}};
}

polled<void> tcp_listener::accept_future::poll_cancel(context& cx) noexcept {
    if (!wait_.poll_cancel(cx)) return not_ready;
    return done;
}

tcp_listener::accept_future::~accept_future() {
    wait_.end();
    if (const std::optional<int> left = wait_.finished(); left && *left >= 0) ::close(*left);
}

}  // namespace bifilar
