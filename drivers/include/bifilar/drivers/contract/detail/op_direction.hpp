// What whoever starts an operation has to know by its kind; the rest is in src/operations.
#pragma once

#include <bifilar/drivers/contract/op_kind.hpp>

namespace bifilar::drivers {

/// Waits for readability, as opposed to writability.
[[nodiscard]] constexpr bool reads(op_kind kind) noexcept { return kind <= op_kind::poll_in; }

/// Whether the node is a multishot_op.
[[nodiscard]] constexpr bool is_multishot(op_kind kind) noexcept {
    return kind == op_kind::accept_multishot || kind == op_kind::recv_multishot;
}

/// Whether a read of fewer bytes than there was room for says that the stream is drained.
[[nodiscard]] constexpr bool drains(op_kind kind) noexcept {
    return kind == op_kind::recv_pooled || kind == op_kind::recv;
}

}  // namespace bifilar::drivers
