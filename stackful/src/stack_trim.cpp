// What a stack pool gives back of the stacks that its runtime had once and needs no more.
#include <bifilar/stackful/detail/stack_pool.hpp>

#include "stack_slab.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

namespace bifilar::stackful {

bool stack_pool::trim(base::instant_ns now, base::instant_ns pause) noexcept {
    // Relaxed, both: of several threads one trims, and the locks of the shelves order what it does.
    base::instant_ns last = trimmed_ns_.load(base::relaxed);
    if (now - last < pause || !trimmed_ns_.compare_exchange_strong(last, now, base::relaxed)) return false;
    bool again = false;
    for (shelf& each : shelves_) again |= trim_shelf(each);
    // Relaxed, both: hints. What could not leave is left alone until there is more of it.
    enough_.store((again ? 0 : free_.load(base::relaxed)) + least_free_stacks, base::relaxed);
    return true;
}

// True when any left, or when stacks were needed since the last trim that nobody may need from now on.
bool stack_pool::trim_shelf(shelf& from) noexcept {
    constexpr std::size_t slabs_a_hold = 64;  // Those who take stacks meanwhile do not wait for long.
    stack_slab* released = nullptr;
    std::size_t left = 0;
    std::size_t most = 0;
    bool again = false;
    {
        const std::lock_guard guard{from.lock};
        left = from.slab_count;
        most = from.least_free;
        again = from.free_count - most > least_free_stacks;
        from.least_free = from.free_count;
    }
    while (left != 0) {
        const std::lock_guard guard{from.lock};
        // Stacks that were taken between two holds are needed after all.
        most = std::min(most, from.least_free);
        left = std::min(left, from.slab_count);
        for (std::size_t count = std::min(left, slabs_a_hold); count != 0; --count, --left) {
            stack_slab& slab = *from.slabs.take_front();
            from.slabs.push_back(slab);
            // A slab goes as a whole or not at all.
            if (slab.free == 0 || !slab.idle() || slab.free > most) continue;
            most -= slab.free;
            free_.fetch_sub(slab.free, base::relaxed);  // Relaxed: see free_.
            take_out(from, slab);
            slab.next_released = std::exchange(released, &slab);
        }
        from.least_free = from.free_count;
    }
    again |= released != nullptr;
    while (released != nullptr) release_slab(std::exchange(released, released->next_released));
    return again;
}

}  // namespace bifilar::stackful
