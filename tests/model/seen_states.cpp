// A hash table with open addressing; a state may be in it several times, with different allowances.
// Builds on digest.
#include "seen_states.hpp"

namespace model {

seen_states::entry& seen_states::slot_of(const digest& state, const allowance& left, bool& covered) noexcept {
    for (std::size_t probe = state.first;; ++probe) {
        entry& here = entries_[probe % entries_.size()];
        if (!here.used) return here;
        if (here.state != state) continue;
        covered = here.left.covers(left);
        if (covered || left.covers(here.left)) return here;
    }
}

bool seen_states::seen(const digest& state, allowance left) {
    bool covered = false;
    entry& here = slot_of(state, left, covered);
    if (covered) return true;
    if (!here.used && used_ * 2 >= max_slots) return false;
    if (!here.used) ++used_;
    here = {state, left, true};
    if (used_ * 2 >= entries_.size() && entries_.size() < max_slots) grow();
    return false;
}

void seen_states::grow() {
    std::vector<entry> old(entries_.size() * 2);
    old.swap(entries_);
    for (const entry& each : old) {
        if (!each.used) continue;
        bool covered = false;
        entry& here = slot_of(each.state, each.left, covered);
        if (!here.used) here = each;
    }
}

}  // namespace model
