// Memory for coroutine frames and tasks: size classes in 64 KiB slabs, a cache per thread, one depot a process.
// A steady state calls no malloc. Each block also carries a mark that says whether it is a live task and whose,
// so that a runtime can find all its tasks at shutdown without paying for a list at every spawn.
#pragma once

#include <bifilar/base/detail/language.hpp>
#include <bifilar/base/detail/sanitizer.hpp>
#include <bifilar/memory/detail/frame_cache.hpp>
#include <bifilar/memory/detail/frame_layout.hpp>
#include <bifilar/task/detail/portion_visitor.hpp>
#include <bifilar/task/detail/thread_state.hpp>
#include <cstddef>
#include <cstdint>

namespace bifilar::detail {

struct task_header;

// What the quick ways below do not do.
[[nodiscard]] void* allocate_frame_slowly(std::size_t bytes);
void release_frame_slowly(void* block) noexcept;
[[nodiscard]] void* allocate_coroutine_slowly(std::size_t bytes, std::size_t alignment);
void release_coroutine_slowly(void* frame) noexcept;

/// At least `bytes` bytes, aligned to 16 and to each power of two up to largest_frame_alignment that divides `bytes`:
/// enough for whatever has this size. About 3 ns from the thread's cache. Throws std::bad_alloc. Any thread.
[[nodiscard]] inline void* allocate_frame(std::size_t bytes) {
    if (bytes <= largest_pooled_bytes)
        if (frame_cache* const cache = this_thread().frames; cache != nullptr) [[likely]]
            if (void* const block = cache->take(frames::class_of(bytes)); block != nullptr) [[likely]]
                return block;
    return allocate_frame_slowly(bytes);
}

/// Returns a block. Any thread; its memory stays in the pool for the next frame, or until a trim; see frame_trim.hpp.
inline void release_frame(void* block) noexcept {
    if (frame_cache* const cache = this_thread().frames; cache != nullptr) [[likely]] {
        const std::size_t size_class = frames::slab::of(block).size_class;
        if (size_class != frames::slab::large && cache->put(block, size_class)) return;
    }
    release_frame_slowly(block);
}

/// The same two for coroutine frames. When the thread's frame_prefix_bytes is set, the frame leaves that many bytes
/// (a multiple of 16, at most `largest_prefix_bytes`) free in front of it and the request is cleared: that is how a
/// spawned coroutine and its task share one block. A frame that became a task is not freed with the coroutine but
/// with the task. `bytes` is a multiple of `alignment` where that is above 16: then the prefix is widened
/// (wide_prefix), and above widest_prefix_alignment there is none.
[[nodiscard]] inline void* allocate_coroutine(std::size_t bytes, std::size_t alignment = 16) {
    if (bytes <= largest_pooled_bytes) {
        const thread_state& here = this_thread();
        if (here.frames != nullptr && here.frame_prefix_bytes == 0) [[likely]]
            if (void* const block = here.frames->take(frames::class_of(bytes)); block != nullptr) [[likely]]
                return block;
    }
    return allocate_coroutine_slowly(bytes, alignment);
}
inline void release_coroutine(void* frame) noexcept {
    if (frame_cache* const cache = this_thread().frames; cache != nullptr) [[likely]] {
        frames::slab& home = frames::slab::of(frame);
        // Relaxed: only the thread that destroys the frame looks, and whoever marked it came before.
        const bool bare = home.mark_of(frame).load(base::relaxed) == 0;
        if (bare && home.size_class != frames::slab::large && cache->put(frame, home.size_class)) [[likely]]
            return;
    }
    release_coroutine_slowly(frame);
}

/// Frames of this alignment at most have a prefix.
inline constexpr std::size_t widest_prefix_alignment = 64;
/// The prefix in front of a frame that is aligned to more than 16 bytes, where `prefix` was asked for.
[[nodiscard]] constexpr std::size_t wide_prefix(std::size_t prefix) noexcept {
    return (prefix + widest_prefix_alignment - 1) / widest_prefix_alignment * widest_prefix_alignment;
}
static_assert(wide_prefix(largest_prefix_bytes) == largest_prefix_bytes);

/// What a coroutine's frame takes from the pool, its size rounded up to the pool's next class; the prefix of a spawned
/// coroutine is not counted. 0 where the pool does not know: above largest_pooled_bytes, under AddressSanitizer, and
/// once the coroutine has been spawned. Not for a coroutine that never left the function that made it: compilers put
/// its frame on the stack.
[[nodiscard]] std::size_t frame_bytes(void* frame) noexcept;

/// How many bytes allocate_coroutine left in front of this frame.
[[nodiscard]] std::size_t prefix_of(void* frame) noexcept;

/// Whether a coroutine's frame can begin at this place: GCC 12 misplaces some. Under AddressSanitizer, wherever it is
/// aligned.
[[nodiscard]] bool begins_frame(void* place) noexcept;

/// Marks a place as a live task of `owner` whose header lies `header_before` bytes in front of it (a multiple of 16, at
/// most largest_prefix_bytes). The place is the block itself, or a coroutine frame with a prefix. Whoever creates the
/// task.
void mark_task(void* place, task_owner owner, std::size_t header_before) noexcept;

/// The task is complete. Whoever ran it.
void unmark_task(void* place) noexcept;

/// Calls `visit` for every live task of `owner`. The caller makes sure that none of them completes meanwhile; one that
/// is marked meanwhile is visited or not. Tasks of other owners may come and go.
void visit_tasks(task_owner owner, void (*visit)(task_header&, void* argument) noexcept, void* argument) noexcept;

/// The same in portions, while the owner's workers stand still; see portion_visitor. One visit of this kind at a time
/// in the process. Never waits.
[[nodiscard]] portion visit_portion(task_owner owner, std::uint32_t round, portion_visitor& to) noexcept;

/// Bytes that the pool holds from the system, used or not; blocks above largest_pooled_bytes are not among them. 0
/// under AddressSanitizer. Any thread; takes the pool's lock.
[[nodiscard]] std::size_t frame_pool_bytes() noexcept;

/// How many of them lie in free blocks that no thread keeps for itself; a thread keeps at most 128 of each size. Any
/// thread; one load.
[[nodiscard]] std::size_t unused_frame_bytes() noexcept;

}  // namespace bifilar::detail
