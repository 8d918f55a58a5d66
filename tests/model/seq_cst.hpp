// The order S of all seq_cst operations and fences: not one order, but what every such order must keep.
// Builds on clocks. C++20 [atomics.order] asks that some total order S exists; it does exactly while these constraints
// have no cycle (as Lahav et al., "Repairing Sequential Consistency in C/C++11", 2017, put it), so none is chosen, and
// executions that differ in S alone are one.
#pragma once

#include "clocks.hpp"

#include <array>
#include <vector>

namespace model {

/// The events of S, by thread and number from 1. A thread's own events are in its order, so a set of events that is
/// closed backwards is a number for each thread: a vector clock.
class seq_cst_order {
public:
    void clear() noexcept;
    [[nodiscard]] bool empty() const noexcept { return empty_; }
    [[nodiscard]] bool has_fences() const noexcept { return has_fences_; }

    /// A new event, after all of `before`, which is closed. `happened`: for a fence, what happens before it.
    std::uint32_t add(std::size_t thread, const vector_clock& before);
    std::uint32_t add_fence(event of, const vector_clock& before, const vector_clock& happened);

    /// These events and all that come before them.
    [[nodiscard]] vector_clock closed(const vector_clock& events) const noexcept;

    /// Adds the last fence of each thread that happens before whoever knows this.
    void fences_before(const vector_clock& happened, vector_clock& events) const noexcept;
    /// Adds the first fence of each thread that this happens before.
    void fences_after(event one, first_of_each& events) const noexcept;

    /// From now on all of `sources` are before all of `sinks`. The caller knows that this makes no cycle.
    void link(const vector_clock& sources, const first_of_each& sinks) noexcept;

private:
    struct member {
        vector_clock before;
    };
    struct fence {
        std::uint32_t stamp;
        std::uint32_t number;
        vector_clock happened;
    };
    std::array<std::vector<member>, max_threads> events_;
    std::array<std::vector<fence>, max_threads> fences_;
    bool empty_ = true;
    bool has_fences_ = false;
};

}  // namespace model
