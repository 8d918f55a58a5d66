// What connecting is, without its type.
#include <bifilar/io/net/socket_connect_future.hpp>

#include <bifilar/drivers/contract/detail/io_source.hpp>
#include <bifilar/io/net/detail/socket_option.hpp>

#include <cerrno>
#include <sys/socket.h>

namespace bifilar::detail {

connect_wait::connect_wait(const io_result<socket_address>& to) {
    if (!to) {
        error_ = to.error();
        return;
    }
    to_ = *to;
    io_result<owned_descriptor> made = open_socket(to_->family(), SOCK_STREAM | SOCK_NONBLOCK);
    if (!made) {
        error_ = made.error();
        return;
    }
    source_ = drivers::make_source(std::move(*made));
    wait_.emplace(op_kind::connect, *source_);
}

// Asks the kernel. IP connections are made while we wait. Those of Unix sockets are made at once or not at all, and
// EAGAIN says that the listener's backlog is full, which no event will tell the end of.
connect_wait::step connect_wait::begin() noexcept {
    if (::connect(source_->descriptor(), to_->data(), to_->size()) == 0) return step::connected;
    const int error = errno;
    if (error == EAGAIN && to_->is_unix()) return step::pause;
    if (error == EINPROGRESS || error == EINTR) return step::wait;
    error_ = io_failure(error).error();
    return step::failed;
}

drivers::source_ptr connect_wait::take() {
    wait_.reset();
    // Non-blocking was for connect(2); a ring waits for what blocks in the kernel's eyes.
    make_blocking(source_->descriptor());
    return std::move(source_);
}

std::optional<io_result<drivers::source_ptr>> connect_wait::poll(context& cx) {
    while (!error_ && to_) {
        if (!pause_.poll(cx) || !cx.take_budget()) return std::nullopt;
        switch (begin()) {
            case step::connected:
                return take();
            case step::pause:
                pause_.begin();
                break;
            case step::wait:
            case step::failed:
                // Asked once: from here on the driver waits for the answer.
                to_.reset();
                break;
        }
    }
    if (error_) return std::unexpected{error_};
    const drivers::call_result result = wait_->poll(cx);
    if (!result) return std::nullopt;
    if (*result < 0) return io_failure(-*result);
    return take();
}

polled<void> connect_wait::poll_cancel(context& cx) noexcept {
    if (!wait_) return done;
    return wait_->poll_rest(cx);
}

}  // namespace bifilar::detail
