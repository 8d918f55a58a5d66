// The frame pool. Thread caches hand batches of blocks to the depot and take batches back: one lock a batch.
// Slabs are 64 KiB, aligned to their size, so a block finds its slab, and a slab its size class, from the address.
// Under AddressSanitizer frame_pool_asan.cpp takes this file's place.
#include <bifilar/base/detail/sanitizer.hpp>
#if !defined(BIFILAR_ASAN)

#include "frame_depot.hpp"

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/memory/detail/frame_pool.hpp>
#include <bifilar/memory/detail/frame_trim.hpp>
#include <bifilar/task/detail/thread_state.hpp>

#include <algorithm>
#include <array>
#include <new>
#include <utility>

namespace bifilar::detail {

using frames::batch_blocks;
using frames::block_bytes_of;
using frames::blocks_of;
using frames::class_of;
using frames::classes;
using frames::depot;
using frames::free_block;
using frames::header_before;
using frames::make_mark;
using frames::mark;
using frames::nobody;
using frames::owner_of;
using frames::slab;
using frames::smallest_block_bytes;

void* frame_cache::allocate(std::size_t size_class) {
    bin& b = bins_[size_class];
    // One of the two is there afterwards. Blocks that were used come first: fresh ones touch pages that nobody has yet.
    if (b.spare == nullptr && b.fresh == b.fresh_end) refill(b, size_class);
    if (b.spare != nullptr) {
        b.free = std::exchange(b.spare, nullptr);
        b.length = b.free->length;
        return take(size_class);
    }
    void* const block = b.fresh;
    b.fresh += block_bytes_of(size_class);
    return block;
}

void frame_cache::refill(bin& b, std::size_t size_class) {
    slab* fresh = nullptr;
    b.spare = depot::the().take(size_class, fresh);
    if (b.spare != nullptr) return;
    b.fresh = fresh->first_block();
    b.fresh_end = b.fresh + blocks_of(size_class) * block_bytes_of(size_class);
}

void frame_cache::release(void* memory, std::size_t size_class) noexcept {
    if (put(memory, size_class)) return;
    bin& b = bins_[size_class];
    // The batch in use becomes the spare one, and only the one before that goes to the depot.
    depot::the().give(b.spare, size_class);
    b.spare = std::exchange(b.free, nullptr);
    b.spare->length = std::exchange(b.length, 0);
    (void)put(memory, size_class);
}

void frame_cache::flush() noexcept {
    for (std::size_t size_class = 0; size_class < classes; ++size_class) {
        bin& b = bins_[size_class];
        // Also those that were never used: a slab can leave the pool only with all of its blocks in the depot.
        for (; b.fresh != b.fresh_end; b.fresh += block_bytes_of(size_class)) release(b.fresh, size_class);
        if (b.free != nullptr) b.free->length = b.length;
        depot::the().give(b.free, size_class);
        depot::the().give(b.spare, size_class);
        b = {};
    }
}

namespace {

// Gives the cache back when the thread ends. Frames freed after that go to the depot one by one.
struct cache_keeper {
    frame_cache* cache = nullptr;

