// Streams' reads and writes over io_wait.
#include <bifilar/io/streams/stream_futures.hpp>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

namespace bifilar {
namespace {

// The result of a call that was given up: the `told` bytes of its polls, and the last operation's result.
std::optional<io_result<std::size_t>> total(std::size_t told, std::optional<int> last) noexcept {
    if (!last || *last == -ECANCELED) {
        if (told == 0) return std::nullopt;
        return told;
    }
    if (*last < 0) return io_failure(-*last);
    return told + static_cast<std::size_t>(*last);
}

}  // namespace

polled<io_result<std::size_t>> stream_read_future::poll(context& cx) {
    while (filled_ < into_.size()) {
        wait_.set(drivers::call_arguments::of_bytes(into_.data() + filled_, into_.size() - filled_));
        const drivers::call_result result = wait_.poll(cx);
        if (!result) return not_ready;
        if (*result < 0) return output{io_failure(-*result)};
        filled_ += static_cast<std::size_t>(*result);
        if (how_ == transfer::some) break;
        // The stream has ended before all was there.
        if (*result == 0) return output{io_failure(ENODATA)};
    }
    return filled_;
}

polled<io_result<received_bytes>> stream_receive_future::poll(context& cx) {
    // Here, not in the constructor: the future does not move any more.
    wait_.set(drivers::call_arguments::of_target(got_, received_bytes::most));
    const drivers::call_result result = wait_.poll(cx);
    if (!result) return not_ready;
    if (*result < 0) return output{io_failure(-*result)};
    return std::move(got_);
}

polled<io_result<std::size_t>> stream_write_future::poll(context& cx) {
    while (taken_ < from_.size()) {
        // The kernel only reads from there.
        wait_.set(drivers::call_arguments::of_bytes(from_.data() + taken_, from_.size() - taken_));
        const drivers::call_result result = wait_.poll(cx);
        if (!result) return not_ready;
        if (*result < 0) return output{io_failure(-*result)};
        taken_ += static_cast<std::size_t>(*result);
        if (how_ == transfer::some) break;
    }
    return taken_;
}

std::optional<io_result<std::size_t>> stream_read_future::finished() const noexcept {
    return total(filled_, wait_.finished());
}
std::optional<io_result<std::size_t>> stream_write_future::finished() const noexcept {
    return total(taken_, wait_.finished());
}
std::optional<io_result<std::size_t>> vector_transfer_future::finished() const noexcept {
    return total(0, wait_.finished());
}

std::optional<io_result<std::size_t>> vector_write_all_future::finished() const noexcept {
    std::optional<output> last = next_.finished();
    if (last && *last) return taken_ + **last;
    // The last write has moved nothing, but those before it have.
    if (!last && taken_ != 0) return taken_;
    return last;
}

vector_transfer_future::vector_transfer_future(drivers::io_source& on, op_kind kind,
                                               std::span<const iovec> buffers) noexcept
    : is_message_{kind == op_kind::recv_message || kind == op_kind::send_message}, wait_{kind, on} {
    set_buffers(buffers);
}

void vector_transfer_future::set_buffers(std::span<const iovec> buffers) noexcept {
    message_.msg_iov = const_cast<iovec*>(buffers.data());  // The kernel only reads it.
    // The kernel refuses more; the rest is for the next call.
    message_.msg_iovlen = std::min<std::size_t>(buffers.size(), IOV_MAX);
}

polled<io_result<std::size_t>> vector_transfer_future::poll(context& cx) {
    if (message_.msg_iovlen == 0) return output{std::size_t{0}};
    // Here, not in the constructor: the future does not move any more.
    using drivers::call_arguments;
    wait_.set(is_message_ ? call_arguments::of_message(message_)
                          : call_arguments::of_vector(message_.msg_iov, message_.msg_iovlen));
    const drivers::call_result result = wait_.poll(cx);
    if (!result) return not_ready;
    if (*result < 0) return output{io_failure(-*result)};
    return output{static_cast<std::size_t>(*result)};
}

polled<io_result<std::size_t>> vector_write_all_future::poll(context& cx) {
    while (!left_.empty()) {
        polled<output> moved = next_.poll(cx);
        if (!moved) return not_ready;
        const output result = moved.take();
        if (!result) return result;
        move_forward(*result);
        next_.set_buffers(left_);
    }
    return taken_;
}

std::span<iovec> vector_write_all_future::without_empty(std::span<iovec> buffers) noexcept {
    while (!buffers.empty() && buffers.front().iov_len == 0) buffers = buffers.subspan(1);
    return buffers;
}

void vector_write_all_future::move_forward(std::size_t taken) noexcept {
    taken_ += taken;
    while (taken != 0) {
        iovec& first = left_.front();
        const std::size_t here = std::min(taken, first.iov_len);
        first.iov_base = static_cast<std::byte*>(first.iov_base) + here;
        first.iov_len -= here;
        taken -= here;
        left_ = without_empty(left_);
    }
}

}  // namespace bifilar
