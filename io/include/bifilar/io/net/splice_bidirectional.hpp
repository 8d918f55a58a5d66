// What copy_bidirectional is, for two stream sockets and without the process seeing a byte.
#pragma once

#include <bifilar/io/net/splice_all.hpp>
#include <bifilar/io/streams/copy_bidirectional.hpp>
#include <chrono>
#include <optional>

namespace bifilar {

struct bidirectional_splice_options {
    /// What each of the two pipes should hold; see splice_options. Not 0.
    std::size_t pipe_bytes = 256 * 1024;
    /// Ends both directions when no byte moved in either for so long. More than 0; empty: never.
    std::optional<std::chrono::nanoseconds> idle_timeout{};
};

using splice_bidirectional_future =
    copy_bidirectional_future<socket_stream, socket_stream, splice_all_future, splice_all_future>;

/// Copies `a` to `b` and `b` to `a` at once, as copy_bidirectional does, with splice_all for each direction: four
/// descriptors in place of two buffers.
/// Throws: std::invalid_argument for pipe_bytes of 0 and an idle time of 0 or less.
/// Errors: in the result, as splice_all and copy_bidirectional. EMFILE and ENFILE, of nobody's side, end both
/// directions; each tells how far it came.
/// Cancellation: as splice_all, in each direction.
/// Suspends: until both directions have ended.
[[nodiscard]] inline splice_bidirectional_future splice_bidirectional(
    socket_stream& a, socket_stream& b, const bidirectional_splice_options& options = {}) {
    splice_options each;
    each.pipe_bytes = options.pipe_bytes;
    return {a, b, splice_all(a, b, each), splice_all(b, a, each), options.idle_timeout};
}

}  // namespace bifilar
