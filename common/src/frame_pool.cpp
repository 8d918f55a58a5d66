// The frame pool. Thread caches hand chains of blocks to the depot and take chains back: one lock a chain.
// Slabs are 64 KiB, aligned to their size, so a block finds its slab, and a slab its size class, from the address.
// Under AddressSanitizer frame_pool_asan.cpp takes this file's place.
#include <bifilar/base/sanitizer.hpp>
#if !defined(BIFILAR_ASAN)

#include "frame_chunk.hpp"
#include "frame_marks.hpp"

#include <bifilar/base/assert.hpp>
#include <bifilar/base/atomic.hpp>
#include <bifilar/base/sanitizer.hpp>
#include <bifilar/base/spin_lock.hpp>
#include <bifilar/core/thread_state.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <mutex>
#include <new>
#include <utility>

namespace bifilar {
namespace {

constexpr std::size_t slab_bytes = 64 * 1024;
constexpr std::size_t slabs_per_chunk = 16;
constexpr std::size_t smallest_block_bytes = 64;
constexpr std::size_t fine_limit_bytes = 1024;
constexpr std::size_t fine_step_bytes = 16;
constexpr std::size_t coarse_step_bytes = 256;
constexpr std::size_t fine_classes = fine_limit_bytes / fine_step_bytes;
constexpr std::size_t classes = fine_classes + (largest_pooled_bytes - fine_limit_bytes) / coarse_step_bytes + 1;
constexpr std::uint32_t chain_blocks = 64;

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

// What a 64 KiB boundary starts with: pooled blocks of one size, or one large block.
struct slab {
    static constexpr std::uint32_t large = ~std::uint32_t{0};

    slab(std::size_t kind, std::size_t first_offset) noexcept
        : size_class{static_cast<std::uint32_t>(kind)}, first{static_cast<std::uint32_t>(first_offset)} {}

    slab* next = nullptr;
    slab* prev = nullptr;  // Large blocks only: they come and go.
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

struct depot {
    base::spin_lock lock;  // Guards all below. Taken by nobody who holds another lock of the library.
    std::array<free_block*, classes> chains{};
    slab* slabs = nullptr;
    std::byte* chunk = nullptr;
    std::byte* chunk_end = nullptr;
    std::size_t bytes = 0;
    slab large{slab::large, 0};  // The ring of large blocks.
};

depot& the_depot() noexcept {
    // Never destroyed: frames may be freed by destructors of statics.
    alignas(depot) static std::byte place[sizeof(depot)];
    static depot* const one = [] {
        auto* const made = new (place) depot;
        made->large.next = made->large.prev = &made->large;
        return made;
    }();
    return *one;
}

void* allocate_large(std::size_t bytes) {
    const std::size_t first = first_offset_of(bytes);
    void* const memory = ::operator new(first + bytes, std::align_val_t{slab_bytes});
    auto* const made = new (memory) slab{slab::large, first};
    depot& d = the_depot();
    const std::lock_guard guard{d.lock};
    made->next = &d.large;
    made->prev = d.large.prev;
    made->prev->next = d.large.prev = made;
    return made->first_block();
}

void release_large(slab& block) noexcept {
    depot& d = the_depot();
    {
        const std::lock_guard guard{d.lock};
        block.next->prev = block.prev;
        block.prev->next = block.next;
    }
    ::operator delete(&block, std::align_val_t{slab_bytes});
}

// Under the depot's lock.
slab* new_slab(depot& d, std::size_t size_class) noexcept {
    if (d.chunk == d.chunk_end) {
        constexpr std::size_t chunk_bytes = slab_bytes * slabs_per_chunk;
        void* const raw = detail::map_frame_chunk(chunk_bytes + slab_bytes);
        if (raw == nullptr) return nullptr;
        const auto start = (reinterpret_cast<std::uintptr_t>(raw) + slab_bytes - 1) & ~(slab_bytes - 1);
        d.chunk = reinterpret_cast<std::byte*>(start);
        d.chunk_end = d.chunk + chunk_bytes;
        d.bytes += chunk_bytes;
    }
    auto* const made = new (d.chunk) slab{size_class, first_offset_of(block_bytes_of(size_class))};
    d.chunk += slab_bytes;
    made->next = d.slabs;
    d.slabs = made;
    return made;
}

}  // namespace

// A thread's share: per size class two chains of free blocks and the untouched rest of a slab.
class frame_cache {
public:
    void* allocate(std::size_t size_class) {
        bin& b = bins_[size_class];
        if (free_block* const block = b.free; block != nullptr) [[likely]] {
            b.free = block->next;
            --b.length;
            return block;
        }
        return allocate_slow(b, size_class);
    }

