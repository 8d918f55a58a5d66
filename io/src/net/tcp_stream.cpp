// TCP connections: their options.
#include <bifilar/io/net/tcp_stream.hpp>

#include <bifilar/io/net/detail/socket_option.hpp>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <utility>

namespace bifilar {
namespace {

int whole_seconds(std::chrono::nanoseconds time) noexcept {
    // The kernel takes 1 to 32,767.
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(time).count();
    return static_cast<int>(std::clamp<std::int64_t>(seconds, 1, std::numeric_limits<std::int16_t>::max()));
}

}  // namespace

tcp_stream::tcp_stream(int descriptor) : socket_stream{descriptor} { (void)set_nodelay(true); }

tcp_stream::tcp_stream(drivers::source_ptr source) noexcept : socket_stream{std::move(source)} {
    (void)set_nodelay(true);
}

tcp_stream::connect_future tcp_stream::connect(std::string_view address) {
    return connect_future{socket_address::parse(address)};
}
tcp_stream::connect_future tcp_stream::connect(const socket_address& address) {
    if (!address.is_ip()) return connect_future{io_failure(EAFNOSUPPORT)};
    return connect_future{address};
}

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
    // The switch comes last, when all values are in force.
    if (done) done = set_option(SOL_SOCKET, SO_KEEPALIVE, 1);
    return done;
}

io_result<void> tcp_stream::set_user_timeout(std::chrono::milliseconds limit) noexcept {
    const auto ms = std::clamp<std::int64_t>(limit.count(), 0, std::numeric_limits<int>::max());
    return set_option(IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(ms));
}

io_result<void> tcp_stream::set_linger(std::optional<std::chrono::seconds> wait) noexcept {
    const auto seconds = std::clamp<std::int64_t>(wait ? wait->count() : 0, 0, std::numeric_limits<int>::max());
    const ::linger value{wait ? 1 : 0, static_cast<int>(seconds)};
    if (::setsockopt(source().descriptor(), SOL_SOCKET, SO_LINGER, &value, sizeof value) != 0) return io_failure(errno);
    return {};
}

io_result<void> tcp_stream::set_receive_buffer(std::size_t bytes) noexcept {
    return set_option(SOL_SOCKET, SO_RCVBUF, detail::clamped_size(bytes));
}
io_result<void> tcp_stream::set_send_buffer(std::size_t bytes) noexcept {
    return set_option(SOL_SOCKET, SO_SNDBUF, detail::clamped_size(bytes));
}

}  // namespace bifilar
