// A visit to all tasks of a runtime in portions, between which its workers go on: as long as one portion takes, and no
// longer, do they stand still. A task is visited once; one that begins after the first portion is visited or not.
#pragma once

#include <bifilar/base/detail/language.hpp>
#include <cstdint>

namespace bifilar::detail {

struct task_header;

/// How a portion ended.
enum class portion : std::uint8_t {
    last,  ///< All have been visited.
    more,  ///< The visitor has had enough.
    busy,  ///< Somebody has a lock of the pool, maybe a worker that stands still.
};

/// Where a visit stands.
struct portion_progress {
    std::uint32_t round = 0;      ///< Another for each visit; not 0.
    bool frames_visited = false;  ///< All that live in the frame pool.
};

/// Tasks come slab by slab.
class portion_visitor {
public:
    /// What follows a slab.
    enum class then : std::uint8_t {
        next,   ///< The next one.
        pause,  ///< The portion ends; the slab counts as visited.
        again,  ///< The portion ends; the next one begins with this slab, for there was no room for all of it.
    };

    /// Under a lock of the pool: leaves the pool alone.
    virtual void visit(task_header& task) noexcept = 0;
    /// The tasks since the last call were all of one slab.
    [[nodiscard]] virtual then end_slab() noexcept = 0;

protected:
    portion_visitor() noexcept = default;
    portion_visitor(const portion_visitor&) noexcept = default;
    portion_visitor& operator=(const portion_visitor&) noexcept = default;
    ~portion_visitor() = default;
};

}  // namespace bifilar::detail