    void release(void* memory, std::size_t size_class) noexcept {
        bin& b = bins_[size_class];
        auto* const block = static_cast<free_block*>(memory);
        if (b.length == chain_blocks) [[unlikely]]
            shelve(b, size_class);
        block->next = b.free;
        b.free = block;
        ++b.length;
    }

    // Hands everything to the depot; the thread ends.
    void flush() noexcept {
        for (std::size_t size_class = 0; size_class < classes; ++size_class) {
            bin& b = bins_[size_class];
            for (; b.fresh != b.fresh_end; b.fresh += block_bytes_of(size_class)) release(b.fresh, size_class);
            if (b.free != nullptr) b.free->length = b.length;
            give(b.free, size_class);
            give(b.spare, size_class);
            b = {};
        }
    }

private:
    struct bin {
        free_block* free = nullptr;   // The chain in use.
        free_block* spare = nullptr;  // A full chain, or null: keeps a thread at a chain's edge off the depot.
        std::byte* fresh = nullptr;   // Blocks of the newest slab that were never used.
        std::byte* fresh_end = nullptr;
        std::uint32_t length = 0;
    };

    [[gnu::noinline]] void* allocate_slow(bin& b, std::size_t size_class) {
        if (b.spare == nullptr && b.fresh == b.fresh_end) refill(b, size_class);
        if (b.spare != nullptr) {
            b.free = std::exchange(b.spare, nullptr);
            b.length = b.free->length;
            free_block* const block = b.free;
            b.free = block->next;
            --b.length;
            return block;
        }
        void* const block = b.fresh;
        b.fresh += block_bytes_of(size_class);
        return block;
    }

    void refill(bin& b, std::size_t size_class) {
        depot& d = the_depot();
        const std::lock_guard guard{d.lock};
        if (free_block*& chains = d.chains[size_class]; chains != nullptr) {
            b.spare = chains;
            chains = b.spare->next_chain;
            return;
        }
        slab* const made = new_slab(d, size_class);
        if (made == nullptr) throw std::bad_alloc{};
        b.fresh = made->first_block();
        b.fresh_end = b.fresh + blocks_of(size_class) * block_bytes_of(size_class);
    }

    [[gnu::noinline]] static void shelve(bin& b, std::size_t size_class) noexcept {
        give(b.spare, size_class);
        b.spare = std::exchange(b.free, nullptr);
        b.spare->length = std::exchange(b.length, 0);
    }

    static void give(free_block* chain, std::size_t size_class) noexcept {
        if (chain == nullptr) return;
        depot& d = the_depot();
        const std::lock_guard guard{d.lock};
        chain->next_chain = d.chains[size_class];
        d.chains[size_class] = chain;
    }

    std::array<bin, classes> bins_{};
};

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
        here.frames = nullptr;
        if (cache == nullptr) return;  // There was no memory for it.
        cache->flush();
        delete cache;
    }
};

