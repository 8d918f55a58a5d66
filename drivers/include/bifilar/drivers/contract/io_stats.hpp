// What became of the tasks' operations on descriptors.
#pragma once

#include <bifilar/drivers/contract/op_kind.hpp>
#include <cstdint>
#include <string_view>

namespace bifilar {

/// Operations of one kind.
struct io_operation_stats {
    op_kind kind{};             ///< Which.
    std::string_view name;      ///< The kind's name.
    std::uint64_t results = 0;  ///< Successes and errors that tasks were given.
    std::uint64_t waits = 0;    ///< How often a task had to wait for the kernel; before one result maybe several times.
    std::uint64_t errors = 0;   ///< Results that were errors, without those of cancelled operations.
};

}  // namespace bifilar
