// The frame pool behind the threads' caches: slabs, the chunks that they are carved from, and the depot of free blocks.
// Used by frame_pool.cpp, frame_depot.cpp and frame_trim.cpp.
#pragma once

#include "frame_marks.hpp"

#include <bifilar/base/atomic.hpp>
#include <bifilar/base/clock.hpp>
#include <bifilar/base/spin_lock.hpp>
#include <bifilar/core/frame_pool.hpp>
#include <bifilar/core/frame_trim.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace bifilar::frames {

inline constexpr std::size_t slab_bytes = 64 * 1024;
inline constexpr std::size_t smallest_block_bytes = 64;
inline constexpr std::size_t fine_limit_bytes = 1024;
inline constexpr std::size_t fine_step_bytes = 16;
inline constexpr std::size_t coarse_step_bytes = 256;
inline constexpr std::size_t fine_classes = fine_limit_bytes / fine_step_bytes;
inline constexpr std::size_t classes = fine_classes + (largest_pooled_bytes - fine_limit_bytes) / coarse_step_bytes + 1;
inline constexpr std::uint32_t chain_blocks = 64;

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
static_assert(block_bytes_of(class_of(1025)) == 1280 && block_bytes_of(class_of(4096)) == 4096);

struct chunk;

// What a 64 KiB boundary starts with: pooled blocks of one size, or one large block.
struct slab {
    static constexpr std::uint32_t large = ~std::uint32_t{0};
    static constexpr std::uint32_t leaves = ~std::uint32_t{0};

    slab(std::size_t kind, std::size_t first_offset) noexcept
        : size_class{static_cast<std::uint32_t>(kind)}, first{static_cast<std::uint32_t>(first_offset)} {}

    slab* next = nullptr;  // Of the ring of all slabs of the same sort, pooled or large.
    slab* prev = nullptr;
    // These three are of pooled slabs only, and the latter two are touched by the thread that trims alone.
    chunk* home = nullptr;
    slab* next_leaving = nullptr;
    std::uint32_t seen = 0;  // How many free blocks were found and not sorted yet; leaves: all, and they go.
    const std::uint32_t size_class;
    const std::uint32_t first;  // Where the first block lies.
    // The mark of a place, found by the 64-byte granule of its address. 0: nothing. Set by the creator of the task
    // inside the scheduler's gate and reset by the worker that completes it; read by visit_tasks while the owner's
    // workers stand still.
    base::atomic<mark> marks[slab_bytes / smallest_block_bytes]{};

