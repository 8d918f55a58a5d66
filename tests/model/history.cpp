// Coherence of one location, and the table of locations.
// Builds on clocks and digest.
#include "history.hpp"

#include <utility>

namespace model {

void location::reset(const void* where, origin how) noexcept {
    address = where;
    from = how;
    gone = false;
    order.clear();
    touched = {};
    floor = {};
    has_floor = {};
    order_digest = {};
    offered = {};
    openings = {};
}

location::known_store location::newest_known(const vector_clock& happened) const noexcept {
    for (std::size_t at = order.size(); at-- > 0;) {
        if (order[at].read_stamps.meets(happened)) return {at, true};
        if (order[at].by.known_to(happened)) return {at, false};
    }
    return {0, false};
}

std::size_t location::oldest_readable(std::size_t thread, const vector_clock& happened) const noexcept {
    const std::size_t known = newest_known(happened).index;
    if (!has_floor[thread]) return known;
    std::size_t at = order.size() - 1;
    while (at > known && order[at].by != floor[thread]) --at;
    return at;
}

vector_clock location::sources(std::size_t writes, std::size_t reads) const noexcept {
    vector_clock all;
    for (std::size_t i = 0; i < writes; ++i) all.join(order[i].sources);
    for (std::size_t i = 0; i < reads; ++i) all.join(order[i].read_sources);
    return all;
}

void location::digest_again() noexcept {
    order_digest = {};
    order_digest.add(from.name);
    for (std::size_t i = 1; i < order.size(); ++i) {
        order_digest.add(static_cast<std::uint64_t>(order[i].by.thread));
        order_digest.add(order[i].by.stamp);
    }
}

void location_table::clear() noexcept {
    ++generation_;
    used_.clear();
}

location_table::slot& location_table::slot_of(const void* address) noexcept {
    const auto number = reinterpret_cast<std::uintptr_t>(address);
    for (std::size_t probe = (number * 0x9e3779b97f4a7c15U) >> 20U;; ++probe) {
        slot& here = slots_[probe % slots_.size()];
        if (here.generation != generation_ || here.address == address) return here;
    }
}

location* location_table::find(const void* address) noexcept {
    const slot& here = slot_of(address);
    return here.generation == generation_ ? here.at : nullptr;
}

location& location_table::at(const void* address) {
    if (location* const known = find(address)) return *known;
    if (used_.size() * 2 >= slots_.size()) grow();
    if (used_.size() == pool_.size()) pool_.push_back(std::make_unique<location>());
    location* const made = pool_[used_.size()].get();
    used_.push_back(made);
    // Of static storage, or made before the execution. Not by its address: of a table one execution may use one place,
    // and the next another. Who has met it first, and after how many others, follows from the histories.
    made->reset(address, {~static_cast<std::uint64_t>(used_.size()), {}});
    slot_of(address) = {address, generation_, made};
    return *made;
}

void location_table::grow() {
    slots_ = std::vector<slot>(slots_.size() * 2);
    for (location* const each : used_) slot_of(each->address) = {each->address, generation_, each};
}

}  // namespace model
