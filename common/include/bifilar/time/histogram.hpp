// How often something took how long.
#pragma once

#include <bifilar/base/detail/log_linear.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace bifilar {

/// Counts of durations in buckets, up to 137 s; longer ones are counted in the last bucket, and their sum is exact. A
/// bucket is at most a sixteenth of its lower end wide. The first duration allocates 4.3 KiB. Any thread, one at a
/// time.
class histogram {
public:
    /// Counts a duration so many times; one below 0 as 0.
    /// Throws: std::bad_alloc.
    void add(std::chrono::nanoseconds duration, std::uint64_t times = 1) {
        const std::uint64_t ns = duration.count() > 0 ? static_cast<std::uint64_t>(duration.count()) : 0;
        add_to(base::log_linear::bucket_of(ns), times);
        sum_ns_ += ns * times;
    }
    /// Adds up.
    /// Throws: std::bad_alloc.
    histogram& operator+=(const histogram& other) {
        for (std::size_t n = 0; n < other.counts_.size(); ++n) add_to(n, other.counts_[n]);
        sum_ns_ += other.sum_ns_;
        return *this;
    }

    /// Takes away what was there earlier: what is left came since then. `earlier` is an older copy of this one.
    histogram& operator-=(const histogram& earlier) noexcept {
        for (std::size_t n = 0; n < earlier.counts_.size(); ++n) counts_[n] -= earlier.counts_[n];
        count_ -= earlier.count_;
        sum_ns_ -= earlier.sum_ns_;
        return *this;
    }

    /// Durations in all.
    [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
    /// All durations together.
    [[nodiscard]] std::chrono::nanoseconds sum() const noexcept { return as_time(sum_ns_); }
    /// How many are shorter than `limit`: exact where it is a power of two nanoseconds; else those in its bucket are
    /// not counted.
    [[nodiscard]] std::uint64_t count_below(std::chrono::nanoseconds limit) const noexcept {
        if (limit.count() <= 0 || counts_.empty()) return 0;
        const std::size_t end = base::log_linear::bucket_of(static_cast<std::uint64_t>(limit.count()));
        std::uint64_t below = 0;
        for (std::size_t n = 0; n < end; ++n) below += counts_[n];
        return below;
    }
    /// The duration that a share of them, from 0 to 1 (0.99 is p99), does not exceed, rounded up to the end of its
    /// bucket: at most a sixteenth too long. 0 when there are none.
    [[nodiscard]] std::chrono::nanoseconds quantile(double share) const noexcept {
        if (count_ == 0) return {};
        const double wanted = share * static_cast<double>(count_);
        std::uint64_t seen = 0;
        std::size_t last = 0;
        for (std::size_t n = 0; n < counts_.size(); ++n) {
            if (counts_[n] == 0) continue;
            last = n;
            seen += counts_[n];
            if (static_cast<double>(seen) >= wanted) break;
        }
        return as_time(base::log_linear::lowest_in(last + 1) - 1);
    }

    /// For the library: how many buckets there are, and durations counted in one of them.
    static constexpr std::size_t buckets = base::log_linear::buckets;
    /// Likewise, without their sum.
    void add_to(std::size_t bucket, std::uint64_t times) {
        if (times == 0) return;
        if (counts_.empty()) counts_.resize(buckets);
        counts_[bucket] += times;
        count_ += times;
    }
    /// Likewise, the sum.
    void add_sum(std::uint64_t ns) noexcept { sum_ns_ += ns; }

private:
    [[nodiscard]] static std::chrono::nanoseconds as_time(std::uint64_t ns) noexcept {
        return std::chrono::nanoseconds{static_cast<std::chrono::nanoseconds::rep>(ns)};
    }

    std::vector<std::uint64_t> counts_;  // Empty, or one for each bucket.
    std::uint64_t count_ = 0;
    std::uint64_t sum_ns_ = 0;
};

}  // namespace bifilar
