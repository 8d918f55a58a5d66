// TCP connections over io_wait.
#include <bifilar/drivers/tcp_stream.hpp>

#include <bifilar/base/assert.hpp>

#include <cerrno>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <utility>

namespace bifilar {

tcp_stream::tcp_stream(int descriptor) noexcept : tcp_stream{drivers::source_ptr{new drivers::io_source{descriptor}}} {}

tcp_stream::tcp_stream(drivers::source_ptr source) noexcept : source_{std::move(source)} { (void)set_nodelay(true); }

drivers::io_source& tcp_stream::source() const noexcept {
    BIFILAR_CHECK(source_ != nullptr, "a tcp_stream was used after close() or after it was moved from");
    return *source_;
}

tcp_stream::connect_future tcp_stream::connect(std::string_view address) { return connect_future{address}; }

tcp_stream::read_future tcp_stream::read(std::span<std::byte> into) noexcept { return {source(), into, false}; }
tcp_stream::read_future tcp_stream::read_exact(std::span<std::byte> into) noexcept { return {source(), into, true}; }
tcp_stream::write_all_future tcp_stream::write(std::span<const std::byte> from) noexcept {
    return {source(), from, false};
}
tcp_stream::write_all_future tcp_stream::write_all(std::span<const std::byte> from) noexcept {
    return {source(), from, true};
}

io_result<void> tcp_stream::shutdown_write() noexcept {
    if (::shutdown(source().descriptor(), SHUT_WR) != 0) return io_failure(errno);
    return {};
}

io_result<void> tcp_stream::set_nodelay(bool on) noexcept {
    const int value = on ? 1 : 0;
    if (::setsockopt(source().descriptor(), IPPROTO_TCP, TCP_NODELAY, &value, sizeof value) != 0)
        return io_failure(errno);
    return {};
}

io_result<socket_address> tcp_stream::peer_address() const noexcept {
    return socket_address::peer(source().descriptor());
}
io_result<socket_address> tcp_stream::local_address() const noexcept {
    return socket_address::local(source().descriptor());
}

tcp_stream::read_future::read_future(drivers::io_source& from, std::span<std::byte> into, bool all) noexcept
    : wait_{drivers::op_kind::recv, from}, into_{into}, all_{all} {}

polled<io_result<std::size_t>> tcp_stream::read_future::poll(context& cx) {
    while (filled_ < into_.size()) {
        wait_.set_buffer(into_.data() + filled_, into_.size() - filled_);
        const std::optional<int> result = wait_.poll(cx);
        if (!result) return not_ready;
        if (*result < 0) return output{io_failure(-*result)};
        filled_ += static_cast<std::size_t>(*result);
        if (!all_) break;
        if (*result == 0) return output{io_failure(ENODATA)};
    }
    return output{filled_};
}

polled<void> tcp_stream::read_future::poll_cancel(context& cx) noexcept {
    if (!wait_.poll_cancel(cx)) return not_ready;
    return done;
}

tcp_stream::write_all_future::write_all_future(drivers::io_source& to, std::span<const std::byte> from,
                                               bool all) noexcept
    : wait_{drivers::op_kind::send, to}, from_{from}, all_{all} {}

polled<io_result<std::size_t>> tcp_stream::write_all_future::poll(context& cx) {
    while (taken_ < from_.size()) {
        // The kernel only reads from there.
        wait_.set_buffer(const_cast<std::byte*>(from_.data()) + taken_, from_.size() - taken_);
        const std::optional<int> result = wait_.poll(cx);
        if (!result) return not_ready;
        if (*result < 0) return output{io_failure(-*result)};
        taken_ += static_cast<std::size_t>(*result);
        if (!all_) break;
    }
    return output{taken_};
}

polled<void> tcp_stream::write_all_future::poll_cancel(context& cx) noexcept {
    if (!wait_.poll_cancel(cx)) return not_ready;
    return done;
}

tcp_stream::connect_future::connect_future(std::string_view address) {
    auto parsed = socket_address::parse(address);
    if (!parsed) {
        error_ = parsed.error();
        return;
    }
    to_ = *parsed;
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
    if (wait_ && !wait_->poll_cancel(cx)) return not_ready;
    return done;
}

}  // namespace bifilar