    cache_keeper() noexcept = default;
    cache_keeper(const cache_keeper&) = delete;
    cache_keeper& operator=(const cache_keeper&) = delete;
    ~cache_keeper() {
        thread_state& here = this_thread();
        here.ends = true;
        // Before the flush: what is freed from here on takes the slow way.
        here.frames = nullptr;
        if (cache == nullptr) return;  // There was no memory for it.
        cache->flush();
        delete cache;
    }
};

// Null where the thread ends and where there is no memory for a cache.
[[gnu::noinline]] frame_cache* open_cache() noexcept {
    // Its keeper may have been destroyed already, and would not come again.
    if (this_thread().ends) return nullptr;
    thread_local cache_keeper keeper;
    keeper.cache = new (std::nothrow) frame_cache;
    return this_thread().frames = keeper.cache;
}

frame_cache* this_cache() noexcept {
    frame_cache* const cache = this_thread().frames;
    return cache != nullptr ? cache : open_cache();
}

}  // namespace

void* allocate_frame_slowly(std::size_t bytes) {
    // Seldom, and each a slab of its own.
    if (bytes > largest_pooled_bytes) return depot::the().allocate_large(bytes);
    const std::size_t size_class = class_of(bytes);
    if (frame_cache* const cache = this_cache(); cache != nullptr) [[likely]]
        return cache->allocate(size_class);
    // For this call alone: what is left of the batch goes back to the depot at once.
    frame_cache passing;
    void* const block = passing.allocate(size_class);
    passing.flush();
    return block;
}

void release_frame_slowly(void* block) noexcept {
    slab& home = slab::of(block);
    if (home.size_class == slab::large) return depot::the().release_large(home);
    if (frame_cache* const cache = this_cache(); cache != nullptr) [[likely]]
        return cache->release(block, home.size_class);
    frame_cache passing;
    passing.release(block, home.size_class);
    passing.flush();
}

void* allocate_coroutine_slowly(std::size_t bytes, std::size_t alignment) {
    // One frame has it: a coroutine that this one makes must not get it as well.
    std::size_t prefix = std::exchange(this_thread().frame_prefix_bytes, 0);
    if (prefix == 0) return allocate_frame(bytes);
    if (alignment > 16) [[unlikely]] {
        if (alignment > widest_prefix_alignment) return allocate_frame(bytes);
        prefix = wide_prefix(prefix);
    }
    BIFILAR_ASSERT(prefix <= largest_prefix_bytes, "a frame prefix is too long for its mark");
    // At least a granule behind the prefix, so that the frame's mark is not the next block's.
    std::size_t total = std::max(bytes, smallest_block_bytes) + prefix;
    // Not a block that begins at a boundary: its slab would be the one before, and that of the frame another.
    if (total % frames::slab_bytes == 0) [[unlikely]]
        total += smallest_block_bytes;
    void* const frame = static_cast<std::byte*>(allocate_frame(total)) + prefix;
    // Nobody's, until the task is started; a body that is destroyed before is freed as a frame.
    mark_task(frame, nobody, prefix);
    return frame;
}

void release_coroutine_slowly(void* frame) noexcept {
    base::atomic<mark>& at = slab::of(frame).mark_of(frame);
    const mark seen = at.load(base::relaxed);  // Relaxed: as in release_coroutine.
    if (seen == 0) return release_frame(frame);
    // The frame has become a task's, and its block is freed with the task.
    if (owner_of(seen) != nobody) return;
    // Before the block is free, because a bare frame may come to the same place.
    at.store(0, base::relaxed);
    release_frame(static_cast<std::byte*>(frame) - header_before(seen));
}

std::size_t frame_bytes(void* frame) noexcept {
    const slab& home = slab::of(frame);
    return home.size_class == slab::large ? 0 : block_bytes_of(home.size_class) - prefix_of(frame);
}

std::size_t prefix_of(void* frame) noexcept {
    // Relaxed: as in release_coroutine.
    const mark seen = slab::of(frame).mark_of(frame).load(base::relaxed);
    return owner_of(seen) == nobody ? header_before(seen) : 0;
}

bool begins_frame(void* place) noexcept {
    slab& home = slab::of(place);
    const std::byte* const block = static_cast<std::byte*>(place) - prefix_of(place);
    if (home.size_class == slab::large) return block == home.first_block();
    return static_cast<std::size_t>(block - home.first_block()) % block_bytes_of(home.size_class) == 0;
}

void mark_task(void* place, task_owner owner, std::size_t before) noexcept {
    // Pairs with depot::visit; so that the task is seen whole.
    slab::of(place).mark_of(place).store(make_mark(owner, before), base::release);
}

void unmark_task(void* place) noexcept {
    // Relaxed: visit_tasks comes while the worker that does this stands still, which orders it.
    slab::of(place).mark_of(place).store(0, base::relaxed);
}

void visit_tasks(task_owner owner, void (*visit)(task_header&, void* argument) noexcept, void* argument) noexcept {
    depot::the().visit(owner, visit, argument);
}

portion visit_portion(task_owner owner, std::uint32_t round, portion_visitor& to) noexcept {
    return depot::the().visit_portion(owner, round, to);
}

std::size_t frame_pool_bytes() noexcept { return depot::the().bytes(); }

std::size_t unused_frame_bytes() noexcept { return depot::the().unused_bytes(); }

trim_need frames_need_trimming() noexcept { return depot::the().need(); }

bool trim_frames(base::instant_ns now, base::instant_ns pause) noexcept {
    // The worker has nothing to run, so what it keeps is unused as well.
    if (frame_cache* const own = this_thread().frames) own->flush();
    return depot::the().trim(now, pause);
}

void release_unused_frames() noexcept {
    if (frame_cache* const own = this_thread().frames) own->flush();
    depot::the().release_unused();
}

}  // namespace bifilar::detail

#endif
