// What a handful of repetitions says: median, extremes, and how far the median may be off.
// The interval is the percentile bootstrap (Efron 1979) with a fixed seed, so that a report can be made again.
#include "statistics.hpp"

#include <algorithm>
#include <random>

namespace bifilar::experiments {

namespace {

double median_of_sorted(const std::vector<double>& sorted) {
    const std::size_t half = sorted.size() / 2;
    return sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

// Between the two nearest values, as spreadsheets do it.
double quantile_of_sorted(const std::vector<double>& sorted, double share) {
    const double place = share * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const std::size_t above = std::min(below + 1, sorted.size() - 1);
    return sorted[below] + (sorted[above] - sorted[below]) * (place - static_cast<double>(below));
}

}  // namespace

summary summarise(std::vector<double> values) {
    constexpr std::size_t resamples = 1000;
    std::sort(values.begin(), values.end());
    summary result{median_of_sorted(values),
                   values.front(),
                   values.back(),
                   quantile_of_sorted(values, 0.25),
                   quantile_of_sorted(values, 0.75),
                   0,
                   0};
    std::mt19937 random{20261121};
    std::uniform_int_distribution<std::size_t> pick{0, values.size() - 1};
    std::vector<double> medians(resamples);
    std::vector<double> sample(values.size());
    for (double& median : medians) {
        for (double& value : sample) value = values[pick(random)];
        std::sort(sample.begin(), sample.end());
        median = median_of_sorted(sample);
    }
    std::sort(medians.begin(), medians.end());
    result.median_low = medians[resamples * 25 / 1000];
    result.median_high = medians[resamples * 975 / 1000 - 1];
    return result;
}

}  // namespace bifilar::experiments
