// Bytes that do not come to the process: from files to sockets, and between sockets and pipes.
#pragma once

#include "op_traits.hpp"
#include "operation_list.hpp"
#include "send_file_now.hpp"
#include "splice_now.hpp"

#include <bifilar/drivers/contract/detail/io_source.hpp>

namespace bifilar::drivers {

struct send_file_operation {
    static constexpr op_kind kind = op_kind::send_file;
    static constexpr argument_kind has = argument_kind::part;
    static constexpr ring_wait waits = ring_wait::readiness;
    static int call(const op& which) noexcept {
        return send_file_now(which.source->descriptor(), which.arguments.part(), which.arguments.bytes());
    }
};

struct splice_in_operation {
    static constexpr op_kind kind = op_kind::splice_in;
    static constexpr argument_kind has = argument_kind::pipe;
    static constexpr ring_wait waits = ring_wait::readiness;
    static int call(const op& which) noexcept {
        return splice_in_now(which.source->descriptor(), which.arguments.pipe(), which.arguments.bytes());
    }
};

struct splice_out_operation {
    static constexpr op_kind kind = op_kind::splice_out;
    static constexpr argument_kind has = argument_kind::pipe;
    static constexpr ring_wait waits = ring_wait::readiness;
    static int call(const op& which) noexcept {
        return splice_out_now(which.arguments.pipe(), which.source->descriptor(), which.arguments.bytes());
    }
};

using passing_operations = operation_list<send_file_operation, splice_in_operation, splice_out_operation>;

}  // namespace bifilar::drivers
