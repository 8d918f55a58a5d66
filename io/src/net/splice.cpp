// Which end a try has found unready is in its answer, and decides what is waited for.
#include <bifilar/io/net/splice.hpp>

#include "streams/broken_pipe.hpp"
#include <bifilar/io/streams/detail/stream_access.hpp>

#include <cerrno>

namespace bifilar {

splice_future::splice_future(op_kind kind, drivers::io_source& socket, drivers::io_source& pipe,
                             std::size_t bytes) noexcept
    : pipe_{pipe.descriptor()},
      bytes_{bytes},
      for_pipe_{kind == op_kind::splice_in ? op_kind::poll_out : op_kind::poll_in, pipe},
      move_{kind, socket} {}

polled<io_result<std::size_t>> splice_future::poll(context& cx) {
    if (bytes_ == 0) return output{std::size_t{0}};
    for (;;) {
        if (waits_for_pipe_) {
            const drivers::call_result result = for_pipe_.poll(cx);
            if (!result) return not_ready;
            if (*result < 0) return output{io_failure(-*result)};
            waits_for_pipe_ = false;
        }
        move_.set(drivers::call_arguments::of_pipe(pipe_, bytes_));
        const drivers::call_result result = move_.poll(cx);
        if (!result) return not_ready;
        if (*result >= 0) return output{static_cast<std::size_t>(*result)};
        if (*result != drivers::pipe_would_wait) return output{io_failure(-*result)};
        // The socket is waited for by the operation itself.
        waits_for_pipe_ = true;
    }
}

polled<void> splice_future::poll_cancel(context& cx) noexcept {
    const bool waited = for_pipe_.poll_cancel(cx);
    const bool moved = move_.poll_cancel(cx);
    if (!waited || !moved) return not_ready;
    return done;
}

void splice_future::end() noexcept {
    for_pipe_.end();
    move_.end();
}

std::optional<io_result<std::size_t>> splice_future::finished() const noexcept {
    const std::optional<int> result = move_.finished();
    // Neither has moved anything.
    if (!result || *result == -ECANCELED || *result == drivers::pipe_would_wait) return std::nullopt;
    if (*result < 0) return io_failure(-*result);
    return static_cast<std::size_t>(*result);
}

splice_future splice(socket_stream& from, pipe_writer& to, std::size_t bytes) {
    return {op_kind::splice_in, detail::stream_access::source_of(from), detail::stream_access::source_of(to), bytes};
}

splice_future splice(pipe_reader& from, socket_stream& to, std::size_t bytes) {
    detail::survive_broken_pipes();
    return {op_kind::splice_out, detail::stream_access::source_of(to), detail::stream_access::source_of(from), bytes};
}

}  // namespace bifilar
