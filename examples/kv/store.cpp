// Values under their shards' locks. What has ended is removed by whoever meets it, and by drop_ended().
#include "store.hpp"

#include "number.hpp"

#include <vector>

namespace kv {

store::store(std::uint64_t max_bytes) : room_{max_bytes}, key_{random_hash_key()} {
    for (shard& each : shards_) each.all = entries{0, hash{key_}};
}

store::moment store::now() noexcept {
    return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

store::entries::iterator store::find(shard& in, std::string_view key) {
    const auto found = in.all.find(key);
    if (found == in.all.end() || found->second.until == forever || found->second.until >= now()) return found;
    extract(in, found);
    return in.all.end();
}

void store::set_end(shard& in, entries::iterator at, moment until) {
    if (at->second.until == until) return;
    if (at->second.until != forever) in.ends.erase({at->second.until, &at->first});
    at->second.until = until;
    if (until != forever) in.ends.emplace(until, &at->first);
}

store::entries::node_type store::extract(shard& in, entries::iterator at) {
    set_end(in, at, forever);
    return in.all.extract(at);
}

store::entries::iterator store::insert(shard& in, std::string_view key, value held) {
    auto paid = held ? room_.try_take(bytes_a_key + key.size()) : bifilar::byte_budget::loan{};
    if (!paid) return in.all.end();
    const auto at = in.all.try_emplace(std::string{key}).first;
    at->second.held = std::move(held);
    at->second.paid = std::move(paid);
    return at;
}

store::outcome store::set(std::string_view key, std::string_view text, const change& how, value* old) {
    value fresh = value::copy_of(text, room_);  // And freed, as the old one, when the lock is.
    shard& in = shard_of(key);
    const std::lock_guard guard{in.mutex};
    auto at = find(in, key);
    const bool present = at != in.all.end();
    if (present && old != nullptr) *old = at->second.held;
    if (how.when != only_if::always && present != (how.when == only_if::present)) return outcome::not_met;
    if (!fresh) return outcome::no_room;
    if (present)
        std::swap(at->second.held, fresh);
    else if (at = insert(in, key, std::move(fresh)); at == in.all.end())
        return outcome::no_room;
    if (!how.keeps_end) set_end(in, at, how.until);
    return outcome::done;
}

value store::get(std::string_view key) {
    shard& in = shard_of(key);
    const std::lock_guard guard{in.mutex};
    const auto at = find(in, key);
    return at == in.all.end() ? value{} : at->second.held;
}

value store::take(std::string_view key) {
    shard& in = shard_of(key);
    const std::lock_guard guard{in.mutex};
    const auto at = find(in, key);
    return at == in.all.end() ? value{} : std::move(extract(in, at).mapped().held);
}

bool store::contains(std::string_view key) {
    shard& in = shard_of(key);
    const std::lock_guard guard{in.mutex};
    return find(in, key) != in.all.end();
}

std::expected<std::int64_t, store::add_error> store::add(std::string_view key, std::int64_t what) {
    shard& in = shard_of(key);
    const std::lock_guard guard{in.mutex};
    const auto at = find(in, key);
    const auto before = at == in.all.end() ? 0 : number(at->second.held.text());
    if (!before) return std::unexpected{add_error::not_a_number};
    std::int64_t sum = 0;
    if (__builtin_add_overflow(*before, what, &sum)) return std::unexpected{add_error::overflow};
    value made = value::copy_of(std::to_string(sum), room_);
    if (!made) return std::unexpected{add_error::no_room};
    if (at != in.all.end())
        at->second.held = std::move(made);
    else if (insert(in, key, std::move(made)) == in.all.end())
        return std::unexpected{add_error::no_room};
    return sum;
}

bool store::expire(std::string_view key, moment until, const std::function<bool(moment)>& wanted) {
    entries::node_type ended;  // Freed when the lock is.
    shard& in = shard_of(key);
    const std::lock_guard guard{in.mutex};
    const auto at = find(in, key);
    if (at == in.all.end() || !wanted(at->second.until)) return false;
    if (until <= now())
        ended = extract(in, at);
    else
        set_end(in, at, until);
    return true;
}

std::optional<store::moment> store::expiry(std::string_view key) {
    shard& in = shard_of(key);
    const std::lock_guard guard{in.mutex};
    const auto at = find(in, key);
    if (at == in.all.end()) return std::nullopt;
    return at->second.until;
}

std::size_t store::size() {
    std::size_t count = 0;
    for (shard& in : shards_) {
        const std::lock_guard guard{in.mutex};
        count += in.all.size();
    }
    return count;
}

void store::clear(std::size_t of) {
    entries all{0, hash{key_}};
    decltype(shard::ends) ends;
    shard& in = shards_[of];
    const std::lock_guard guard{in.mutex};
    std::swap(in.all, all);
    std::swap(in.ends, ends);
}

std::size_t store::drop_ended(std::size_t of, std::size_t most) {
    std::vector<entries::node_type> ended;
    shard& in = shards_[of];
    const std::lock_guard guard{in.mutex};
    const moment present = now();
    while (ended.size() < most && !in.ends.empty() && in.ends.begin()->first < present)
        ended.push_back(extract(in, in.all.find(*in.ends.begin()->second)));
    return ended.size();
}

}  // namespace kv
