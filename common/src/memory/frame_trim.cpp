// How the depot gives memory back: slabs of 64 KiB whose blocks are all in it. Nothing is counted while blocks come and
// go; a trim counts the free blocks of each slab, and a slab that has all of its own here is nobody's.
#include <bifilar/base/detail/sanitizer.hpp>
#if !defined(BIFILAR_ASAN)

#include "frame_depot.hpp"
#include <bifilar/base/detail/pages.hpp>

#include <mutex>
#include <utility>

namespace bifilar::detail::frames {
namespace {

// The first of two passes. The second counts off again what stays.
void count_by_slab(const free_block* batches) noexcept {
    for (const free_block* batch = batches; batch != nullptr; batch = batch->next_batch)
        for (const free_block* block = batch; block != nullptr; block = block->next) ++slab::of(block).seen;
}

// Batches of free blocks in a row.
struct row {
    free_block* first = nullptr;
    free_block* last = nullptr;
    std::size_t blocks = 0;
};

// Takes counted batches apart: slabs that have all of their blocks among them leave, as long as that is at most `most`
// blocks in all. The rest comes back in batches, and their slabs' counts are 0 again.
row sort_out(free_block* batches, std::size_t size_class, std::size_t most, slab*& leaving) noexcept {
    const std::size_t whole = blocks_of(size_class);
    row kept;
    free_block* made = nullptr;  // The batch that grows.
    std::uint32_t length = 0;
    const auto finish = [&] {
        kept.blocks += length;
        if (kept.last == nullptr) kept.last = made;
        // The first block of a batch knows how long it is.
        made->length = std::exchange(length, 0);
        made->next_batch = std::exchange(kept.first, made);
        made = nullptr;
    };
    while (batches != nullptr) {
        free_block* block = std::exchange(batches, batches->next_batch);
        while (block != nullptr) {
            free_block* const next = block->next;
            slab& home = slab::of(block);
            // True of the first of its blocks at most: each that stays is counted off.
            if (home.seen == whole && most >= whole) {
                home.seen = slab::leaves;
                home.next_leaving = std::exchange(leaving, &home);
                most -= whole;
            }
            if (home.seen != slab::leaves) {
                --home.seen;
                block->next = std::exchange(made, block);
                if (++length == batch_blocks) finish();
            }
            block = next;
        }
    }
    if (made != nullptr) finish();
    return kept;
}

}  // namespace

bool depot::trim(base::instant_ns now, base::instant_ns pause) noexcept {
    {
        const std::lock_guard guard{lock_};
        // One thread at a time: what it has taken out is in nobody's sight.
        if (trimming_ || now - trimmed_ns_ < pause) return false;
        trimmed_ns_ = now;
        trimming_ = true;
    }
    trim_all(false);
    return true;
}

void depot::release_unused() noexcept {
    {
        const std::lock_guard guard{lock_};
        if (trimming_) {
            // The thread that trims begins again at the end, and gives all back.
            releases_ = true;
            return;
        }
        trimming_ = true;
    }
    trim_all(true);
}

// By the one thread that trims.
void depot::trim_all(bool needed_too) noexcept {
    for (;; needed_too = true) {
        haul found;
        for (std::size_t size_class = 0; size_class < classes; ++size_class) {
            trim_shelf(size_class, needed_too, found);
            release_slabs(std::exchange(found.leaving, nullptr));
        }
        release_chunks();
        const std::lock_guard guard{lock_};
        if (std::exchange(releases_, false)) continue;
        trimming_ = false;
        // Relaxed: a hint. What could not leave is looked at less often until there is more of it.
        enough_.store((found.again ? 0 : unused_bytes()) + least_unused_bytes, base::relaxed);
        return;
    }
}

void depot::trim_shelf(std::size_t size_class, bool needed_too, haul& found) noexcept {
    const std::size_t whole = blocks_of(size_class);
    shelf& at = shelves_[size_class];
    free_block* batches = nullptr;
    std::size_t most = 0;
    {
        const std::lock_guard guard{lock_};
        most = needed_too ? at.blocks : at.least;
        // Needed since the last trim, but perhaps not until the next.
        if (at.blocks - most >= whole) found.again = true;
        at.least = at.blocks;
        // Not enough for one slab, and others need not miss them meanwhile.
        if (most < whole) return;
        count_unused(0, at.blocks * block_bytes_of(size_class));
        at.blocks = at.least = 0;
        batches = std::exchange(at.batches, nullptr);
    }
    // Without the lock, because there may be many; who needs some meanwhile gets a fresh slab.
    count_by_slab(batches);
    const row kept = sort_out(batches, size_class, most, found.leaving);
    if (found.leaving != nullptr) found.again = true;
    const std::lock_guard guard{lock_};
    if (kept.first != nullptr) put(kept.first, kept.last, kept.blocks, size_class);
    // From here on it is counted anew what is not needed.
    at.least = at.blocks;
}

void depot::release_slabs(slab* leaving) noexcept {
    while (leaving != nullptr) {
        slab* const one = std::exchange(leaving, leaving->next_leaving);
        chunk& home = *one->home;
        const auto number = static_cast<std::size_t>(reinterpret_cast<std::byte*>(one) - home.base) / slab_bytes;
        {
            const std::lock_guard guard{lock_};
            one->unlink();
            bytes_ -= slab_bytes;
        }
        // Between the two holds of the lock: no visit finds the slab any more, and nobody can take its place yet.
        base::discard_pages(one, slab_bytes);
        const std::lock_guard guard{lock_};
        // Without room it was in no list.
        if (home.room == 0) home.next = std::exchange(roomy_, &home);
        home.room |= 1U << number;
    }
}

// Those of which no slab is left.
void depot::release_chunks() noexcept {
    chunk* leaving = nullptr;
    {
        const std::lock_guard guard{lock_};
        for (chunk** at = &roomy_; *at != nullptr;) {
            chunk* const one = *at;
            if (one->room != chunk::all) {
                at = &one->next;
                continue;
            }
            *at = one->next;
            one->next = std::exchange(leaving, one);
        }
    }
    // A call into the kernel, so without the lock.
    while (leaving != nullptr) std::exchange(leaving, leaving->next)->unmap();
}

}  // namespace bifilar::detail::frames

#endif
