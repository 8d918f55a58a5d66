// The frame pool behind the threads' caches: the depot of free blocks, and the chunks that slabs are carved from.
// Used by frame_pool.cpp, frame_depot.cpp and frame_trim.cpp.
#pragma once

#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/base/detail/clock.hpp>
#include <bifilar/base/detail/spin_lock.hpp>
#include <bifilar/memory/detail/frame_layout.hpp>
#include <bifilar/memory/detail/frame_trim.hpp>
#include <bifilar/task/detail/portion_visitor.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace bifilar::detail {
struct task_header;
}

namespace bifilar::detail::frames {

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

    /// A batch of free blocks, or null and a slab that nobody has used. Throws std::bad_alloc.
    free_block* take(std::size_t size_class, slab*& fresh);
    /// Takes a batch whose first block knows its length. Null: does nothing.
    void give(free_block* batch, std::size_t size_class) noexcept;

    void* allocate_large(std::size_t bytes);
    void release_large(slab& block) noexcept;

    void visit(task_owner owner, void (*visit)(task_header&, void*) noexcept, void* argument) noexcept;
    [[nodiscard]] portion visit_portion(task_owner owner, std::uint32_t round, portion_visitor& to) noexcept;
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

    /// Around a fork, which comes while nobody holds the lock, so that the child finds all in order.
    void begin_fork() noexcept { lock_.lock(); }
    void end_fork() noexcept { lock_.unlock(); }
    void end_fork_in_child() noexcept;

private:

    // Free blocks of one size.
    struct shelf {
        free_block* batches = nullptr;
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

}  // namespace bifilar::detail::frames
