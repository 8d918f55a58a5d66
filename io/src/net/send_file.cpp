// sendfile(2) blocks for the disk, whatever the socket says: parts that are not in memory are fetched before.
#include <bifilar/io/net/send_file.hpp>

#include <bifilar/io/streams/detail/stream_access.hpp>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

namespace bifilar {

send_file_future::send_file_future(drivers::io_source& to, detail::file_handle& from, std::uint64_t offset,
                                   std::uint64_t bytes) noexcept
    : from_{&from},
      offset_{offset},
      left_{bytes},
      fetch_{drivers::file_request{.kind = file_op::fetch, .descriptor = from.descriptor()}, &from},
      send_{op_kind::send_file, to} {}

send_file_future::~send_file_future() {
    if (!entered_) return;
    // Both before the file may be closed.
    fetch_.end();
    send_.end();
    leave();
}

void send_file_future::leave() noexcept {
    if (std::exchange(entered_, false)) from_->leave();
}

// Looks at the ends of the part alone: what lies between was mostly read with them. Wrong guesses cost a wait in place.
bool send_file_future::in_cache() const noexcept {
    char byte = 0;
    drivers::file_request look{.kind = file_op::read,
                               .descriptor = from_->descriptor(),
                               .buffer = &byte,
                               .bytes = 1,
                               .offset = offset_};
    if (drivers::try_cached(look) == -EAGAIN) return false;
    look.offset = offset_ + std::min(left_, part_bytes) - 1;
    return drivers::try_cached(look) != -EAGAIN;
}

polled<io_result<std::uint64_t>> send_file_future::poll(context& cx) {
    if (offset_ > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        return output{io_failure(EINVAL)};
    // Each part goes through the steps in turn; a wait comes back to the one it was in.
    while (left_ != 0) {
        const std::uint64_t part = std::min(left_, part_bytes);
        if (now_ == step::look) {
            const bool known = offset_ < fetched_until_;
            now_ = known || in_cache() ? step::prepare : step::fetch;
            if (!known) fetched_until_ = offset_ + part;
        }
        if (now_ == step::fetch) {
            if (fetch_.idle()) {
                fetch_.request().offset = offset_;
                fetch_.request().bytes = static_cast<std::size_t>(part);
            }
            const drivers::call_result result = fetch_.poll(cx);
            if (!result) return not_ready;
            now_ = step::prepare;  // Whatever it said: sending says the same.
        }
        if (now_ == step::prepare) {
            if (!std::exchange(entered_, true)) from_->enter();
            part_.descriptor = from_->descriptor();
            part_.offset = static_cast<std::int64_t>(offset_);
            send_.set(drivers::call_arguments::of_part(
                part_, static_cast<std::size_t>(std::min(left_, fetched_until_ - offset_))));
            now_ = step::send;
        }
        const drivers::call_result result = send_.poll(cx);
        if (!result) return not_ready;
        if (*result <= 0) leave();
        if (*result < 0) return output{io_failure(-*result)};
        if (*result == 0) break;
        const auto moved = static_cast<std::uint64_t>(*result);
        offset_ += moved;
        sent_ += moved;
        left_ -= moved;
        now_ = step::look;
    }
    leave();
    return output{sent_};
}

polled<void> send_file_future::poll_cancel(context& cx) noexcept {
    const bool fetched = fetch_.poll_cancel(cx);
    const bool sent = send_.poll_cancel(cx);
    if (!fetched || !sent) return not_ready;
    leave();
    return done;
}

send_file_future send_file(socket_stream& to, const file& from, std::uint64_t offset, std::uint64_t bytes) {
    return {detail::stream_access::source_of(to), from.at(), offset, bytes};
}

}  // namespace bifilar
