// Bytes of what is not a socket: pipes, terminals, eventfds and the like.
#pragma once

#include "op_traits.hpp"
#include "operation_list.hpp"
#include "shared_call.hpp"
#include "system_call.hpp"

#include <bifilar/drivers/contract/detail/io_source.hpp>

#include <algorithm>
#include <sys/uio.h>
#include <unistd.h>

namespace bifilar::drivers {

struct read_operation {
    static constexpr op_kind kind = op_kind::read;
    static constexpr argument_kind has = argument_kind::bytes;
    static constexpr ring_wait waits = ring_wait::readiness;
    static int call(const op& which) noexcept {
        return result_of(::read(which.source->descriptor(), which.arguments.buffer(),
                                std::min(which.arguments.bytes(), max_per_call)));
    }
};

struct write_operation {
    static constexpr op_kind kind = op_kind::write;
    static constexpr argument_kind has = argument_kind::bytes;
    static constexpr ring_wait waits = ring_wait::readiness;
    static int call(const op& which) noexcept {
        return result_of(::write(which.source->descriptor(), which.arguments.buffer(),
                                 std::min(which.arguments.bytes(), max_per_call)));
    }
};

struct read_ready_operation {
    static constexpr op_kind kind = op_kind::read_ready;
    static constexpr argument_kind has = argument_kind::bytes;
    static constexpr ring_wait waits = ring_wait::readiness;
    static int call(const op& which) noexcept {
        return read_if_ready(which.source->descriptor(), which.arguments.buffer(),
                             std::min(which.arguments.bytes(), max_per_call));
    }
};

struct write_ready_operation {
    static constexpr op_kind kind = op_kind::write_ready;
    static constexpr argument_kind has = argument_kind::bytes;
    static constexpr ring_wait waits = ring_wait::readiness;
    static int call(const op& which) noexcept {
        return write_if_ready(which.source->descriptor(), which.arguments.buffer(),
                              std::min(which.arguments.bytes(), max_per_call));
    }
};

struct read_vector_operation {
    static constexpr op_kind kind = op_kind::read_vector;
    static constexpr argument_kind has = argument_kind::vector;
    static constexpr ring_wait waits = ring_wait::readiness;
    static int call(const op& which) noexcept {
        return result_of(::readv(which.source->descriptor(), which.arguments.vector(),
                                 static_cast<int>(which.arguments.count())));
    }
};

struct write_vector_operation {
    static constexpr op_kind kind = op_kind::write_vector;
    static constexpr argument_kind has = argument_kind::vector;
    static constexpr ring_wait waits = ring_wait::readiness;
    static int call(const op& which) noexcept {
        return result_of(::writev(which.source->descriptor(), which.arguments.vector(),
                                  static_cast<int>(which.arguments.count())));
    }
};

using byte_operations = operation_list<read_operation, write_operation, read_ready_operation, write_ready_operation,
                                       read_vector_operation, write_vector_operation>;

}  // namespace bifilar::drivers
