// Counts of operations, by kind; see io_stats. One worker's, which alone writes them.
#pragma once

#include <bifilar/base/detail/counter.hpp>
#include <bifilar/drivers/contract/detail/call_result.hpp>
#include <bifilar/drivers/contract/io_stats.hpp>
#include <array>
#include <cstddef>
#include <vector>

namespace bifilar::drivers {

class io_counts {
public:
    /// A task was given this result, or waits if it is empty. The worker's thread.
    void note(op_kind kind, const call_result& answer) noexcept;
    /// Adds what there is to `all`, which is empty or has an entry for each kind. Any thread. Throws std::bad_alloc.
    void add_to(std::vector<io_operation_stats>& all) const;

private:
    struct entry {
        base::counter results, waits, errors;
    };
    std::array<entry, static_cast<std::size_t>(op_kind::file_call) + 1> entries_;
};

}  // namespace bifilar::drivers
