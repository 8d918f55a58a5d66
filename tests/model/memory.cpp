// Loads, stores and fences under C++20 [intro.races] and [atomics.order].
// Builds on history and seq_cst. Coherence-ordered before, at one location: first the write of the oldest store, then
// the reads of it, then the write of the next one, and so on.
#include "memory.hpp"

#include <cstring>

namespace model {

void memory::clear() noexcept {
    locations_.clear();
    s_.clear();
    views_ = {};
    promises_.clear();
    broken_ = false;
    orders_ = {};
    made_by_set_up_ = 0;
}

void memory::make(const void* address, int thread) {
    location& there = locations_.at(address);
    orders_.toggle(there.order_digest);
    if (thread < 0) {
        there.reset(address, {++made_by_set_up_, {}});
        return;
    }
    view& maker = views_[static_cast<std::size_t>(thread)];
    const std::uint64_t name = (static_cast<std::uint64_t>(thread) + 1) << 32U | ++maker.made;
    // Plain code comes before its thread's next operation, and carries its stamp.
    there.reset(address, {name, {thread, maker.known.happened.at[static_cast<std::size_t>(thread)] + 1}});
}

void memory::destroy(location& there) noexcept {
    orders_.toggle(there.order_digest);
    there.order_digest = {};
    there.gone = true;
}

location& memory::at(const void* address, const void* newest, std::size_t size) {
    location& there = locations_.at(address);
    if (there.order.empty()) {
        stored& first = there.order.emplace_back();
        std::memcpy(first.bytes.data(), newest, size);
        first.by = there.from.made;
        there.digest_again();
        orders_.toggle(there.order_digest);
    }
    return there;
}

int memory::unordered_maker(const location& there, std::size_t thread) const noexcept {
    const event& made = there.from.made;
    // A gate, which takes no step of its own, may be used at once by whoever has made it.
    return made.thread == static_cast<int>(thread) || made.known_to(of(thread).known.happened) ? -1 : made.thread;
}

int memory::unordered_user(const location& there, std::size_t thread) const noexcept {
    for (std::size_t i = 0; i < max_threads; ++i)
        if (i != thread && there.touched.at[i] > of(thread).known.happened.at[i]) return static_cast<int>(i);
    return unordered_maker(there, thread);
}

// The first events of S that follow what coherence puts at these stores or later: the operations themselves and the
// fences that they happen before ([atomics.order], the four conditions, right-hand sides).
first_of_each memory::sinks(const location& there, std::size_t first) const noexcept {
    first_of_each all;
    for (std::size_t i = first; i < there.order.size(); ++i) {
        const stored& each = there.order[i];
        if (each.in_s != 0) all.add(each.by.index(), each.in_s);
        s_.fences_after(each.by, all);
        all.add(each.read_in_s);
        for (std::size_t t = 0; t < max_threads; ++t)
            if (each.read_stamps.at[t] != 0) s_.fences_after({static_cast<int>(t), each.read_stamps.at[t]}, all);
    }
    return all;
}

// What is before a seq_cst operation in S: what strongly happens before it, and what coherence puts before it.
vector_clock memory::preceding(const location& there, std::size_t writes, std::size_t reads,
                               std::size_t thread) const noexcept {
    vector_clock events = there.sources(writes, reads);
    events.join(of(thread).known.ordered);
    return s_.closed(events);
}

// Whether S stays without a cycle when an operation comes after so many writes and the reads of so many.
bool memory::fits(const location& there, std::size_t writes, std::size_t reads, std::size_t thread,
                  std::memory_order order, const stored* acquired) const noexcept {
    if (s_.empty() || writes == there.order.size()) return true;
    const first_of_each after = sinks(there, writes);
    vector_clock knows = of(thread).known.happened;
    if (acquired != nullptr && acquires(order)) knows.join(acquired->released.happened);
    vector_clock fences;
    s_.fences_before(knows, fences);
    if (after.meets(s_.closed(fences))) return false;
    return order != std::memory_order_seq_cst || !after.meets(preceding(there, writes, reads, thread));
}

bool memory::may_read(const location& from, std::size_t index, std::size_t thread,
                      std::memory_order order) const noexcept {
    return fits(from, index + 1, index, thread, order, &from.order[index]);
}

bool memory::may_write(const location& to, std::size_t place, std::size_t thread, std::memory_order order,
                       bool update) const noexcept {
    return fits(to, place, place, thread, order, update ? &to.order[place - 1] : nullptr);
}

void memory::hand_over(std::size_t maker, std::size_t made) noexcept {
    (void)step(maker);
    views_[made].known.join(views_[maker].known);
}

void memory::acquire(const stored& from, std::size_t thread, std::memory_order order) noexcept {
    view& me = views_[thread];
    (acquires(order) ? me.known : me.unacquired).join(from.released);
}

std::uint32_t memory::enter_s(std::size_t thread, const vector_clock& before) {
    const std::uint32_t number = s_.add(thread, before);
    views_[thread].known.ordered.reach(thread, number);
    return number;
}

// The left-hand sides of the four conditions: the operation itself, and the fences that happen before it.
vector_clock memory::sources_of(std::size_t thread, std::uint32_t in_s) const noexcept {
    vector_clock events;
    s_.fences_before(of(thread).known.happened, events);
    events.reach(thread, in_s);
    return events;
}

void memory::read(location& from, std::size_t index, std::size_t thread, std::memory_order order) {
    const bool in_order = order == std::memory_order_seq_cst;
    const vector_clock before = in_order ? preceding(from, index + 1, index, thread) : vector_clock{};
    stored& source = from.order[index];
    acquire(source, thread, order);
    const std::uint32_t in_s = in_order ? enter_s(thread, before) : 0;
    const std::uint32_t stamp = happened(thread).at[thread];
    source.read_stamps.add(thread, stamp);
    source.read_in_s.add(thread, in_s);
    from.touched.at[thread] = stamp;
    if (!promises_.empty()) note_behind_promises(from, source.by, thread);
    if (s_.empty()) return;
    const vector_clock sources = sources_of(thread, in_s);
    source.read_sources.join(sources);
    if (index + 1 < from.order.size()) s_.link(sources, sinks(from, index + 1));
}

stored& memory::write(location& to, std::size_t place, std::size_t thread, std::memory_order order, bool update) {
    const bool in_order = order == std::memory_order_seq_cst;
    const vector_clock before = in_order ? preceding(to, place, place, thread) : vector_clock{};
    view& me = views_[thread];
    stored made;
    made.by = {static_cast<int>(thread), me.known.happened.at[thread]};
    made.update = update;
    // A read-modify-write continues the release sequence that it found; a plain store does not, not even its thread's
    // own (C++20, unlike C++17).
    if (update) {
        acquire(to.order[place - 1], thread, order);
        made.released = to.order[place - 1].released;
    }
    made.released.join(me.fenced);
    if (releases(order)) made.released.join(me.known);
    made.in_s = in_order ? enter_s(thread, before) : 0;
    if (!s_.empty()) made.sources = sources_of(thread, made.in_s);
    to.touched.at[thread] = made.by.stamp;
    if (!promises_.empty()) note_behind_promises(to, made.by, thread);
    if (!promises_.empty() && update) note_behind_promises(to, to.order[place - 1].by, thread);
    const bool at_end = place == to.order.size();
    const auto put = to.order.insert(to.order.begin() + static_cast<std::ptrdiff_t>(place), made);
    digest_store(to, at_end);
    if (!at_end && !s_.empty()) s_.link(made.sources, sinks(to, place + 1));
    return *put;
}

void memory::digest_store(location& there, bool at_end) noexcept {
    orders_.toggle(there.order_digest);
    if (at_end) {
        there.order_digest.add(static_cast<std::uint64_t>(there.order.back().by.thread));
        there.order_digest.add(there.order.back().by.stamp);
    } else {
        there.digest_again();
    }
    orders_.toggle(there.order_digest);
}

std::uint32_t memory::fence(std::size_t thread, std::memory_order order) {
    view& me = views_[thread];
    const vector_clock ordered = me.known.ordered;
    if (!promises_.empty() && acquires(order)) acquire_promised(thread);
    if (acquires(order)) me.known.join(me.unacquired);
    // Strongly before what is behind the fence's stores is what comes before the fence, not the fence: its own place is
    // in the conditions for fences.
    if (releases(order)) me.fenced = me.known;
    if (order != std::memory_order_seq_cst) return 0;
    vector_clock events = ordered;
    for (const location* const each : locations_.all()) {
        if (each->order.empty()) continue;
        const auto known = each->newest_known(me.known.happened);
        events.join(each->sources(known.by_read ? known.index + 1 : known.index, known.index));
    }
    const event self{static_cast<int>(thread), me.known.happened.at[thread]};
    const std::uint32_t number = s_.add_fence(self, s_.closed(events), me.known.happened);
    me.known.ordered.reach(thread, number);
    return number;
}

void memory::heavy_fence(std::size_t thread) {
    view& me = views_[thread];
    for (std::size_t i = 0; i < max_threads; ++i)
        if (i != thread) me.known.join(views_[i].before_light);
    (void)fence(thread, std::memory_order_seq_cst);
    for (std::size_t i = 0; i < max_threads; ++i)
        if (i != thread) views_[i].behind_heavy.join(me.known);
}

void memory::light_fence(std::size_t thread) noexcept {
    view& me = views_[thread];
    me.known.join(me.behind_heavy);
    me.before_light = me.known;
}

void memory::open_gate(location& gate, std::size_t thread) noexcept {
    const event opening = step(thread);
    gate.offered.join(of(thread).known);
    gate.touched.at[thread] = opening.stamp;
    digest one;
    one.add(static_cast<std::uint64_t>(opening.thread));
    one.add(opening.stamp);
    gate.openings.toggle(one);
}

void memory::pass_gate(location& gate, std::size_t thread) noexcept {
    gate.touched.at[thread] = step(thread).stamp;
    views_[thread].known.join(gate.offered);
    gate.openings = {};
}

void memory::see_newest(location& there, std::size_t thread) noexcept {
    there.floor[thread] = there.order.back().by;
    there.has_floor[thread] = true;
}

}  // namespace model
