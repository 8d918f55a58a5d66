// Latencies of a load generator; any number of them in a fixed 8 KiB.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace bifilar::experiments {

/// Counts in buckets of 1/16 of a power of two: at most 6 % wide.
class histogram {
public:
    void add(std::uint64_t ns) noexcept {
        ++buckets_[std::min(place(ns), buckets_.size() - 1)];
        ++count_;
    }
    /// The upper end, in ns, of the bucket below which that share of the latencies lies; 0 when there are none.
    [[nodiscard]] std::uint64_t percentile(double share) const noexcept {
        const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(count_));
        std::uint64_t seen = 0;
        for (std::size_t at = 0; at < buckets_.size(); ++at)
            if ((seen += buckets_[at]) > wanted) return upper(at);
        return 0;
    }
    [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

private:
    static std::size_t place(std::uint64_t ns) noexcept {
        if (ns < 16) return ns;
        const auto power = static_cast<unsigned>(63 - __builtin_clzll(ns));
        return (power - 3) * 16 + ((ns >> (power - 4)) & 15);
    }
    static std::uint64_t upper(std::size_t at) noexcept {
        if (at < 16) return at;
        const unsigned power = static_cast<unsigned>(at / 16) + 3;
        return (std::uint64_t{16} + at % 16 + 1) << (power - 4);
    }
    std::vector<std::uint64_t> buckets_ = std::vector<std::uint64_t>(64 * 16);
    std::uint64_t count_ = 0;
};

}  // namespace bifilar::experiments