// Null where the thread ends and where there is no memory for a cache.
[[gnu::noinline]] frame_cache* open_cache() noexcept {
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

void* allocate_frame(std::size_t bytes) {
    if (bytes > largest_pooled_bytes) return allocate_large(bytes);
    const std::size_t size_class = class_of(bytes);
    if (frame_cache* const cache = this_cache(); cache != nullptr) [[likely]]
        return cache->allocate(size_class);
    frame_cache passing;
    void* const block = passing.allocate(size_class);
    passing.flush();
    return block;
}

void release_frame(void* block) noexcept {
    slab& home = slab::of(block);
    if (home.size_class == slab::large) return release_large(home);
    if (frame_cache* const cache = this_cache(); cache != nullptr) [[likely]]
        return cache->release(block, home.size_class);
    frame_cache passing;
    passing.release(block, home.size_class);
    passing.flush();
}

void* allocate_coroutine(std::size_t bytes, std::size_t alignment) {
    thread_state& here = this_thread();
    if (here.frame_prefix_bytes == 0) [[likely]]
        return allocate_frame(bytes);
    std::size_t prefix = std::exchange(here.frame_prefix_bytes, 0);
    if (alignment > 16) [[unlikely]] {
        if (alignment > widest_prefix_alignment) return allocate_frame(bytes);
        prefix = wide_prefix(prefix);
    }
    BIFILAR_ASSERT(prefix <= largest_prefix_bytes, "a frame prefix is too long for its mark");
    // At least a granule behind the prefix, so that the frame's mark is not the next block's.
    void* const frame =
        static_cast<std::byte*>(allocate_frame(std::max(bytes, smallest_block_bytes) + prefix)) + prefix;
    mark_task(frame, nobody, prefix);
    return frame;
}

void release_coroutine(void* frame) noexcept {
    base::atomic<mark>& at = slab::of(frame).mark_of(frame);
    // Relaxed: only the thread that destroys the frame looks, and whoever marked it came before.
    const mark seen = at.load(base::relaxed);
    if (seen == 0) [[likely]]
        return release_frame(frame);
    if (owner_of(seen) != nobody) return;
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

void mark_task(void* place, task_owner owner, std::size_t before) noexcept {
    // Pairs with visit_slab; so that the task is seen whole.
    slab::of(place).mark_of(place).store(make_mark(owner, before), base::release);
}

void unmark_task(void* place) noexcept {
    // Relaxed: visit_tasks comes while the worker that does this stands still, which orders it.
    slab::of(place).mark_of(place).store(0, base::relaxed);
}

namespace {

// A mark tells the granule; the place in it follows from the block size, or from the prefix in front of a frame.
void visit_slab(slab& home, std::size_t block_bytes, std::size_t count, task_owner owner,
                void (*visit)(task_header&, void*) noexcept, void* argument) noexcept {
    std::byte* block = home.first_block();
    for (std::size_t index = 0; index < count; ++index, block += block_bytes) {
        // The place is the block, or lies a prefix behind it: two granules to look at, three at most.
        for (std::size_t prefix = 0; prefix <= largest_prefix_bytes; prefix += 16) {
            // Pairs with mark_task; so that the task is seen whole. Marks of other owners are skipped, whatever they
            // are.
            const mark seen = home.mark_of(block + prefix).load(base::acquire);
            if (owner_of(seen) != owner || header_before(seen) != prefix) continue;
            visit(*reinterpret_cast<task_header*>(block), argument);
            break;
        }
    }
}

}  // namespace

void visit_tasks(task_owner owner, void (*visit)(task_header&, void* argument) noexcept, void* argument) noexcept {
    depot& d = the_depot();
    const std::lock_guard guard{d.lock};
    for (slab* s = d.slabs; s != nullptr; s = s->next) {
        visit_slab(*s, block_bytes_of(s->size_class), blocks_of(s->size_class), owner, visit, argument);
    }
    for (slab* s = d.large.next; s != &d.large; s = s->next) visit_slab(*s, 0, 1, owner, visit, argument);
}

std::size_t frame_pool_bytes() noexcept {
    depot& d = the_depot();
    const std::lock_guard guard{d.lock};
    return d.bytes;
}

}  // namespace bifilar

#endif
