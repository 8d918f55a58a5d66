// Piece after piece, over multishot_wait.
#include <bifilar/io/net/receive_stream.hpp>

namespace bifilar {

polled<io_result<received_bytes>> receive_stream::next_future::poll(context& cx) {
    const drivers::call_result next = wait_.poll(cx);
    if (!next) return not_ready;
    if (*next < 0) return output{io_failure(-*next)};
    return std::move(wait_.bytes());
}

}  // namespace bifilar
