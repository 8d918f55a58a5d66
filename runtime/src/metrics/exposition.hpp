// Writes metrics as text: Prometheus' format 0.0.4, or OpenMetrics 1.0, which differs in names, units and its end.
#pragma once

#include <bifilar/runtime/metrics.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace bifilar::metrics {

enum class text_format : std::uint8_t { prometheus, open_metrics };

/// Families one after the other, each with its samples. All calls but the constructor throw std::bad_alloc.
class exposition {
public:
    /// Labels of all samples. Throws std::invalid_argument for a name that the formats do not know.
    exposition(text_format format, const metrics_format& how);

    /// Begins one; `unit` is empty, or the end of its name, such as "seconds".
    void begin_counter(std::string_view name, std::string_view help);
    void begin_gauge(std::string_view name, std::string_view help, std::string_view unit = {});
    void begin_histogram(std::string_view name, std::string_view help);

    /// A sample of the present family, with a label of its own unless its name is empty.
    void add(std::uint64_t value, std::string_view label = {}, std::string_view label_value = {});
    void add(std::chrono::nanoseconds value);
    void add(const histogram& value, std::string_view label = {}, std::string_view label_value = {});

    [[nodiscard]] std::string take() &&;

private:
    void begin(std::string_view name, std::string_view type, std::string_view unit, std::string_view help);
    void begin_sample(std::string_view suffix, std::string_view label, std::string_view label_value,
                      std::string_view limit = {});
    void add_label(std::string_view name, std::string_view value);
    void end_sample(std::string_view value);

    const text_format format_;
    std::string labels_;       // Of all samples, without brackets.
    std::string family_;       // The name of the present one.
    std::string_view suffix_;  // That its samples have, unless they are a histogram's.
    std::string text_;
};

}  // namespace bifilar::metrics
