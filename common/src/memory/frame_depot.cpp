// The depot: batches of free blocks by size, and the slabs and chunks behind them.
// One lock a batch of 64 blocks; what a trim does is in frame_trim.cpp.
#include <bifilar/base/detail/sanitizer.hpp>
#if !defined(BIFILAR_ASAN)

#include "frame_depot.hpp"
#include <bifilar/base/detail/pages.hpp>

#include <bit>
#include <mutex>
#include <new>
#if defined(__linux__)
#include <pthread.h>
#endif
#include <utility>

namespace bifilar::detail::frames {
namespace {

// A mark tells the granule; the place in it follows from the block size, or from the prefix in front of a frame.
template <class Visit>
void visit_blocks(slab& home, std::size_t block_bytes, std::size_t count, task_owner owner, Visit visit) noexcept {
    std::byte* block = home.first_block();
    for (std::size_t index = 0; index < count; ++index, block += block_bytes) {
        // The place is the block, or lies a prefix behind it: two granules to look at, three at most.
        for (std::size_t prefix = 0; prefix <= largest_prefix_bytes; prefix += 16) {
            // Pairs with mark_task; so that the task is seen whole. Marks of other owners are skipped, whatever they
            // are.
            const mark seen = home.mark_of(block + prefix).load(base::acquire);
            if (owner_of(seen) != owner || header_before(seen) != prefix) continue;
            visit(*reinterpret_cast<task_header*>(block));
            break;
        }
    }
}

template <class Visit>
void visit_slab(slab& home, task_owner owner, Visit visit) noexcept {
    if (home.size_class == slab::large) return visit_blocks(home, 0, 1, owner, visit);
    visit_blocks(home, block_bytes_of(home.size_class), blocks_of(home.size_class), owner, visit);
}

}  // namespace

chunk* chunk::map() noexcept {
    auto* const mapping = static_cast<std::byte*>(base::map_pages(mapping_bytes));
    if (mapping == nullptr) return nullptr;
    // Aligned by hand: of what lies outside of the slabs, the record alone is touched.
    const std::size_t before = -reinterpret_cast<std::uintptr_t>(mapping) & (slab_bytes - 1);
    std::byte* const base = mapping + before;
    // Where there is no room for it before the slabs, there is behind them.
    static_assert(sizeof(chunk) <= slab_bytes / 2);
    std::byte* const place = before >= sizeof(chunk) ? mapping : base + slabs * slab_bytes;
    return new (place) chunk{.mapping = mapping, .base = base, .next = nullptr, .room = all};
}

void chunk::unmap() noexcept { base::unmap_pages(mapping, mapping_bytes); }

depot& depot::the() noexcept {
    alignas(depot) static std::byte place[sizeof(depot)];
    static depot* const one = new (place) depot;
    return *one;
}

free_block* depot::take(std::size_t size_class, slab*& fresh) {
    for (;;) {
        {
            const std::lock_guard guard{lock_};
            shelf& from = shelves_[size_class];
            if (free_block* const batch = from.batches; batch != nullptr) {
                from.batches = batch->next_batch;
                from.blocks -= batch->length;
                from.least = std::min(from.least, from.blocks);
                count_unused(0, batch->length * block_bytes_of(size_class));
                return batch;
            }
            // Who gets it cuts it into blocks, outside of the lock.
            fresh = new_slab(size_class);
            if (fresh != nullptr) return nullptr;
            if (!trimming_) throw std::bad_alloc{};
        }
        // The system has no more, but the thread that trims has free blocks in hand.
        base::yield_thread();
    }
}

void depot::give(free_block* batch, std::size_t size_class) noexcept {
    if (batch == nullptr) return;
    const std::lock_guard guard{lock_};
    put(batch, batch, batch->length, size_class);
}

// Under the lock, as the next two.
void depot::put(free_block* first, free_block* last, std::size_t blocks, std::size_t size_class) noexcept {
    shelf& to = shelves_[size_class];
    last->next_batch = std::exchange(to.batches, first);
    to.blocks += blocks;
    count_unused(blocks * block_bytes_of(size_class), 0);
}

void depot::count_unused(std::size_t more, std::size_t fewer) noexcept {
    unused_.store(unused_bytes() + more - fewer, base::relaxed);  // Relaxed: only the number matters.
}

slab* depot::new_slab(std::size_t size_class) noexcept {
    if (roomy_ == nullptr) roomy_ = chunk::map();
    if (roomy_ == nullptr) return nullptr;
    chunk& from = *roomy_;
    const auto number = static_cast<std::size_t>(std::countr_zero(from.room));
    // The lowest bit goes. A chunk without room is in no list; its slabs know it.
    from.room &= from.room - 1;
    if (from.room == 0) roomy_ = std::exchange(from.next, nullptr);
    auto* const made =
        new (from.base + number * slab_bytes) slab{size_class, first_offset_of(block_bytes_of(size_class))};
    made->home = &from;
    made->link_before(pooled_);
    bytes_ += slab_bytes;
    return made;
}

void* depot::allocate_large(std::size_t bytes) {
    const std::size_t first = first_offset_of(bytes);
    // Where the block is aligned to more than a slab, it lies one slab behind its own, and that one behind a gap.
    const std::size_t alignment = std::max(natural_alignment(bytes), slab_bytes);
    const std::size_t before = alignment - slab_bytes;
    // Outside of the lock, because it may take long.
    auto* const memory = static_cast<std::byte*>(::operator new (before + first + bytes, std::align_val_t{alignment}));
    // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDeleteLeaks): the list gets it.
    auto* const made = new (memory + before) slab{slab::large, first, before};
    const std::lock_guard guard{lock_};
    made->link_before(large_);
    return made->first_block();
}

void depot::release_large(slab& block) noexcept {
    {
        const std::lock_guard guard{lock_};
        // Before the memory goes, so that no visit comes to it.
        block.unlink();
    }
    const std::size_t before = block.before;
    ::operator delete (reinterpret_cast<std::byte*>(&block) - before, std::align_val_t{slab_bytes + before});
}

void depot::visit(task_owner owner, void (*visit)(task_header&, void*) noexcept, void* argument) noexcept {
    const std::lock_guard guard{lock_};
    const auto one = [&](task_header& task) { visit(task, argument); };
    for (slab* const ring : {&pooled_, &large_})
        for (slab* s = ring->next; s != ring; s = s->next) visit_slab(*s, owner, one);
}

portion depot::visit_portion(task_owner owner, std::uint32_t round, portion_visitor& to) noexcept {
    using enum portion_visitor::then;
    const std::unique_lock guard{lock_, std::try_to_lock};
    if (!guard.owns_lock()) return portion::busy;
    for (slab* const ring : {&pooled_, &large_})
        for (slab* s = ring->next; s != ring;) {
            slab& at = *std::exchange(s, s->next);
            if (at.looked == round) continue;
            visit_slab(at, owner, [&to](task_header& task) { to.visit(task); });
            const portion_visitor::then then = to.end_slab();
            if (then != again) {
                at.looked = round;
                // So that the next portion finds the others in front.
                at.unlink();
                at.link_before(*ring);
            }
            if (then != next) return portion::more;
        }
    return portion::last;
}

std::size_t depot::bytes() noexcept {
    const std::lock_guard guard{lock_};
    return bytes_;
}

// What another thread had taken out to trim it is lost to the child, and that thread with it.
void depot::end_fork_in_child() noexcept {
    if (std::exchange(trimming_, false)) {
        releases_ = false;
        // The next trim counts from 0, whatever that thread has left behind in the slabs.
        for (slab* s = pooled_.next; s != &pooled_; s = s->next) s->seen = 0;
    }
    end_fork();
}

#if defined(__linux__)
namespace {

[[maybe_unused]] const int watched =
    ::pthread_atfork([] { depot::the().begin_fork(); }, [] { depot::the().end_fork(); },
                     [] { depot::the().end_fork_in_child(); });

}  // namespace
#endif

}  // namespace bifilar::detail::frames

#endif
