// The constraints on S as a transitively closed graph.
// Builds on clocks. A new event has nothing behind it; an edge between old ones comes from a stale read or an early
// store, which is rare, so it may cost a look at all events.
#include "seq_cst.hpp"

namespace model {

void seq_cst_order::clear() noexcept {
    for (auto& of_thread : events_) of_thread.clear();
    for (auto& of_thread : fences_) of_thread.clear();
    empty_ = true;
    has_fences_ = false;
}

std::uint32_t seq_cst_order::add(std::size_t thread, const vector_clock& before) {
    events_[thread].push_back({before});
    empty_ = false;
    return static_cast<std::uint32_t>(events_[thread].size());
}

std::uint32_t seq_cst_order::add_fence(event of, const vector_clock& before, const vector_clock& happened) {
    const std::uint32_t number = add(of.index(), before);
    fences_[of.index()].push_back({of.stamp, number, happened});
    has_fences_ = true;
    return number;
}

vector_clock seq_cst_order::closed(const vector_clock& events) const noexcept {
    vector_clock all = events;
    for (std::size_t i = 0; i < max_threads; ++i)
        if (events.at[i] != 0) all.join(events_[i][events.at[i] - 1].before);
    return all;
}

void seq_cst_order::fences_before(const vector_clock& happened, vector_clock& events) const noexcept {
    if (!has_fences_) return;
    for (std::size_t i = 0; i < max_threads; ++i) {
        const auto& of_thread = fences_[i];
        for (auto last = of_thread.rbegin(); last != of_thread.rend(); ++last) {
            if (last->stamp > happened.at[i]) continue;
            events.reach(i, last->number);
            break;
        }
    }
}

void seq_cst_order::fences_after(event one, first_of_each& events) const noexcept {
    if (!has_fences_) return;
    for (std::size_t i = 0; i < max_threads; ++i) {
        for (const fence& each : fences_[i]) {
            if (!one.known_to(each.happened)) continue;
            events.add(i, each.number);
            break;
        }
    }
}

void seq_cst_order::link(const vector_clock& sources, const first_of_each& sinks) noexcept {
    const vector_clock before = closed(sources);
    if (before.empty()) return;
    for (std::size_t i = 0; i < max_threads; ++i) {
        std::uint32_t number = 0;
        for (member& each : events_[i]) {
            ++number;
            const bool is_sink = sinks.at[i] != 0 && number >= sinks.at[i];
            if (is_sink || sinks.meets(each.before)) each.before.join(before);
        }
    }
}

}  // namespace model
