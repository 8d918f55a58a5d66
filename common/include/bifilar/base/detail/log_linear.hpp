// The buckets of a histogram of durations: sixteen of one width for each power of two, as HdrHistogram divides them.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace bifilar::base {

/// Nanoseconds from 0 to 2^37 (137 s), exact below 16 and with an error below a sixteenth from there on. What is longer
/// is in the last bucket.
struct log_linear {
    static constexpr unsigned width_bits = 4;
    static constexpr unsigned value_bits = 37;
    static constexpr std::size_t per_power = std::size_t{1} << width_bits;
    static constexpr std::size_t buckets = (value_bits - width_bits + 1) * per_power;

    /// The bucket of a duration.
    [[nodiscard]] static constexpr std::size_t bucket_of(std::uint64_t value_ns) noexcept {
        const std::uint64_t known = std::min(value_ns, (std::uint64_t{1} << value_bits) - 1);
        if (known < per_power) return static_cast<std::size_t>(known);
        const auto shift = static_cast<unsigned>(std::bit_width(known)) - 1 - width_bits;
        // The highest bit is in the shift, and the next ones say which of the sixteen.
        return shift * per_power + static_cast<std::size_t>(known >> shift);
    }
    /// The lowest duration in a bucket, or the first that is beyond the last.
    [[nodiscard]] static constexpr std::uint64_t lowest_in(std::size_t bucket) noexcept {
        if (bucket < 2 * per_power) return bucket;
        const std::size_t shift = bucket / per_power - 1;
        return std::uint64_t{bucket % per_power + per_power} << shift;
    }
};

}  // namespace bifilar::base
