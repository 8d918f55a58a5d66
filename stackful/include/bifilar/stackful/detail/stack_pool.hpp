// The runtime's stacks: slabs of equal stacks, a depot of free ones, and a warm list per worker.
// It builds on stack.hpp. A stack's record lies in the stack's own top page, so that a stack costs no other memory.
// A parked fiber that touches only its top page costs that page and its share of the page tables.
#pragma once

#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/base/detail/clock.hpp>
#include <bifilar/base/detail/intrusive_list.hpp>
#include <bifilar/base/detail/spin_lock.hpp>
#include <bifilar/memory/detail/frame_trim.hpp>
#include <bifilar/stackful/detail/stack.hpp>
#include <bifilar/task/detail/portion_visitor.hpp>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace bifilar {
namespace detail {
struct task_header;
}
}  // namespace bifilar

namespace bifilar::stackful {

/// Which task lives on a stack of any pool, for visit_tasks. Lies above the stack, where nothing is ever poisoned or
/// discarded, and is there as long as the pool has the stack, taken or not.
// Null: no task, or one that is being made and not known yet, or one that is over. Else: a task that was started and
// has not completed. Set by task_place::publish inside the scheduler's gate; reset by the worker that completes the
// task, before anybody may free it. Read by visit_tasks.
[[nodiscard]] inline base::atomic<detail::task_header*>& task_on(stack_view stack) noexcept {
    return *reinterpret_cast<base::atomic<detail::task_header*>*>(stack.top);
}

struct stack_pool_options {
    /// Bytes of the guard below each stack, rounded up to pages; at most largest_stack_bytes. A frame larger than this
    /// steps over it, unless the code is compiled with -fstack-clash-protection, as whatever links the library is; see
    /// docs/guides/stacks.md. 64 KiB costs 128 bytes of page table more a stack.
    std::size_t guard_bytes = 4096;
    guard_kind guard = guard_kind::best;
    /// A stack used deeper than this loses all pages but its top one when it leaves a warm list for the depot.
    std::size_t trim_bytes = std::size_t{64} << 10;
    /// Free stacks a size class keeps in the depot; beyond that, slabs without a taken stack go back to the kernel at
    /// once. What was not needed lately goes back with a trim in any case.
    std::size_t spare_stacks = SIZE_MAX;
    /// Shifts each stack's top by 0 to 960 bytes. Without it the busiest lines of all parked fibers have the same
    /// address bits and share 1/64 of the first-level cache. The shift stays inside the top page.
    bool colour = true;
};

/// Numbers of one pool. Stacks in warm lists count as taken.
struct stack_pool_counts {
    std::size_t slabs = 0;
    std::size_t taken = 0;
    std::size_t free = 0;
    std::size_t reserved_bytes = 0;
};

struct stack_slab;
struct stack_record;
struct in_shelf;  // Tags of the two lists that a slab may be in.
struct in_stock;
/// All fiber stacks of one runtime. Sizes are rounded up to powers of two (stack_class_bytes()).
///
/// What a parked shallow fiber costs besides its page: (stack + guard) / 512 bytes of page table, because the guard
/// and the top need entries of their own. 16 KiB: 40 B, 64 KiB: 136 B, 256 KiB: 520 B. Stacks are packed one after
/// the other, which is what lets small ones share a table.
class stack_pool {
public:
    /// Throws std::invalid_argument for a guard that is too large.
    explicit stack_pool(stack_pool_options options = {});
    stack_pool(const stack_pool&) = delete;
    stack_pool& operator=(const stack_pool&) = delete;
    /// Gives all memory back. Checks that no stack is taken and no stack_cache is left.
    ~stack_pool();

    /// A stack of at least `bytes` usable bytes less 1 KiB for record and colour. Its content is undefined; `top` is
    /// aligned to 64. Any thread. Throws std::invalid_argument for the size, std::system_error when the kernel has
    /// no more (both say what to do), std::bad_alloc. Workers use a stack_cache instead: this takes a lock.
    [[nodiscard]] stack_view take(std::size_t bytes);

    /// Returns a stack that nobody runs on any more. Any thread.
    void give(stack_view stack) noexcept;

    /// Calls `visit` for every task that task_on tells of. While no task completes; stacks may be taken and returned,
    /// and tasks be started, meanwhile. Under a lock of the pool: `visit` leaves the pool alone.
    void visit_tasks(void (*visit)(detail::task_header&, void*) noexcept, void* argument) noexcept;

    /// The same in portions, for the visit with that number; see portion_visitor. Never waits.
    [[nodiscard]] detail::portion visit_portion(std::uint32_t round, detail::portion_visitor& to) noexcept;

