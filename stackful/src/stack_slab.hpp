// A slab of equal stacks, and the record at the top of each stack. Used by stack_pool.cpp and stack_trim.cpp.
#pragma once

#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/base/detail/intrusive_list.hpp>
#include <bifilar/stackful/detail/stack_pool.hpp>

#include <cstddef>
#include <cstdint>

namespace bifilar::stackful {

enum class stack_state : std::uint32_t { taken = 0x7461'6b65, warm = 0x7761'726d, free = 0x6672'6565 };

// At the top of every stack, above what its user sees. Owned by whoever holds the stack, but for `task`.
struct alignas(64) stack_record {
    base::atomic<detail::task_header*> task;  // See task_on.
    stack_slab* slab;
    std::byte* low;
    stack_record* next;  // In a warm list, a batch, or the slab's free list.
    stack_state state;
    unsigned valgrind_id;
};
static_assert(sizeof(stack_record) == 64 && offsetof(stack_record, task) == 0, "task_on finds it at the stack's top");

// Equal stacks in one mapping. All but `base` and sizes is guarded by the shelf's lock.
struct stack_slab : base::list_link<in_shelf>, base::list_link<in_stock> {
    std::byte* base = nullptr;
    std::size_t bytes = 0;
    std::size_t guard_bytes = 0;
    std::size_t number = 0;
    std::uint32_t size_class = 0;
    std::uint32_t capacity = 0;
    std::uint32_t carved = 0;  // Stacks that were ever taken; the rest of the mapping is untouched.
    std::uint32_t free = 0;
    std::uint32_t holes = 0;  // Carved, but the kernel refused the guard.
    std::uint32_t protect_guards = 0;
    // Bit n: record n has been constructed, once and for all. Set by whoever carved it, outside of the lock; read by
    // visit_tasks and by whoever releases the slab.
    base::atomic<std::uint64_t> constructed{0};
    std::uint32_t looked = 0;  // The last visit in portions that has been here.
    stack_record* free_first = nullptr;
    stack_slab* next_released = nullptr;

    bool stocked() const noexcept { return base::list_link<in_stock>::linked(); }
    bool idle() const noexcept { return free + holes == carved; }
};

}  // namespace bifilar::stackful
