// What a handful of repetitions says: median, extremes, and how far the median may be off.
// The interval is of two of the repetitions, whatever the distribution, as of experiments/report/judge/interval.py.
#pragma once

#include <vector>

namespace bifilar::experiments {

struct summary {
    double median = 0;
    double least = 0;
    double most = 0;
    double low_quartile = 0;
    double high_quartile = 0;
    double median_low = 0;  ///< 95 % interval of the median; of fewer than six values, the extremes.
    double median_high = 0;
};

/// Of at least one value.
[[nodiscard]] summary summarise(std::vector<double> values);

}  // namespace bifilar::experiments
