// What a scheduler's rules may be.
#include <bifilar/sched/detail/tuning.hpp>

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <string>

namespace bifilar::sched {
namespace {

[[noreturn]] void refuse(const char* member, std::uint32_t value, const std::string& remedy) {
    throw std::invalid_argument{std::string{"tuning::"} + member + " is " + std::to_string(value) + "; give " + remedy};
}

}  // namespace

tuning checked(const tuning& rules) {
    // A place in a ring is found by a mask, hence powers of two.
    if (!std::has_single_bit(rules.ring_slots) || rules.ring_slots < tuning::fewest_ring_slots ||
        rules.ring_slots > tuning::max_ring_slots)
        refuse("ring_slots", rules.ring_slots,
               "a power of two from " + std::to_string(tuning::fewest_ring_slots) + " to " +
                   std::to_string(tuning::max_ring_slots));
    if (!std::has_single_bit(rules.grown_ring_slots) || rules.grown_ring_slots > tuning::max_ring_slots)
        refuse("grown_ring_slots", rules.grown_ring_slots,
               "a power of two up to " + std::to_string(tuning::max_ring_slots));
    // A thief's own ring must have room for what one theft brings.
    if (rules.max_stolen > rules.ring_slots / 2)
        refuse("max_stolen", rules.max_stolen,
               "a number up to half of ring_slots, which is " + std::to_string(rules.ring_slots / 2) +
                   ", or 0 for that half");
    if (rules.fixed_global_interval > tuning::longest_global_interval)
        refuse(
            "fixed_global_interval", rules.fixed_global_interval,
            "a number up to " + std::to_string(tuning::longest_global_interval) + ", or 0 for an interval that adapts");
    if (rules.longest_wait_pauses > tuning::max_wait_pauses)
        refuse("longest_wait_pauses", rules.longest_wait_pauses,
               "a number up to " + std::to_string(tuning::max_wait_pauses));
    return rules;
}

std::vector<std::vector<std::uint32_t>> ordered(std::vector<std::vector<std::uint32_t>> by_distance, std::uint32_t self,
                                                victim_order order) {
    if (order == victim_order::nearest) return by_distance;
    std::vector<std::vector<std::uint32_t>> one(1);
    std::vector<std::uint32_t>& all = one.front();
    for (const auto& ring : by_distance) all.insert(all.end(), ring.begin(), ring.end());
    std::ranges::sort(all);
    // From the one behind itself on, so that workers do not all ask the same one first.
    std::ranges::rotate(all, std::ranges::upper_bound(all, self));
    return one;
}

}  // namespace bifilar::sched
