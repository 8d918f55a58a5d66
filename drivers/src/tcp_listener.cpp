// Listening sockets over io_wait.
#include <bifilar/drivers/tcp_listener.hpp>

#include <bifilar/base/assert.hpp>

#include <cerrno>
#include <unistd.h>

namespace bifilar {

tcp_listener::tcp_listener(int descriptor) noexcept : source_{new drivers::io_source{descriptor}} {}

io_result<tcp_listener> tcp_listener::bind(std::string_view address, int backlog) {
    const auto parsed = socket_address::parse(address);
    if (!parsed) return std::unexpected{parsed.error()};
    const int descriptor = ::socket(parsed->family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) return io_failure(errno);
    tcp_listener made{descriptor};
    const int on = 1;
    if (::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        ::bind(descriptor, parsed->data(), parsed->size()) != 0 || ::listen(descriptor, backlog) != 0)
        return io_failure(errno);
    return made;
}

tcp_listener::accept_future tcp_listener::accept() noexcept {
    BIFILAR_CHECK(source_ != nullptr, "a tcp_listener was used after it was moved from");
    return accept_future{*source_};
}

io_result<socket_address> tcp_listener::local_address() const noexcept {
    return socket_address::local(source_->descriptor());
}

polled<io_result<tcp_stream>> tcp_listener::accept_future::poll(context& cx) {
    const std::optional<int> result = wait_.poll(cx);
    if (!result) return not_ready;
    if (*result < 0) return output{io_failure(-*result)};
    return output{tcp_stream{*result}};
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
