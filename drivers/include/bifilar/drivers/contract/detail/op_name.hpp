// What an operation is called, for people who look at tasks that wait for it.
#pragma once

#include <bifilar/drivers/contract/op_kind.hpp>
#include <bifilar/task/task_visitor.hpp>
#include <string_view>

namespace bifilar::drivers {

class io_source;

/// Its name in op_kind.
[[nodiscard]] std::string_view name_of(op_kind kind) noexcept;

/// Tells that a future of this type waits for an operation on `on`.
void visit_operation(task_visitor& to, std::string_view future, op_kind kind, const io_source& on) noexcept;

}  // namespace bifilar::drivers
