// The names of operations.
#include <bifilar/drivers/contract/detail/op_name.hpp>

namespace bifilar::drivers {

std::string_view name_of(op_kind kind) noexcept {
    switch (kind) {
        using enum op_kind;
        case accept:
            return "accept";
        case recv:
            return "recv";
        case recv_pooled:
            return "recv_pooled";
        case recv_message:
            return "recv_message";
        case recv_many:
            return "recv_many";
        case read:
            return "read";
        case read_vector:
            return "read_vector";
        case read_ready:
            return "read_ready";
        case accept_multishot:
            return "accept_multishot";
        case recv_multishot:
            return "recv_multishot";
        case splice_in:
            return "splice_in";
        case poll_in:
            return "poll_in";
        case connect:
            return "connect";
        case send:
            return "send";
        case send_message:
            return "send_message";
        case send_many:
            return "send_many";
        case write:
            return "write";
        case write_vector:
            return "write_vector";
        case send_file:
            return "send_file";
        case splice_out:
            return "splice_out";
        case write_ready:
            return "write_ready";
        case poll_out:
            return "poll_out";
        case file_call:
            return "file_call";
    }
    return {};
}

}  // namespace bifilar::drivers
