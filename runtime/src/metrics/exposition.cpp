// Durations are seconds there, and buckets count what is at most as long as they say.
#include "metrics/exposition.hpp"

#include <charconv>
#include <chrono>
#include <set>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

namespace bifilar::metrics {
namespace {

// The buckets that are told: powers of two from 256 ns to 17 s, where a histogram's counts are exact.
constexpr unsigned first_limit = 8;
constexpr unsigned last_limit = 34;

bool is_name(std::string_view text) noexcept {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    if (text.empty() || !letter(text.front())) return false;
    for (const char c : text)
        if (!letter(c) && (c < '0' || c > '9')) return false;
    return true;
}

// Names of the formats' own, and those that the families use.
bool is_taken(std::string_view name) noexcept {
    for (const std::string_view taken : {"le", "quantile", "worker", "driver", "origin", "operation"})
        if (name == taken) return true;
    return name.starts_with("__");
}

// Exact, and in any locale.
std::string in_seconds(std::chrono::nanoseconds duration) {
    char text[40];
    const auto [end, error] = std::to_chars(text, text + sizeof text, static_cast<double>(duration.count()) / 1e9);
    return error == std::errc{} ? std::string{text, end} : std::string{};
}

}  // namespace

exposition::exposition(text_format format, const metrics_format& how) : format_{format} {
    std::set<std::string_view> names;
    for (const auto& [name, value] : how.labels) {
        if (!is_name(name) || is_taken(name) || !names.insert(name).second)
            throw std::invalid_argument{"metrics_format::labels has the name '" + name +
                                        "'; give each once, of letters, digits and '_', with no digit first and not "
                                        "one of the metrics' own"};
        add_label(name, value);
    }
    labels_ = std::exchange(text_, {});
}

void exposition::begin(std::string_view name, std::string_view type, std::string_view unit, std::string_view help) {
    family_ = "bifilar_" + std::string{name};
    // OpenMetrics names the family of a counter without the end of its samples.
    const std::string shown = format_ == text_format::prometheus ? family_ + std::string{suffix_} : family_;
    text_.append("# HELP ").append(shown).append(" ").append(help).append("\n");
    text_.append("# TYPE ").append(shown).append(" ").append(type).append("\n");
    if (format_ == text_format::open_metrics && !unit.empty())
        text_.append("# UNIT ").append(shown).append(" ").append(unit).append("\n");
}

void exposition::begin_counter(std::string_view name, std::string_view help) {
    suffix_ = "_total";
    begin(name, "counter", {}, help);
}

void exposition::begin_gauge(std::string_view name, std::string_view help, std::string_view unit) {
    suffix_ = "";
    begin(name, "gauge", unit, help);
}

void exposition::begin_histogram(std::string_view name, std::string_view help) {
    suffix_ = "";
    begin(name, "histogram", "seconds", help);
}

void exposition::add_label(std::string_view name, std::string_view value) {
    if (!text_.empty() && text_.back() != '{') text_ += ',';
    text_.append(name).append("=\"");
    for (const char c : value) {
        if (c == '\\' || c == '"')
            text_.append(1, '\\').append(1, c);
        else if (c == '\n')
            text_.append("\\n");
        else
            text_ += c;
    }
    text_ += '"';
}

void exposition::begin_sample(std::string_view suffix, std::string_view label, std::string_view label_value,
                              std::string_view limit) {
    text_.append(family_).append(suffix);
    if (labels_.empty() && label.empty() && limit.empty()) return;
    text_.append("{").append(labels_);
    if (!label.empty()) add_label(label, label_value);
    if (!limit.empty()) add_label("le", limit);
    text_ += '}';
}

void exposition::end_sample(std::string_view value) { text_.append(" ").append(value).append("\n"); }

void exposition::add(std::uint64_t value, std::string_view label, std::string_view label_value) {
    begin_sample(suffix_, label, label_value);
    end_sample(std::to_string(value));
}

void exposition::add(std::chrono::nanoseconds value) {
    begin_sample(suffix_, {}, {});
    end_sample(in_seconds(value));
}

void exposition::add(const histogram& value, std::string_view label, std::string_view label_value) {
    for (unsigned power = first_limit; power <= last_limit; ++power) {
        const std::chrono::nanoseconds limit{std::int64_t{1} << power};
        begin_sample("_bucket", label, label_value, in_seconds(limit));
        end_sample(std::to_string(value.count_below(limit)));
    }
    begin_sample("_bucket", label, label_value, "+Inf");
    end_sample(std::to_string(value.count()));
    begin_sample("_sum", label, label_value);
    end_sample(in_seconds(value.sum()));
    begin_sample("_count", label, label_value);
    end_sample(std::to_string(value.count()));
}

std::string exposition::take() && {
    if (format_ == text_format::open_metrics) text_.append("# EOF\n");
    return std::move(text_);
}

}  // namespace bifilar::metrics