    /// `none` up to 64 free stacks, `later` up to so many more than what the last trim could not give back. Two loads;
    /// any thread.
    [[nodiscard]] detail::trim_need needs_trimming() const noexcept {
        const std::size_t free = free_.load(base::relaxed);  // Relaxed, both: a hint.
        if (free <= least_free_stacks) return detail::trim_need::none;
        return free > enough_.load(base::relaxed) ? detail::trim_need::soon : detail::trim_need::later;
    }
    /// When the last trim was at least `pause` before `now`, gives slabs back of which no stack is taken, as many as
    /// nobody has needed since then; true when it was. Any thread.
    bool trim(base::instant_ns now, base::instant_ns pause) noexcept;

    /// Any thread. Takes the lock of each size class in turn.
    [[nodiscard]] stack_pool_counts counts() const noexcept;

    /// The guard below a stack of any pool, as [first, second). Async-signal-safe.
    [[nodiscard]] static stack_view guard_of(stack_view stack) noexcept;

private:
    // Takes and gives batches, whose stacks change their states on the way; all others take and give one stack.
    friend class stack_cache;

    static constexpr std::size_t smallest_class = std::countr_zero(smallest_stack_bytes);
    static constexpr std::size_t classes = std::countr_zero(largest_stack_bytes) - smallest_class + 1;
    static constexpr std::size_t batch_stacks = 32;

    // All stacks of one size.
    struct shelf {
        mutable base::spin_lock lock;  // Guards all below, and the slabs' counts and free lists. Held alone.
        base::intrusive_list<stack_slab, in_shelf> slabs;
        // Those with a free stack, in front, and those with space that was never used.
        base::intrusive_list<stack_slab, in_stock> stock;
        std::size_t slab_count = 0;
        std::size_t stack_count = 0;
        std::size_t free_count = 0;
        std::size_t least_free = 0;  // The fewest since the last trim: so many were not needed.
    };

    static std::size_t class_of(std::size_t bytes) {
        return static_cast<std::size_t>(std::countr_zero(stack_class_bytes(bytes))) - smallest_class;
    }
    std::size_t pitch(std::size_t size_class) const noexcept;
    stack_record* record_at(const stack_slab& slab, std::size_t index) const noexcept;
    template <class Visit>
    void visit_slab(const stack_slab& slab, Visit visit) noexcept;
    stack_record* take_batch(std::size_t size_class, std::size_t most);
    stack_record* take_free(shelf& from, std::size_t most) noexcept;
    stack_record* carve(stack_slab& slab, std::size_t index);
    stack_slab* make_slab(std::size_t size_class);
    void give_batch(std::size_t size_class, stack_record* batch) noexcept;
    static void take_out(shelf& from, stack_slab& slab) noexcept;
    void release_slab(stack_slab* slab) noexcept;
    [[nodiscard]] bool trim_shelf(shelf& from) noexcept;

    const stack_pool_options options_;
    std::array<shelf, classes> shelves_;
    // Caches that exist. Written by their constructors and destructors, read by ours.
    base::atomic<std::size_t> caches_{0};
    // Numbers the slabs, to spread the colours of stacks that have a slab to themselves. Any thread.
    base::atomic<std::size_t> next_slab_{0};
    // Free stacks in all shelves. Written under the locks of shelves, read as a hint.
    base::atomic<std::size_t> free_{0};
    // With more than these a trim comes soon. Written by trim, read as a hint.
    base::atomic<std::size_t> enough_{least_free_stacks};
    // When the last trim was. Written by the thread that trims.
    base::atomic<base::instant_ns> trimmed_ns_{0};
    static constexpr std::size_t least_free_stacks = 64;
};

/// One worker's warm stacks: the newest returned is the next taken, while its top is still in the cache.
/// Owner thread only. A stack may be taken through one cache and given through another, or through the pool.
class stack_cache {
public:
    explicit stack_cache(stack_pool& pool) noexcept;
    stack_cache(const stack_cache&) = delete;
    stack_cache& operator=(const stack_cache&) = delete;
    ~stack_cache();

    /// As stack_pool::take; a few nanoseconds from the warm list.
    [[nodiscard]] stack_view take(std::size_t bytes);
    /// As stack_pool::give. When 64 are warm, the coldest 32 move to the depot.
    void give(stack_view stack) noexcept;
    /// Moves all warm stacks to the depot, which trims those that were used deeply.
    void flush() noexcept;

private:
    static constexpr std::size_t warm_stacks = 64;
    struct bin {
        stack_record* first = nullptr;
        std::size_t length = 0;
    };
    void spill(bin& from, std::size_t size_class, std::size_t keep) noexcept;
    [[gnu::noinline]] void refill(bin& to, std::size_t size_class);

    stack_pool& pool_;
    std::array<bin, stack_pool::classes> bins_{};
};

}  // namespace bifilar::stackful
