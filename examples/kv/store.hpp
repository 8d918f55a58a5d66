// Keys and values, in shards that are locked one by one. No call waits for anything but such a lock, and that shortly.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace kv {

class store {
public:
    using clock = std::chrono::steady_clock;
    static constexpr clock::time_point forever = clock::time_point::max();

    /// When a value is set.
    enum class only_if : unsigned char { always, missing, present };

    /// Whether it was set.
    bool set(std::string_view key, std::string_view value, clock::time_point until = forever,
             only_if when = only_if::always);
    /// The value is appended to `to` by `add`, under the lock. Whether there is one.
    bool get(std::string_view key, const std::function<void(std::string_view)>& add);
    bool erase(std::string_view key);
    [[nodiscard]] bool contains(std::string_view key);
    /// The sum; empty when the value is no number, or the sum does not fit.
    std::optional<std::int64_t> add(std::string_view key, std::int64_t what);
    bool expire(std::string_view key, clock::time_point until);
    /// When the key ends; empty without one.
    [[nodiscard]] std::optional<clock::time_point> expiry(std::string_view key);
    [[nodiscard]] std::size_t size();
    void clear();

private:
    struct hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
    };
    struct entry {
        std::string value;
        clock::time_point until = forever;
    };
    using entries = std::unordered_map<std::string, entry, hash, std::equal_to<>>;
    struct shard {
        std::mutex mutex;
        entries all;
    };

    shard& shard_of(std::string_view key) noexcept { return shards_[hash{}(key) % shards_.size()]; }
    /// Null when it is missing or has ended. Under the shard's lock.
    static entry* find(shard& in, std::string_view key);

    std::array<shard, 64> shards_;
};

}  // namespace kv
