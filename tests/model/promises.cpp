// Promises made and kept, and what breaks them.
// Builds on memory. In any execution that C++20 allows, happens-before has no cycle, so its operations have an order in
// which only reads that synchronize nothing come before the store that they read. Only such reads are promised: the
// store must offer nothing that the load's thread had not by then, when that has acquired it.
#include "memory.hpp"

#include <algorithm>

namespace model {

bool memory::has_open_promises() const noexcept {
    return std::any_of(promises_.begin(), promises_.end(), [](const promise& each) { return !each.kept; });
}

bool memory::broke_promises() const noexcept {
    return broken_ || std::any_of(promises_.begin(), promises_.end(), [this](const promise& each) {
               return !each.kept && each.wanted.by.known_to(of(each.wanted.by.index()).known.happened);
           });
}

promise& memory::read_promised(location& from, const future_store& wanted, std::size_t thread,
                               std::memory_order order) {
    view& me = views_[thread];
    promise made;
    made.wanted = wanted;
    made.at = &from;
    made.name = from.from.name;
    made.load = {static_cast<int>(thread), me.known.happened.at[thread]};
    made.acquired = acquires(order);
    made.floor = from.order[from.newest_known(me.known.happened).index].by;
    made.offered = of(wanted.by.index()).fenced;
    // Two of one location would have to be ordered before either is there; that is left out, unless they are one.
    for (const promise& each : promises_)
        if (!each.kept && each.at == &from && each.wanted != wanted && each.load.known_to(me.known.happened))
            broken_ = true;
    (made.acquired ? me.known : me.unacquired).join(made.offered);
    if (order == std::memory_order_seq_cst) made.in_s = enter_s(thread, s_.closed(me.known.ordered));
    made.sources = sources_of(thread, made.in_s);
    from.touched.at[thread] = made.load.stamp;
    return promises_.emplace_back(std::move(made));
}

unsigned memory::known_promise(const location& there, std::size_t thread) const noexcept {
    for (const promise& each : promises_)
        if (!each.kept && each.at == &there && each.load.known_to(of(thread).known.happened)) return each.number;
    return 0;
}

// A fence acquires what the relaxed loads before it have read, promised or not.
void memory::acquire_promised(std::size_t thread) {
    for (promise& each : promises_) {
        if (each.kept || each.acquired || each.load.index() != thread) continue;
        each.acquired = true;
        each.offered = of(each.wanted.by.index()).fenced;
        views_[thread].unacquired.join(each.offered);
    }
}

// Coherence: who knows that the promised store was read, reads or writes what is behind it.
void memory::note_behind_promises(const location& there, event which, std::size_t thread) {
    for (promise& each : promises_)
        if (!each.kept && each.at == &there && each.load.known_to(of(thread).known.happened))
            each.behind.push_back(which);
}

// Whether the store that is there now is the one that was promised, and may have been read then.
bool memory::keeps(const promise& each, const location& to, std::size_t place) const noexcept {
    const stored& made = to.order[place];
    if (each.at != &to || each.name != to.from.name || each.wanted.bytes != made.bytes) return false;
    if (each.load.known_to(of(made.by.index()).known.happened)) return false;
    for (std::size_t i = 0; i < to.order.size(); ++i) {
        const event by = to.order[i].by;
        const bool follows = std::find(each.behind.begin(), each.behind.end(), by) != each.behind.end();
        if ((follows && i <= place) || (by == each.floor && i >= place)) return false;
    }
    vector_clock both = each.offered.happened;
    both.join(made.released.happened);
    return !each.acquired || both.at == each.offered.happened.at;
}

// The load's place in S, which it gets only now: behind what coherence puts before it, and before what follows the
// store.
bool memory::orders(const promise& each, location& to, std::size_t place) noexcept {
    first_of_each behind_load;
    s_.fences_after(each.load, behind_load);
    behind_load.add(each.load.index(), each.in_s);
    const vector_clock before = to.sources(place + 1, place);
    if (behind_load.meets(s_.closed(before))) return false;
    s_.link(before, behind_load);
    const first_of_each later = sinks(to, place + 1);
    if (later.meets(s_.closed(each.sources))) return false;
    s_.link(each.sources, later);
    return true;
}

void memory::keep_promises(location& to, std::size_t place) {
    for (promise& each : promises_) {
        stored& made = to.order[place];
        if (each.kept || each.wanted.by != made.by) continue;
        if (!keeps(each, to, place) || !orders(each, to, place)) {
            broken_ = true;
            return;
        }
        each.kept = true;
        if (!each.acquired) views_[each.load.index()].unacquired.join(made.released);
        made.read_stamps.add(each.load.index(), each.load.stamp);
        made.read_in_s.add(each.load.index(), each.in_s);
        made.read_sources.join(each.sources);
    }
}

}  // namespace model
