// What an operation is called, for people who look at tasks that wait for it.
#pragma once

#include <bifilar/drivers/contract/op_kind.hpp>
#include <string_view>

namespace bifilar::drivers {

/// Its name in op_kind.
[[nodiscard]] std::string_view name_of(op_kind kind) noexcept;

}  // namespace bifilar::drivers
