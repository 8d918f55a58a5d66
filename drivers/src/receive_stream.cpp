// Piece after piece, over many_wait.
#include <bifilar/drivers/receive_stream.hpp>

namespace bifilar {

polled<io_result<received_bytes>> receive_stream::next_future::poll(context& cx) {
    const drivers::call_result next = wait_.poll(cx);
    if (!next) return not_ready;
    if (*next < 0) return output{io_failure(-*next)};
    return std::move(wait_.bytes());
}

}  // namespace bifilar
