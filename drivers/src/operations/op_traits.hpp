// What each operation says of itself beside its calls: which arguments it has, and how a ring waits for it.
#pragma once

#include <bifilar/drivers/contract/op_kind.hpp>

#include <cstdint>

namespace bifilar::drivers {

/// What a ring does with an operation that would have to wait.
enum class ring_wait : std::uint8_t {
    readiness,  ///< Waits until the descriptor is ready, and the task makes the call.
    call,       ///< Waits in the call, because that blocks in the kernel's eyes.
    multishot,  ///< Completes again and again, and is a multishot_op.
};

/// What an operation is about: which arguments of an op it has.
enum class argument_kind : std::uint8_t {
    none,
    bytes,     ///< A buffer of so many bytes.
    target,    ///< The received_bytes that take a buffer of the pool, and at most so many bytes. A multishot_op has
               ///< none: its results bring such buffers.
    vector,    ///< So many iovecs.
    message,   ///< A msghdr.
    messages,  ///< So many mmsghdrs.
    part,      ///< A file_part, of at most so many bytes.
    pipe,      ///< A pipe's descriptor, and at most so many bytes.
    request,   ///< A file_request.
};

struct op_traits {
    argument_kind has;
    ring_wait waits;
};

}  // namespace bifilar::drivers
