// TCP connections: options, and how they come about.
#include <bifilar/drivers/tcp_stream.hpp>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <limits>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <utility>

namespace bifilar {
namespace {

int whole_seconds(std::chrono::nanoseconds time) noexcept {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(time).count();
    return static_cast<int>(std::clamp<std::int64_t>(seconds, 1, std::numeric_limits<std::int16_t>::max()));
}

int clamped(std::size_t bytes) noexcept {
    return static_cast<int>(std::min<std::size_t>(bytes, std::numeric_limits<int>::max()));
}

}  // namespace

tcp_stream::tcp_stream(int descriptor) : socket_stream{descriptor} { (void)set_nodelay(true); }

tcp_stream::tcp_stream(drivers::source_ptr source) noexcept : socket_stream{std::move(source)} {
    (void)set_nodelay(true);
}

tcp_stream::connect_future tcp_stream::connect(std::string_view address) {
    return connect_future{socket_address::parse(address)};
}
tcp_stream::connect_future tcp_stream::connect(const socket_address& address) { return connect_future{address}; }

io_result<void> tcp_stream::set_nodelay(bool on) noexcept { return set_option(IPPROTO_TCP, TCP_NODELAY, on ? 1 : 0); }

io_result<bool> tcp_stream::nodelay() const noexcept {
    const io_result<int> value = option(IPPROTO_TCP, TCP_NODELAY);
    if (!value) return std::unexpected{value.error()};
    return *value != 0;
}

io_result<void> tcp_stream::set_keepalive(std::chrono::nanoseconds idle, std::chrono::nanoseconds interval,
                                          int probes) noexcept {
    io_result<void> done = set_option(IPPROTO_TCP, TCP_KEEPIDLE, whole_seconds(idle));
    if (done) done = set_option(IPPROTO_TCP, TCP_KEEPINTVL, whole_seconds(interval));
    if (done) done = set_option(IPPROTO_TCP, TCP_KEEPCNT, probes);
    if (done) done = set_option(SOL_SOCKET, SO_KEEPALIVE, 1);
    return done;
}

io_result<void> tcp_stream::set_user_timeout(std::chrono::milliseconds limit) noexcept {
    const auto ms = std::clamp<std::int64_t>(limit.count(), 0, std::numeric_limits<int>::max());
    return set_option(IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(ms));
}

io_result<void> tcp_stream::set_linger(std::optional<std::chrono::seconds> wait) noexcept {
    const ::linger value{wait ? 1 : 0, wait ? static_cast<int>(wait->count()) : 0};
    if (::setsockopt(source().descriptor(), SOL_SOCKET, SO_LINGER, &value, sizeof value) != 0) return io_failure(errno);
    return {};
}

io_result<void> tcp_stream::set_receive_buffer(std::size_t bytes) noexcept {
    return set_option(SOL_SOCKET, SO_RCVBUF, clamped(bytes));
}
io_result<void> tcp_stream::set_send_buffer(std::size_t bytes) noexcept {
    return set_option(SOL_SOCKET, SO_SNDBUF, clamped(bytes));
}

tcp_stream::connect_future::connect_future(const io_result<socket_address>& to) {
    if (!to) {
        error_ = to.error();
        return;
    }
    to_ = *to;
    const int descriptor = ::socket(to_->family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) {
        error_ = io_failure(errno).error();
        return;
    }
    source_.reset(new drivers::io_source{descriptor});
    wait_.emplace(drivers::op_kind::connect, *source_);
}

polled<io_result<tcp_stream>> tcp_stream::connect_future::poll(context& cx) {
    if (!error_ && to_) {
        const int answer = ::connect(source_->descriptor(), to_->data(), to_->size());
        if (answer != 0 && errno != EINPROGRESS && errno != EINTR) error_ = io_failure(errno).error();
        to_.reset();
    }
    if (error_) return output{std::unexpected{error_}};
    const std::optional<int> result = wait_->poll(cx);
    if (!result) return not_ready;
    if (*result < 0) return output{io_failure(-*result)};
    wait_.reset();
    // Connected sockets block in the kernel's eyes, so that a ring waits for data instead of answering EAGAIN.
    const int descriptor = source_->descriptor();
    ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) & ~O_NONBLOCK);
    return output{tcp_stream{std::move(source_)}};
}

polled<void> tcp_stream::connect_future::poll_cancel(context& cx) noexcept {
    if (!wait_) return done;
    return wait_->poll_rest(cx);
}

}  // namespace bifilar
