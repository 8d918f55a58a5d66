// What is true of each operation by its kind alone: which arguments it has, and how a ring waits for it.
#pragma once

#include <bifilar/drivers/contract/op_kind.hpp>
#include <array>
#include <cstddef>
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
    op_kind kind;
    ring_wait waits;
    argument_kind has;
};

/// In the order of op_kind.
inline constexpr std::array op_table{
    op_traits{op_kind::accept, ring_wait::readiness, argument_kind::none},
    op_traits{op_kind::recv, ring_wait::call, argument_kind::bytes},
    op_traits{op_kind::recv_pooled, ring_wait::call, argument_kind::target},
    op_traits{op_kind::recv_message, ring_wait::call, argument_kind::message},
    op_traits{op_kind::recv_many, ring_wait::readiness, argument_kind::messages},
    op_traits{op_kind::read, ring_wait::readiness, argument_kind::bytes},
    op_traits{op_kind::read_vector, ring_wait::readiness, argument_kind::vector},
    op_traits{op_kind::read_ready, ring_wait::readiness, argument_kind::bytes},
    op_traits{op_kind::accept_multishot, ring_wait::multishot, argument_kind::none},
    op_traits{op_kind::recv_multishot, ring_wait::multishot, argument_kind::target},
    op_traits{op_kind::splice_in, ring_wait::readiness, argument_kind::pipe},
    op_traits{op_kind::poll_in, ring_wait::readiness, argument_kind::none},
    op_traits{op_kind::connect, ring_wait::readiness, argument_kind::none},
    op_traits{op_kind::send, ring_wait::call, argument_kind::bytes},
    op_traits{op_kind::send_message, ring_wait::call, argument_kind::message},
    op_traits{op_kind::send_many, ring_wait::readiness, argument_kind::messages},
    op_traits{op_kind::write, ring_wait::readiness, argument_kind::bytes},
    op_traits{op_kind::write_vector, ring_wait::readiness, argument_kind::vector},
    op_traits{op_kind::send_file, ring_wait::readiness, argument_kind::part},
    op_traits{op_kind::splice_out, ring_wait::readiness, argument_kind::pipe},
    op_traits{op_kind::write_ready, ring_wait::readiness, argument_kind::bytes},
    op_traits{op_kind::poll_out, ring_wait::readiness, argument_kind::none},
    op_traits{op_kind::file_call, ring_wait::call, argument_kind::request},
};

[[nodiscard]] constexpr const op_traits& traits_of(op_kind kind) noexcept {
    return op_table[static_cast<std::size_t>(kind)];
}

static_assert(
    [] {
        for (std::size_t n = 0; n < op_table.size(); ++n)
            if (op_table[n].kind != static_cast<op_kind>(n)) return false;
        return op_table.size() == static_cast<std::size_t>(op_kind::file_call) + 1;
    }(),
    "a row of op_table is not where its kind is in op_kind");

/// Waits for readability, as opposed to writability.
[[nodiscard]] constexpr bool reads(op_kind kind) noexcept { return kind <= op_kind::poll_in; }

/// Whether the node is a multishot_op.
[[nodiscard]] constexpr bool is_multishot(op_kind kind) noexcept {
    return traits_of(kind).waits == ring_wait::multishot;
}

/// Whether a read of fewer bytes than there was room for says that the stream is drained.
[[nodiscard]] constexpr bool drains(op_kind kind) noexcept {
    return kind == op_kind::recv_pooled || kind == op_kind::recv;
}

}  // namespace bifilar::drivers
