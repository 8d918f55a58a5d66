// Visits to the fibers that live on a pool's stacks.
#include <bifilar/stackful/detail/stack_pool.hpp>

#include "stack_slab.hpp"

#include <bit>
#include <mutex>

namespace bifilar::stackful {

template <class Visit>
void stack_pool::visit_slab(const stack_slab& slab, Visit visit) noexcept {
    // Pairs with carve; so that the record is seen as it was constructed or later.
    for (std::uint64_t left = slab.constructed.load(base::acquire); left != 0; left &= left - 1) {
        const stack_record& record = *record_at(slab, static_cast<std::size_t>(std::countr_zero(left)));
        // Pairs with task_place::publish; so that the task is seen as it was when it started.
        if (detail::task_header* const task = record.task.load(base::acquire)) visit(*task);
    }
}

void stack_pool::visit_tasks(void (*visit)(detail::task_header&, void*) noexcept, void* argument) noexcept {
    for (shelf& s : shelves_) {
        // Held throughout, so that a stack that comes back meanwhile does not take its slab away.
        const std::lock_guard guard{s.lock};
        for (std::size_t left = s.slab_count; left != 0; --left) {
            stack_slab& slab = *s.slabs.take_front();
            s.slabs.push_back(slab);
            visit_slab(slab, [&](detail::task_header& task) { visit(task, argument); });
        }
    }
}

detail::portion stack_pool::visit_portion(std::uint32_t round, detail::portion_visitor& to) noexcept {
    using enum detail::portion_visitor::then;
    for (shelf& s : shelves_) {
        const std::unique_lock guard{s.lock, std::try_to_lock};
        if (!guard.owns_lock()) return detail::portion::busy;
        // Those that were visited stand behind, unless a trim was there.
        for (std::size_t left = s.slab_count; left != 0; --left) {
            stack_slab& slab = *s.slabs.front();
            if (slab.looked != round) {
                visit_slab(slab, [&to](detail::task_header& task) { to.visit(task); });
                const detail::portion_visitor::then then = to.end_slab();
                if (then == again) return detail::portion::more;
                slab.looked = round;
                if (then == pause) return detail::portion::more;
            }
            s.slabs.erase(slab);
            s.slabs.push_back(slab);
        }
    }
    return detail::portion::last;
}

}  // namespace bifilar::stackful