    static slab& of(const void* place) noexcept {
        return *reinterpret_cast<slab*>(reinterpret_cast<std::uintptr_t>(place) & ~(slab_bytes - 1));
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

// The first block is aligned to each power of two that divides the size of the blocks, and so are all others.
constexpr std::size_t first_offset_of(std::size_t block_bytes) noexcept {
    const std::size_t natural = block_bytes & (~block_bytes + 1);
    const std::size_t step = std::clamp<std::size_t>(natural, 128, largest_frame_alignment);
    return (sizeof(slab) + step - 1) / step * step;
}
constexpr std::size_t blocks_of(std::size_t size_class) noexcept {
    const std::size_t bytes = block_bytes_of(size_class);
    return (slab_bytes - first_offset_of(bytes)) / bytes;
}
static_assert(first_offset_of(64) % smallest_block_bytes == 0, "marks count granules from the boundary");
static_assert(first_offset_of(4096) == 4096 && blocks_of(class_of(4096)) == 15);

struct free_block {
    free_block* next;
    free_block* next_chain;  // Valid in the first block of a chain.
    std::uint32_t length;    // Likewise.
};

// Sixteen slabs' worth of memory from the system, and room for the first boundary. The record of it lies in what that
// leaves free, before or behind the slabs, so that it takes no malloc.
struct chunk {
    static constexpr std::size_t slabs = 16;
    static constexpr std::size_t mapping_bytes = (slabs + 1) * slab_bytes;
    static constexpr std::uint32_t all = (1U << slabs) - 1;

    /// Null when the system has no more.
    [[nodiscard]] static chunk* map() noexcept;
    void unmap() noexcept;

    std::byte* mapping;
    std::byte* base;  // The first boundary in it.
    chunk* next;      // Another with room.
    // One bit for each slab that is none at present: its memory is the system's.
    std::uint32_t room;
};

class depot {
public:
    depot() noexcept {
        pooled_.next = pooled_.prev = &pooled_;
        large_.next = large_.prev = &large_;
    }
    depot(const depot&) = delete;
    depot& operator=(const depot&) = delete;

    /// The process's only one. Never destroyed: frames may be freed by destructors of statics.
    static depot& the() noexcept;

    /// A chain of free blocks, or null and a slab that nobody has used. Throws std::bad_alloc.
    free_block* take(std::size_t size_class, slab*& fresh);
    /// Takes a chain whose first block knows its length. Null: does nothing.
    void give(free_block* chain, std::size_t size_class) noexcept;

    void* allocate_large(std::size_t bytes);
    void release_large(slab& block) noexcept;

    void visit(task_owner owner, void (*visit)(task_header&, void*) noexcept, void* argument) noexcept;
    [[nodiscard]] std::size_t bytes() noexcept;
    [[nodiscard]] std::size_t unused_bytes() const noexcept {
        return unused_.load(base::relaxed);  // Relaxed: only the number matters.
    }
    [[nodiscard]] trim_need need() const noexcept {
        const std::size_t unused = unused_bytes();
        if (unused <= least_unused_bytes) return trim_need::none;
        return unused > enough_.load(base::relaxed) ? trim_need::soon : trim_need::later;  // Relaxed: a hint.
    }

    /// See trim_frames.
    bool trim(base::instant_ns now, base::instant_ns pause) noexcept;
    /// See release_unused_frames.
    void release_unused() noexcept;

private:
    friend struct depot_forks;

    // Free blocks of one size.
    struct shelf {
        free_block* chains = nullptr;
        std::size_t blocks = 0;
        std::size_t least = 0;  // The fewest since the last trim: so many were not needed.
    };

    // What one trim has found.
    struct haul {
        slab* leaving = nullptr;
        bool again = false;  // Some left, or blocks that nobody may need from now on were needed since the last trim.
    };

    slab* new_slab(std::size_t size_class) noexcept;
    void put(free_block* first, free_block* last, std::size_t blocks, std::size_t size_class) noexcept;
    void count_unused(std::size_t more, std::size_t fewer) noexcept;
    void trim_all(bool needed_too) noexcept;
    void begin_as_child() noexcept;
    void trim_shelf(std::size_t size_class, bool needed_too, haul& found) noexcept;
    void release_slabs(slab* leaving) noexcept;
    void release_chunks() noexcept;

    base::spin_lock lock_;  // Guards all below but the atomics. Taken by nobody who holds another lock of the library.
    std::array<shelf, classes> shelves_{};
    chunk* roomy_ = nullptr;  // Chunks with room.
    std::size_t bytes_ = 0;   // Of slabs.
    bool trimming_ = false;   // A thread is, outside of the lock: it alone uses what slabs have for that.
    bool releases_ = false;   // It was told to give all back, and begins again.
    base::instant_ns trimmed_ns_ = 0;
    slab pooled_{0, 0};           // The ring of slabs with blocks of one size.
    slab large_{slab::large, 0};  // The ring of large blocks.
    // Bytes of free blocks here. Written under the lock, read by anybody.
    base::atomic<std::size_t> unused_{0};
    // With more than these a trim comes soon. Written by the thread that trims, read by need.
    base::atomic<std::size_t> enough_{least_unused_bytes};
    static constexpr std::size_t least_unused_bytes = 256 * 1024;
};

}  // namespace bifilar::frames
