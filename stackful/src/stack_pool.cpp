// The stack pool. The warm lists take no lock; the depot takes one a batch of up to 32 stacks.
// All system calls happen outside the locks: guards, mappings and trimming are the slow part.
// ASan sees a returned stack as poisoned; Valgrind is told of each stack once, when it is first carved.
#include <bifilar/stackful/detail/stack_pool.hpp>

#include "stack_slab.hpp"

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/base/detail/sanitizer.hpp>
#include <bifilar/base/detail/valgrind.hpp>

#include <algorithm>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

#if defined(BIFILAR_ASAN)
#include <sanitizer/asan_interface.h>
#endif
#if defined(BIFILAR_VALGRIND)
#include <valgrind/valgrind.h>
#endif

namespace bifilar::stackful {
namespace {


constexpr std::size_t colours = 16;
constexpr std::size_t colour_step_bytes = 64;
constexpr std::size_t slab_limit_bytes = std::size_t{16} << 20;
constexpr std::size_t slab_limit_stacks = 64;  // A bit each in stack_slab::constructed.

stack_view view_of(stack_record& record) noexcept { return {record.low, reinterpret_cast<std::byte*>(&record)}; }

stack_record& record_of(stack_view stack) noexcept {
    auto& record = *reinterpret_cast<stack_record*>(stack.top);
    BIFILAR_CHECK(!stack.empty() && record.low == stack.low && record.state == stack_state::taken,
                  "a stack was returned that is not taken; return each stack once, as it was taken");
    return record;
}

stack_view hand_out(stack_record& record) noexcept {
    record.state = stack_state::taken;
#if defined(BIFILAR_ASAN)
    // Also clears the red zones of frames that were left without returning.
    __asan_unpoison_memory_region(record.low, view_of(record).size());
#endif
    return view_of(record);
}

void take_back(stack_record& record, stack_state state) noexcept {
    record.state = state;
#if defined(BIFILAR_ASAN)
    __asan_poison_memory_region(record.low, view_of(record).size());
#endif
}

// Whether the stack was used deeper than `bytes`: four words spread over a page's length are looked at. Frames may
// leave a word zero, hence four; a miss costs memory until the next return. Reading an untouched page maps the
// kernel's zero page, which is not counted. A watermark written there would cost every shallow stack a page.
BIFILAR_UNSANITIZED bool used_deeper(const stack_record& record, std::size_t bytes) noexcept {
    constexpr std::size_t probes = 4, step_bytes = 1024;
    const auto* const top = reinterpret_cast<const std::byte*>(&record);
    if (static_cast<std::size_t>(top - record.low) < bytes + probes * step_bytes) return false;
    const base::unreported_reads any;
    const auto* at = reinterpret_cast<const volatile std::uint64_t*>(top - bytes);
    std::uint64_t seen = 0;
    for (std::size_t i = 1; i <= probes; ++i) seen |= *(at - i * step_bytes / sizeof(*at));
    return seen != 0;
}

void discard_deep_pages(stack_record& record, std::size_t bytes) noexcept {
    if (!used_deeper(record, bytes)) [[likely]]
        return;
    // The record's page stays: it holds the record, and the next fiber needs it first.
    const auto top_page = reinterpret_cast<std::uintptr_t>(&record) & ~(page_bytes() - 1);
    discard_pages(record.low, top_page - reinterpret_cast<std::uintptr_t>(record.low));
}

}  // namespace

stack_pool::stack_pool(stack_pool_options options)
    : options_([&options] {
          const std::size_t page = page_bytes();
          if (options.guard_bytes > largest_stack_bytes)
              throw std::invalid_argument("guard_bytes is " + std::to_string(options.guard_bytes) +
                                          ", too large; ask for " + std::to_string(largest_stack_bytes) + " at most");
          options.guard_bytes = std::max((options.guard_bytes + page - 1) / page * page, page);
          return options;
      }()) {}

stack_pool::~stack_pool() {
    // Relaxed: as all in a destructor.
    BIFILAR_CHECK(caches_.load(base::relaxed) == 0,
                  "a stack_pool was destroyed before its caches; destroy those first");
    for (shelf& s : shelves_) {
        while (stack_slab* const slab = s.slabs.take_front()) {
            BIFILAR_CHECK(slab->idle(), "a stack_pool was destroyed with stacks still taken; return them first");
            if (slab->stocked()) s.stock.erase(*slab);
            release_slab(slab);
        }
    }
}

std::size_t stack_pool::pitch(std::size_t size_class) const noexcept {
    return (smallest_stack_bytes << size_class) + options_.guard_bytes;
}

stack_record* stack_pool::record_at(const stack_slab& slab, std::size_t index) const noexcept {
    std::byte* const end = slab.base + (index + 1) * pitch(slab.size_class);
    // The number of the slab counts too, because stacks that have a slab to themselves all have index 0.
    const std::size_t colour = options_.colour ? (slab.number + index) % colours * colour_step_bytes : 0;
    return reinterpret_cast<stack_record*>(end - colour - sizeof(stack_record));
}

stack_view stack_pool::take(std::size_t bytes) { return hand_out(*take_batch(class_of(bytes), 1)); }

void stack_pool::give(stack_view stack) noexcept {
    stack_record& record = record_of(stack);
    take_back(record, stack_state::free);
    record.next = nullptr;
    give_batch(record.slab->size_class, &record);
}

// One to `most` free stacks, linked; or one that was never used.
stack_record* stack_pool::take_batch(std::size_t size_class, std::size_t most) {
    shelf& from = shelves_[size_class];
    stack_slab* made = nullptr;
    for (;;) {
        stack_slab* slab = nullptr;
        std::uint32_t index = 0;
        {
            const std::lock_guard guard{from.lock};
            if (made != nullptr) {
                from.slabs.push_back(*made);
                from.stock.push_back(*made);
                ++from.slab_count;
            }
            if (stack_record* const batch = take_free(from, most); batch != nullptr) return batch;
            slab = from.stock.front();
            if (slab != nullptr) {
                // Claimed under the lock, and made usable outside of it.
                index = slab->carved++;
                ++from.stack_count;
                if (slab->carved == slab->capacity) from.stock.erase(*slab);
            }
        }
        // The claimed stack counts as taken, so nobody releases the slab meanwhile.
        if (slab != nullptr) return carve(*slab, index);
        // Outside of the lock. It is linked in the next turn, in which stacks that came back meanwhile are taken first.
        made = make_slab(size_class);
    }
}

// Under the shelf's lock. Null when all free stacks are gone.
stack_record* stack_pool::take_free(shelf& from, std::size_t most) noexcept {
    stack_record* batch = nullptr;
    const std::size_t before = from.free_count;
    for (; most != 0 && from.free_count != 0; --most) {
        stack_slab* const slab = from.stock.front();
        // Slabs with free stacks stand in front, so this one has some as long as any has.
        stack_record* const record = slab->free_first;
        slab->free_first = record->next;
        --slab->free;
        --from.free_count;
        record->next = std::exchange(batch, record);
        if (slab->free != 0) continue;
        // Those with free stacks stay in front of those that have only untouched ones.
        from.stock.erase(*slab);
        if (slab->carved != slab->capacity) from.stock.push_back(*slab);
    }
    from.least_free = std::min(from.least_free, from.free_count);
    if (before != from.free_count) free_.fetch_sub(before - from.free_count, base::relaxed);  // Relaxed: see free_.
    return batch;
}

// Makes the claimed stack usable: guard, record, Valgrind.
stack_record* stack_pool::carve(stack_slab& slab, std::size_t index) {
    shelf& from = shelves_[slab.size_class];
    std::byte* const guard_low = slab.base + index * pitch(slab.size_class);
    try {
        if (install_guard(guard_low, slab.guard_bytes, options_.guard) == guard_kind::protect) {
            const std::lock_guard guard{from.lock};
            ++slab.protect_guards;
        }
    } catch (...) {
        const std::lock_guard guard{from.lock};
        --from.stack_count;
        // The claim is taken back where no other came behind it; else the place stays a hole, which nobody uses.
        if (slab.carved == index + 1) {
            --slab.carved;
            if (!slab.stocked()) from.stock.push_back(slab);
        } else {
            ++slab.holes;
        }
        throw;
    }
    // Behind the guard, so that a stack that has a record can be used.
    auto* const record = new (record_at(slab, index)) stack_record{};
    record->slab = &slab;
    record->low = guard_low + slab.guard_bytes;
#if defined(BIFILAR_VALGRIND)
    record->valgrind_id = VALGRIND_STACK_REGISTER(record->low, record);
#endif
    // Pairs with visit_tasks; so that it finds a record there, with no task.
    slab.constructed.fetch_or(std::uint64_t{1} << index, base::release);
    return record;
}

stack_slab* stack_pool::make_slab(std::size_t size_class) {
    auto* const slab = new stack_slab;
    const std::size_t each = pitch(size_class);
    const std::size_t count = std::clamp<std::size_t>(slab_limit_bytes / each, 1, slab_limit_stacks);
    try {
        slab->base = reserve_stacks(count * each);
    } catch (...) {
        delete slab;
        throw;
    }
    slab->bytes = count * each;
    slab->guard_bytes = options_.guard_bytes;
    slab->size_class = static_cast<std::uint32_t>(size_class);
    slab->capacity = static_cast<std::uint32_t>(count);
    // Relaxed: only the number matters.
    slab->number = next_slab_.fetch_add(1, base::relaxed);
    return slab;
}

void stack_pool::give_batch(std::size_t size_class, stack_record* batch) noexcept {
    // Before the lock, because each stack that was used deeply costs a call into the kernel.
    for (stack_record* r = batch; r != nullptr; r = r->next) discard_deep_pages(*r, options_.trim_bytes);
    shelf& to = shelves_[size_class];
    stack_slab* released = nullptr;
    {
        const std::lock_guard guard{to.lock};
        const std::size_t before = to.free_count;
        while (batch != nullptr) {
            stack_record* const record = std::exchange(batch, batch->next);
            stack_slab* const slab = record->slab;
            record->next = std::exchange(slab->free_first, record);
            ++to.free_count;
            // Slabs with a free stack stand in front, see shelf::stock.
            if (++slab->free == 1) {
                if (slab->stocked()) to.stock.erase(*slab);
                to.stock.push_front(*slab);
            }
            // More than the spare ones, and none of this slab's is out: it goes at once.
            if (!slab->idle() || to.free_count <= options_.spare_stacks) continue;
            take_out(to, *slab);
            slab->next_released = std::exchange(released, slab);
        }
        to.least_free = std::min(to.least_free, to.free_count);
        free_.fetch_add(to.free_count - before, base::relaxed);  // Relaxed: see free_. Fewer than before wrap around.
    }
    // A call into the kernel, so without the lock.
    while (released != nullptr) release_slab(std::exchange(released, released->next_released));
}

// Under the shelf's lock, of an idle slab.
void stack_pool::take_out(shelf& from, stack_slab& slab) noexcept {
    from.stock.erase(slab);
    from.slabs.erase(slab);
    --from.slab_count;
    from.stack_count -= slab.free;
    from.free_count -= slab.free;
}

void stack_pool::release_slab(stack_slab* slab) noexcept {
#if defined(BIFILAR_VALGRIND)
    // Relaxed: whoever carved gave the stack back before, under the shelf's lock. Holes have no bit.
    for (std::uint64_t left = slab->constructed.load(base::relaxed); left != 0; left &= left - 1)
        VALGRIND_STACK_DEREGISTER(record_at(*slab, static_cast<std::size_t>(std::countr_zero(left)))->valgrind_id);
#endif
#if defined(BIFILAR_ASAN)
    // The next mapping at this place must not inherit the poison.
    __asan_unpoison_memory_region(slab->base, slab->bytes);
#endif
    release_stacks(slab->base, slab->bytes, slab->protect_guards);
    delete slab;
}

stack_pool_counts stack_pool::counts() const noexcept {
    stack_pool_counts sum;
    for (std::size_t i = 0; i < classes; ++i) {
        const shelf& s = shelves_[i];
        const std::lock_guard guard{s.lock};
        sum.slabs += s.slab_count;
        sum.taken += s.stack_count - s.free_count;
        sum.free += s.free_count;
        sum.reserved_bytes +=
            s.slab_count * pitch(i) * std::clamp<std::size_t>(slab_limit_bytes / pitch(i), 1, slab_limit_stacks);
    }
    return sum;
}

stack_view stack_pool::guard_of(stack_view stack) noexcept {
    const auto& record = *reinterpret_cast<const stack_record*>(stack.top);
    return {stack.low - record.slab->guard_bytes, stack.low};
}

stack_cache::stack_cache(stack_pool& pool) noexcept : pool_(pool) {
    pool_.caches_.fetch_add(1, base::relaxed);  // Relaxed: whoever destroys the pool is ordered behind us by the join.
}

stack_cache::~stack_cache() {
    flush();
    pool_.caches_.fetch_sub(1, base::relaxed);  // Relaxed: as above.
}

stack_view stack_cache::take(std::size_t bytes) {
    const std::size_t size_class = stack_pool::class_of(bytes);
    bin& b = bins_[size_class];
    if (b.first == nullptr) [[unlikely]]
        refill(b, size_class);
    stack_record& record = *b.first;
    b.first = record.next;
    --b.length;
    return hand_out(record);
}

void stack_cache::refill(bin& to, std::size_t size_class) {
    to.first = pool_.take_batch(size_class, stack_pool::batch_stacks);
    for (stack_record* r = to.first; r != nullptr; r = r->next) {
        // Not taken, so a stack that is returned twice is noticed in this list too.
        r->state = stack_state::warm;
        ++to.length;
    }
}

void stack_cache::give(stack_view stack) noexcept {
    stack_record& record = record_of(stack);
    const std::size_t size_class = record.slab->size_class;
    bin& b = bins_[size_class];
    if (b.length == warm_stacks) [[unlikely]]
        spill(b, size_class, warm_stacks - stack_pool::batch_stacks);
    take_back(record, stack_state::warm);
    record.next = std::exchange(b.first, &record);
    ++b.length;
}

void stack_cache::flush() noexcept {
    for (std::size_t size_class = 0; size_class < bins_.size(); ++size_class) spill(bins_[size_class], size_class, 0);
}

// Keeps the `keep` stacks returned last.
void stack_cache::spill(bin& from, std::size_t size_class, std::size_t keep) noexcept {
    if (from.length <= keep) return;
    // The newest are in front, and stay.
    stack_record** cut = &from.first;
    for (std::size_t i = 0; i < keep; ++i) cut = &(*cut)->next;
    stack_record* const batch = std::exchange(*cut, nullptr);
    from.length = keep;
    for (stack_record* r = batch; r != nullptr; r = r->next) r->state = stack_state::free;
    pool_.give_batch(size_class, batch);
}

}  // namespace bifilar::stackful
