// What a handful of repetitions says: median, extremes, and how far the median may be off.
// The interval is of two of the repetitions, whatever the distribution, as of experiments/report/judge/interval.py.
#include "statistics.hpp"

#include <algorithm>
#include <cmath>

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

// The greatest k for which the median lies between the k-th least and the k-th most with 95 %: each value is below it
// with a chance of one half. 1, the extremes, where there is none.
std::size_t place_of_interval(std::size_t count) {
    const auto all = static_cast<double>(count);
    double ways = 1;  // To choose k - 1 of all.
    double below = 0;
    std::size_t best = 1;
    for (std::size_t k = 1; k <= count / 2; ++k) {
        below += ways * std::exp2(-all);
        if (1 - 2 * below >= 0.95) best = k;
        ways *= (all - static_cast<double>(k) + 1) / static_cast<double>(k);
    }
    return best;
}

}  // namespace

summary summarise(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const std::size_t place = place_of_interval(values.size());
    return {median_of_sorted(values),
            values.front(),
            values.back(),
            quantile_of_sorted(values, 0.25),
            quantile_of_sorted(values, 0.75),
            values[place - 1],
            values[values.size() - place]};
}

}  // namespace bifilar::experiments
