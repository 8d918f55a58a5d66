// The marks of the frame pool: which blocks are live tasks, whose, and where in the block their headers lie.
// Used by frame_pool.cpp alone.
#pragma once

#include <bifilar/base/atomic.hpp>
#include <bifilar/base/sanitizer.hpp>
#include <bifilar/core/frame_pool.hpp>
#include <cstddef>
#include <cstdint>

namespace bifilar {

/// 12 bits owner, 4 bits distance of the header in front of the place, in steps of 16 bytes.
using mark = std::uint16_t;
inline constexpr unsigned owner_bits = 12;
inline constexpr task_owner owner_mask = (1 << owner_bits) - 1;
/// Not a task: a coroutine frame with a prefix that it does not use, or does not use yet.
inline constexpr task_owner nobody = owner_mask;
static_assert(max_task_owners < nobody);

constexpr mark make_mark(task_owner owner, std::size_t header_before) noexcept {
    return static_cast<mark>(owner | (header_before / 16) << owner_bits);
}
constexpr task_owner owner_of(mark m) noexcept { return m & owner_mask; }
constexpr std::size_t header_before(mark m) noexcept { return static_cast<std::size_t>(m >> owner_bits) * 16; }
static_assert(header_before(make_mark(3, largest_prefix_bytes)) == largest_prefix_bytes);

}  // namespace bifilar
