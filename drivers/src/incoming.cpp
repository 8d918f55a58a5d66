// Many connections, many pieces: the futures over many_wait.
#include <bifilar/drivers/incoming.hpp>
#include <bifilar/drivers/receive_stream.hpp>

namespace bifilar {

polled<io_result<tcp_stream>> incoming_connections::next_future::poll(context& cx) {
    const std::optional<drivers::many_result> next = wait_.poll(cx);
    if (!next) return not_ready;
    if (next->result < 0) return output{io_failure(-next->result)};
    return output{tcp_stream{drivers::source_ptr{new drivers::io_source{next->result}}}};
}

polled<io_result<received_bytes>> receive_stream::next_future::poll(context& cx) {
    std::optional<drivers::many_result> next = wait_.poll(cx);
    if (!next) return not_ready;
    if (next->result < 0) return output{io_failure(-next->result)};
    return output{std::move(next->bytes)};
}

}  // namespace bifilar
