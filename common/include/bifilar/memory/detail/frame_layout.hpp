// How the frame pool lies in memory: slabs of 64 KiB with blocks of one size each, and the marks that say which blocks
// are live tasks. Here and not in the sources, because the quick ways of frame_cache are in line.
#pragma once

#include <bifilar/base/detail/atomic.hpp>
#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace bifilar::detail {

/// Which runtime a block's task belongs to. 0: not a task. At most `max_task_owners` runtimes live at once.
using task_owner = std::uint16_t;
inline constexpr task_owner max_task_owners = 4094;

/// Blocks above this size come from operator new, each behind a 64 KiB boundary, or at one where it is aligned so, and
/// may cost a mapping each. A coroutine that serves a connection over TLS, each wait with a time limit, has some 5 KiB.
inline constexpr std::size_t largest_pooled_bytes = 8192;

/// The largest alignment that the pool knows, and GCC.
inline constexpr std::size_t largest_frame_alignment = std::size_t{1} << 28;

/// The most that a coroutine's frame leaves free in front of it.
inline constexpr std::size_t largest_prefix_bytes = 128;

namespace frames {

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

inline constexpr std::size_t slab_bytes = 64 * 1024;
inline constexpr std::size_t smallest_block_bytes = 64;
inline constexpr std::size_t fine_limit_bytes = 1024;
inline constexpr std::size_t fine_step_bytes = 16;
inline constexpr std::size_t coarse_step_bytes = 256;
inline constexpr std::size_t fine_classes = fine_limit_bytes / fine_step_bytes;
inline constexpr std::size_t classes = fine_classes + (largest_pooled_bytes - fine_limit_bytes) / coarse_step_bytes + 1;
inline constexpr std::uint32_t batch_blocks = 64;

constexpr std::size_t class_of(std::size_t bytes) noexcept {
    bytes = std::max(bytes, smallest_block_bytes);
    if (bytes <= fine_limit_bytes) return (bytes + fine_step_bytes - 1) / fine_step_bytes - 1;
    return fine_classes + (bytes - fine_limit_bytes + coarse_step_bytes - 1) / coarse_step_bytes - 1;
}

constexpr std::size_t block_bytes_of(std::size_t size_class) noexcept {
    if (size_class < fine_classes) return (size_class + 1) * fine_step_bytes;
    return fine_limit_bytes + (size_class - fine_classes + 1) * coarse_step_bytes;
}

static_assert(class_of(largest_pooled_bytes) < classes);
static_assert(block_bytes_of(class_of(1)) == smallest_block_bytes);
static_assert(block_bytes_of(class_of(1025)) == 1280 && block_bytes_of(class_of(8192)) == 8192);

struct chunk;  // See frame_depot.hpp in the sources.

// What a 64 KiB boundary starts with: pooled blocks of one size, or one large block. That one may begin at the next
// boundary: whatever lies there belongs to the slab before.
struct slab {
    static constexpr std::uint32_t large = ~std::uint32_t{0};
    static constexpr std::uint32_t leaves = ~std::uint32_t{0};

    slab(std::size_t kind, std::size_t first_offset, std::size_t left_out = 0) noexcept
        : size_class{static_cast<std::uint32_t>(kind)},
          first{static_cast<std::uint32_t>(first_offset)},
          before{static_cast<std::uint32_t>(left_out)} {}

    slab* next = nullptr;  // Of the ring of all slabs of the same sort, pooled or large.
    slab* prev = nullptr;
    // These three are of pooled slabs only, and the latter two are touched by the thread that trims alone.
    chunk* home = nullptr;
    slab* next_leaving = nullptr;
    std::uint32_t seen = 0;  // How many free blocks were found and not sorted yet; leaves: all, and they go.
    std::uint32_t looked = 0;  // The last visit in portions that has been here. Under the depot's lock.
    const std::uint32_t size_class;
    const std::uint32_t first;   // Where the first block lies.
    const std::uint32_t before;  // How far in front of a large one its memory begins.
    // The mark of a place, found by the 64-byte granule of its address. 0: nothing. Set by the creator of the task
    // inside the scheduler's gate and reset by the worker that completes it; read by visit_tasks while the owner's
    // workers stand still.
    base::atomic<mark> marks[slab_bytes / smallest_block_bytes]{};

    static slab& of(const void* place) noexcept {
        return *reinterpret_cast<slab*>((reinterpret_cast<std::uintptr_t>(place) - 1) & ~(slab_bytes - 1));
    }
    std::byte* first_block() noexcept { return reinterpret_cast<std::byte*>(this) + first; }
    base::atomic<mark>& mark_of(const void* place) noexcept {
        return marks[(reinterpret_cast<std::uintptr_t>(place) & (slab_bytes - 1)) / smallest_block_bytes];
    }
    void link_before(slab& other) noexcept {
        next = &other;
        prev = other.prev;
        prev->next = other.prev = this;
    }
    void unlink() noexcept {
        next->prev = prev;
        prev->next = next;
    }
};

// The largest power of two that divides the size, as far as the pool aligns to it.
constexpr std::size_t natural_alignment(std::size_t bytes) noexcept {
    return std::min(bytes & (~bytes + 1), largest_frame_alignment);
}
// The first block has the natural alignment of its size, as far as the slab has it, and so have all others.
constexpr std::size_t first_offset_of(std::size_t block_bytes) noexcept {
    const std::size_t step = std::clamp<std::size_t>(natural_alignment(block_bytes), 128, slab_bytes);
    return (sizeof(slab) + step - 1) / step * step;
}
constexpr std::size_t blocks_of(std::size_t size_class) noexcept {
    const std::size_t bytes = block_bytes_of(size_class);
    return (slab_bytes - first_offset_of(bytes)) / bytes;
}
static_assert(first_offset_of(64) % smallest_block_bytes == 0, "marks count granules from the boundary");
static_assert(first_offset_of(32 * 1024) == 32 * 1024 && first_offset_of(128 * 1024) == slab_bytes);
static_assert(first_offset_of(4096) == 4096 && blocks_of(class_of(4096)) == 15);

struct free_block {
    free_block* next;
    free_block* next_batch;  // Valid in the first block of a batch.
    std::uint32_t length;    // Likewise.
};

}  // namespace frames
}  // namespace bifilar::detail
