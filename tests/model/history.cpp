// Coherence of one location.
// Builds on clocks and digest.
#include "history.hpp"

#include <utility>

namespace model {

// Of static storage, or made before the execution. Not by its address: of a table one execution may use one place, and
// the next another. Who has met it first, and after how many others, follows from the histories.
void location::meet(const void* where, std::size_t number) noexcept { reset(where, {~(number + 1), {}}); }

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

}  // namespace model
