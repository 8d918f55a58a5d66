// The pipe is filled only when it is empty, so it is never waited for: the sockets alone are. Where a try tells that
// the pipe would wait, the socket has become ready since, and another try moves something.
#include <bifilar/io/net/splice_all.hpp>

#include "streams/broken_pipe.hpp"
#include <bifilar/io/streams/detail/stream_access.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <stdexcept>
#include <unistd.h>

namespace bifilar {

splice_all_future::splice_all_future(drivers::io_source& from, drivers::io_source& to, const splice_options& options)
    : pipe_bytes_{std::min<std::size_t>(options.pipe_bytes, std::numeric_limits<int>::max())},
      left_{options.limit},
      in_{op_kind::splice_in, from},
      out_{op_kind::splice_out, to} {
    if (pipe_bytes_ == 0)
        throw std::invalid_argument{"splice_all: pipe_bytes of 0; set 4096 at least, or leave it at 256 KiB"};
    detail::survive_broken_pipes();
}

int splice_all_future::open_pipe() noexcept {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) return errno;
    pipe_from_ = owned_descriptor{from_number_ = ends[0]};
    pipe_to_ = owned_descriptor{to_number_ = ends[1]};
    // Refused, it goes on with what it has.
    int given = ::fcntl(to_number_, F_SETPIPE_SZ, static_cast<int>(pipe_bytes_));
    if (given < 0) given = ::fcntl(to_number_, F_GETPIPE_SZ);
    if (given > 0) pipe_bytes_ = static_cast<std::size_t>(given);
    opened_ = true;
    return 0;
}

copy_result splice_all_future::end(int error, copy_side side) noexcept {
    pipe_from_.reset();
    pipe_to_.reset();
    return error == 0 ? copy_result{bytes_} : copy_result{bytes_, io_failure(error).error(), side};
}

polled<copy_result> splice_all_future::poll(context& cx) {
    if (!opened_ && left_ != 0)
        if (const int error = open_pipe(); error != 0) return end(error, copy_side::none);
    for (;;) {
        if (in_pipe_ == 0) {
            if (left_ == 0) return end(0, copy_side::none);
            in_.set(drivers::call_arguments::of_pipe(
                to_number_, static_cast<std::size_t>(std::min<std::uint64_t>(pipe_bytes_, left_))));
            const drivers::call_result result = in_.poll(cx);
            if (!result) return not_ready;
            if (*result == drivers::pipe_would_wait) continue;
            if (*result < 0) return end(-*result, copy_side::reader);
            // The peer has ended its side, and the pipe is empty: all is moved.
            if (*result == 0) return end(0, copy_side::none);
            in_pipe_ = static_cast<std::size_t>(*result);
            left_ -= in_pipe_;
        }
        out_.set(drivers::call_arguments::of_pipe(from_number_, in_pipe_));
        const drivers::call_result result = out_.poll(cx);
        if (!result) return not_ready;
        if (*result == drivers::pipe_would_wait) continue;
        if (*result < 0) return end(-*result, copy_side::writer);
        // A socket that takes nothing would be asked for ever.
        if (*result == 0) return end(EIO, copy_side::writer);
        bytes_ += static_cast<std::uint64_t>(*result);
        in_pipe_ -= static_cast<std::size_t>(*result);
    }
}

polled<void> splice_all_future::poll_cancel(context& cx) noexcept {
    const bool read = in_.poll_cancel(cx);
    const bool written = out_.poll_cancel(cx);
    if (!read || !written) return not_ready;
    return done;
}

std::uint64_t splice_all_future::bytes() const noexcept {
    // A write that ended in the driver and was not told by a poll, because the copy was brought to rest before.
    const int late = out_.finished().value_or(0);
    return bytes_ + static_cast<std::uint64_t>(std::max(late, 0));
}

splice_all_future splice_all(socket_stream& from, socket_stream& to, const splice_options& options) {
    return {detail::stream_access::source_of(from), detail::stream_access::source_of(to), options};
}

}  // namespace bifilar
