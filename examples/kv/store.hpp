// Keys and values, in shards that are locked one by one. No call waits for anything but such a lock, and that shortly.
#pragma once

#include "siphash.hpp"
#include "value.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

namespace kv {

/// Any thread. What strangers choose decides nothing about where a key lies in the table, whose hash has a random key;
/// and keys and values together have no more bytes than they may.
class store {
public:
    /// Of the system's clock, so that a client may name a moment.
    using moment = std::chrono::sys_time<std::chrono::milliseconds>;
    static constexpr moment forever = moment::max();
    static constexpr std::size_t shard_count = 64;
    [[nodiscard]] static moment now() noexcept;

    /// When a value is set.
    enum class only_if : unsigned char { always, missing, present };
    enum class outcome : unsigned char { done, not_met, no_room };
    enum class add_error : unsigned char { not_a_number, overflow, no_room };
    struct change {
        moment until = forever;
        bool keeps_end = false;  ///< The key ends when it would have without the change.
        only_if when = only_if::always;
    };

    /// Throws std::system_error when the kernel gives no random key.
    explicit store(std::uint64_t max_bytes);

    /// `old` becomes the value before, if there was one and somebody wants it, also where the condition is not met.
    outcome set(std::string_view key, std::string_view text, const change& how, value* old = nullptr);
    /// Null when there is none.
    [[nodiscard]] value get(std::string_view key);
    /// Removes it.
    value take(std::string_view key);
    [[nodiscard]] bool contains(std::string_view key);
    /// The sum; the key keeps its end.
    std::expected<std::int64_t, add_error> add(std::string_view key, std::int64_t what);
    /// Where `wanted`, which gets the present end, says so. Whether it did.
    bool expire(std::string_view key, moment until, const std::function<bool(moment)>& wanted);
    /// When the key ends; empty without one.
    [[nodiscard]] std::optional<moment> expiry(std::string_view key);
    [[nodiscard]] std::size_t size();

    /// Removes all of one shard.
    void clear(std::size_t shard);
    /// Removes keys of one shard that have ended, `most` of them at most. How many it were.
    std::size_t drop_ended(std::size_t shard, std::size_t most);

    /// Bytes that are free.
    [[nodiscard]] std::uint64_t free_bytes() const noexcept { return room_.free_bytes(); }
    /// What pays for keys and values; also for other values that answers have.
    [[nodiscard]] bifilar::byte_budget& room() noexcept { return room_; }
    /// What a key takes beside its own bytes and its value's: an upper bound of the table's memory for it.
    static constexpr std::size_t bytes_a_key = 256;

private:
    struct hash {
        using is_transparent = void;
        hash_key key;
        // Not noexcept, so that the table keeps what it gives and computes nothing anew when it grows.
        std::size_t operator()(std::string_view text) const { return siphash(key, text); }
    };
    struct entry {
        value held;
        moment until = forever;
        bifilar::byte_budget::loan paid;
    };
    using entries = std::unordered_map<std::string, entry, hash, std::equal_to<>>;
    struct shard {
        std::mutex mutex;
        entries all;
        std::set<std::pair<moment, const std::string*>> ends;  // Of all that end, the keys in `all`.
    };

    // By other bits than those by which the shard's table goes.
    shard& shard_of(std::string_view key) { return shards_[siphash(key_, key) >> 58]; }
    /// End() when it is missing or has ended. Under the shard's lock.
    static entries::iterator find(shard& in, std::string_view key);
    static void set_end(shard& in, entries::iterator at, moment until);
    static entries::node_type extract(shard& in, entries::iterator at);
    /// Puts in a key that is missing; end() when there is no room.
    entries::iterator insert(shard& in, std::string_view key, value held);

    bifilar::byte_budget room_;  // Outlives what is counted on it.
    const hash_key key_;
    std::array<shard, shard_count> shards_;
};

}  // namespace kv
