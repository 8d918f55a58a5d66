// Loads, stores and read-modify-writes of the running thread.
// Builds on memory, which says what is possible, and on the search, which chooses. The newest candidate always fits S,
// because nothing comes after it yet, so there is always one.
#include "execution.hpp"

#include <algorithm>
#include <cstring>

namespace model {

void execution::check_alive(const location& there, const char* use) {
    if (there.gone) fail("use after free: " + name_of(there.address) + " is gone and " + self().name + use);
    const int maker = memory_.unordered_maker(there, thread_index());
    if (maker >= 0)
        fail("data race: " + name_of(there.address) + " is made by " + threads_[static_cast<std::size_t>(maker)]->name +
             " and " + self().name + use + ", unordered");
}

location& execution::meet(detail::place at) {
    location& there = memory_.at(at.address, at.address, at.size);
    (void)memory_.step(thread_index());
    check_alive(there, " uses it");
    candidates_.clear();
    return there;
}

void execution::end_location(location& there) {
    if (!quiet_) {
        const int user = memory_.unordered_user(there, thread_index());
        if (user >= 0)
            fail("data race: " + name_of(there.address) + " is destroyed by " + self().name +
                 ", unordered with a use by " + threads_[static_cast<std::size_t>(user)]->name);
    }
    memory_.destroy(there);
}

void execution::gone(const void* address) {
    if (location* const there = memory_.find(address)) end_location(*there);
}

void execution::gone_within(const void* memory, std::size_t bytes) {
    const auto* const begin = static_cast<const std::byte*>(memory);
    for (location* const each : memory_.all()) {
        const auto* const at = static_cast<const std::byte*>(each->address);
        if (at >= begin && at < begin + bytes && !each->gone) end_location(*each);
    }
    for (const plain_field* const each : plain_.all()) {
        const auto* const at = static_cast<const std::byte*>(each->address);
        if (at >= begin && at < begin + bytes && !each->gone) plain_gone(at, "a plain variable");
    }
}

// An operation becomes part of its thread's history.
void execution::remember(access what, const location& there, event read) {
    digest& history = self().history;
    history.add(static_cast<std::uint64_t>(what));
    history.add(there.from.name);
    history.add(static_cast<std::uint64_t>(read.thread));
    history.add(read.stamp);
}

// A pause waits for another value than the one that was met last.
void execution::note_read(location& from, std::size_t index) {
    auto& reads = self().reads;
    const auto known = std::find_if(reads.begin(), reads.end(), [&](auto& read) { return read.from == &from; });
    model_thread::read& mine = known != reads.end() ? *known : reads.emplace_back();
    mine = {&from, from.order[index].bytes};
}

void execution::collect_loads(const location& from, std::memory_order order) {
    const std::size_t oldest = from.oldest_readable(thread_index(), memory_.of(thread_index()).known.happened);
    for (std::size_t at = from.order.size(); at-- > oldest;)
        if (memory_.may_read(from, at, thread_index(), order)) candidates_.push_back({at, false});
}

void execution::finish_load(access what, location& from, std::size_t index, std::memory_order order) {
    remember(what, from, from.order[index].by);
    note_read(from, index);
    if (traced_) trace_load(what, from, index);
    memory_.read(from, index, thread_index(), order);
}

// The load may read what comes later: each such store is an alternative that an earlier execution has shown, but for
// one that was promised already, without which this one would be incoherent.
bool execution::load_promised(location& from, detail::place at, void* value, std::memory_order order) {
    if (choices_->spends() && future_left_ == 0) {
        schedule_.push_back(0);
        return false;
    }
    const std::size_t depth = choices_->depth();
    alternatives none;
    none.add(0);
    if (const unsigned again = memory_.known_promise(from, thread_index()); again != 0) none.add(again);
    const unsigned chosen = branch(none, question::promise);
    schedule_.push_back(chosen == 0 ? 0 : 1);
    const event here{running_, memory_.of(thread_index()).known.happened.at[thread_index()]};
    if (!discarded_) past_loads_.push_back({&from, from.from.name, here, order, depth});
    if (chosen == 0) return false;
    const future_store wanted = choices_->promised();
    append_promise(schedule_, wanted);
    if (future_left_ != unlimited && future_left_ > 0) --future_left_;
    std::memcpy(value, wanted.bytes.data(), at.size);
    auto& reads = self().reads;
    std::erase_if(reads, [&](const auto& read) { return read.from == &from; });
    reads.push_back({&from, wanted.bytes});
    memory_.read_promised(from, wanted, thread_index(), order).number = chosen;
    if (traced_) trace_promise(from, wanted);
    return true;
}

void execution::load(detail::place from, void* value, std::memory_order order) {
    point();
    location& there = meet(from);
    if (how_->future_reads > 0 && load_promised(there, from, value, order)) return;
    collect_loads(there, order);
    const std::size_t index = pick(stale_left_, early_left_).index;
    std::memcpy(value, there.order[index].bytes.data(), from.size);
    finish_load(access::load, there, index, order);
}

// A store that a load of another thread, before which it is in this order only, could have read.
void execution::offer_to_loads(const location& to, const stored& made, std::memory_order order) {
    for (const past_load& each : past_loads_) {
        if (each.from != &to || each.name != to.from.name || each.by.thread == running_) continue;
        if (each.by.known_to(memory_.of(thread_index()).known.happened)) continue;
        if (acquires(each.order) && releases(order)) continue;  // That would order them the other way round.
        offers_.push_back({each.depth, {made.by, made.bytes}});
    }
}

void execution::put(access what, location& to, std::size_t place, detail::place at, const void* value,
                    std::memory_order order, bool update) {
    stored& made = memory_.write(to, place, thread_index(), order, update);
    std::memcpy(made.bytes.data(), value, at.size);
    if (how_->future_reads > 0) {
        memory_.keep_promises(to, place);
        offer_to_loads(to, made, order);
    }
    const bool newest = place + 1 == to.order.size();
    const bool differs = made.bytes != to.order[place - 1].bytes;
    if (newest) std::memcpy(at.address, value, at.size);
    if (traced_) trace_store(what, to, place);
    if (newest && differs) changed();
    self().changed_something = self().changed_something || differs;
}

void execution::store(detail::place to, const void* value, std::memory_order order) {
    point();
    location& there = meet(to);
    const std::size_t first = there.newest_known(memory_.of(thread_index()).known.happened).index + 1;
    for (std::size_t place = there.order.size() + 1; place-- > first;)
        if (there.may_insert(place) && memory_.may_write(there, place, thread_index(), order, false))
            candidates_.push_back({place, true});
    const std::size_t place = pick(stale_left_, early_left_).index;
    remember(access::store, there, {});
    put(access::store, there, place, to, value, order, false);
}

// An update reads a store and goes right behind it, so at any store but the newest it is early.
void execution::collect_updates(const location& of, std::memory_order order) {
    const std::size_t oldest = of.oldest_readable(thread_index(), memory_.of(thread_index()).known.happened);
    for (std::size_t at = of.order.size(); at-- > oldest;)
        if (of.may_insert(at + 1) && memory_.may_write(of, at + 1, thread_index(), order, true))
            candidates_.push_back({at, true});
}

void execution::begin_update(access, detail::place of, void* old, std::memory_order order) {
    point();
    location& there = meet(of);
    collect_updates(there, order);
    updated_ = pick(stale_left_, early_left_).index;
    std::memcpy(old, there.order[updated_].bytes.data(), of.size);
}

void execution::end_update(access what, detail::place of, const void* value, std::memory_order order) {
    location& there = *memory_.find(of.address);
    remember(what, there, there.order[updated_].by);
    put(what, there, updated_ + 1, of, value, order, true);
    note_read(there, updated_ + 1);
}

void execution::collect_exchanges(const location& of, detail::place at, const void* expected, std::memory_order success,
                                  std::memory_order failure) {
    const std::size_t oldest = of.oldest_readable(thread_index(), memory_.of(thread_index()).known.happened);
    for (std::size_t i = of.order.size(); i-- > oldest;) {
        const bool equal = std::memcmp(of.order[i].bytes.data(), expected, at.size) == 0;
        const bool fits = equal ? of.may_insert(i + 1) && memory_.may_write(of, i + 1, thread_index(), success, true)
                                : memory_.may_read(of, i, thread_index(), failure);
        if (fits) candidates_.push_back({i, equal});
    }
}

bool execution::compare_exchange(detail::place of, void* expected, const void* desired, std::memory_order success,
                                 std::memory_order failure) {
    point();
    location& there = meet(of);
    collect_exchanges(there, of, expected, success, failure);
    const candidate chosen = pick(stale_left_, early_left_);
    if (!chosen.writes) {
        std::memcpy(expected, there.order[chosen.index].bytes.data(), of.size);
        finish_load(access::compare_exchange, there, chosen.index, failure);
        return false;
    }
    remember(access::compare_exchange, there, there.order[chosen.index].by);
    put(access::compare_exchange, there, chosen.index + 1, of, desired, success, true);
    note_read(there, chosen.index + 1);
    return true;
}

}  // namespace model
