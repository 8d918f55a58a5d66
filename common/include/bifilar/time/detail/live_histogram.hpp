// A histogram that one thread fills while others read.
#pragma once

#include <bifilar/base/detail/clock.hpp>
#include <bifilar/base/detail/counter.hpp>
#include <bifilar/base/detail/log_linear.hpp>
#include <bifilar/time/histogram.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace bifilar::detail {

class live_histogram {
public:
    /// Counts a duration so many times; one below 0 as 0. The owner, or whoever holds the lock that makes it one.
    void add(base::instant_ns duration, std::uint64_t times = 1) noexcept {
        const auto ns = static_cast<std::uint64_t>(std::max<base::instant_ns>(duration, 0));
        sum_ns_.add(ns * times);
        counts_[base::log_linear::bucket_of(ns)].add(times);
    }
    /// Any thread. What is added meanwhile may be in the sum and not yet counted. Throws std::bad_alloc.
    [[nodiscard]] histogram read() const {
        histogram now;
        for (std::size_t n = 0; n < counts_.size(); ++n) now.add_to(n, counts_[n].get());
        now.add_sum(sum_ns_.get());
        return now;
    }

private:
    std::array<base::counter, base::log_linear::buckets> counts_;
    base::counter sum_ns_;
};

}  // namespace bifilar::detail
