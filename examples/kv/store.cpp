// Values under their shards' locks. What has ended is removed by whoever meets it.
#include "store.hpp"

#include <charconv>

namespace kv {

store::entry* store::find(shard& in, std::string_view key) {
    const auto found = in.all.find(key);
    if (found == in.all.end()) return nullptr;
    if (found->second.until == forever || found->second.until > clock::now()) return &found->second;
    in.all.erase(found);
    return nullptr;
}

bool store::set(std::string_view key, std::string_view value, clock::time_point until, only_if when) {
    shard& in = shard_of(key);
    const std::lock_guard guard{in.mutex};
    entry* at = find(in, key);
    if (when != only_if::always && (at != nullptr) != (when == only_if::present)) return false;
    if (at == nullptr) at = &in.all.try_emplace(std::string{key}).first->second;
    at->value.assign(value);
    at->until = until;
    return true;
}

bool store::get(std::string_view key, const std::function<void(std::string_view)>& add) {
    shard& in = shard_of(key);
    const std::lock_guard guard{in.mutex};
    const entry* const at = find(in, key);
    if (at == nullptr) return false;
    add(at->value);
    return true;
}

bool store::erase(std::string_view key) {
    shard& in = shard_of(key);
    const std::lock_guard guard{in.mutex};
    if (find(in, key) == nullptr) return false;
    in.all.erase(in.all.find(key));
    return true;
}

bool store::contains(std::string_view key) {
    shard& in = shard_of(key);
    const std::lock_guard guard{in.mutex};
    return find(in, key) != nullptr;
}

std::optional<std::int64_t> store::add(std::string_view key, std::int64_t what) {
    shard& in = shard_of(key);
    const std::lock_guard guard{in.mutex};
    entry* at = find(in, key);
    std::int64_t value = 0;
    if (at != nullptr) {
        const char* const last = at->value.data() + at->value.size();
        const auto [end, error] = std::from_chars(at->value.data(), last, value);
        if (error != std::errc{} || end != last) return std::nullopt;
    }
    if (__builtin_add_overflow(value, what, &value)) return std::nullopt;
    if (at == nullptr) at = &in.all.try_emplace(std::string{key}).first->second;
    at->value = std::to_string(value);
    return value;
}

bool store::expire(std::string_view key, clock::time_point until) {
    shard& in = shard_of(key);
    const std::lock_guard guard{in.mutex};
    entry* const at = find(in, key);
    if (at != nullptr) at->until = until;
    return at != nullptr;
}

std::optional<store::clock::time_point> store::expiry(std::string_view key) {
    shard& in = shard_of(key);
    const std::lock_guard guard{in.mutex};
    const entry* const at = find(in, key);
    if (at == nullptr) return std::nullopt;
    return at->until;
}

std::size_t store::size() {
    std::size_t count = 0;
    for (shard& in : shards_) {
        const std::lock_guard guard{in.mutex};
        count += in.all.size();
    }
    return count;
}

void store::clear() {
    for (shard& in : shards_) {
        const std::lock_guard guard{in.mutex};
        in.all.clear();
    }
}

}  // namespace kv
