// Parsing commands and writing answers.
#include "resp.hpp"

#include <charconv>

namespace kv {
namespace {

constexpr std::size_t most_words = 1'000'000;
constexpr std::size_t most_bytes = std::size_t{64} << 20;  // Of one word.
constexpr std::size_t most_line = 64 * 1024;

// A number and the end of its line at `at`, which moves behind it.
parsed number_line(std::string_view from, std::size_t& at, std::size_t most, std::size_t& value) {
    const std::size_t end = from.find("\r\n", at);
    if (end == std::string_view::npos) return from.size() - at > 32 ? parsed::broken : parsed::incomplete;
    const auto [last, error] = std::from_chars(from.data() + at, from.data() + end, value);
    if (error != std::errc{} || last != from.data() + end || value > most) return parsed::broken;
    at = end + 2;
    return parsed::complete;
}

parsed words_of_line(std::string_view from, command& into, std::size_t& taken) {
    const std::size_t end = from.find('\n');
    if (end == std::string_view::npos) return from.size() > most_line ? parsed::broken : parsed::incomplete;
    std::string_view line = from.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    while (!line.empty()) {
        const std::size_t space = line.find(' ');
        if (space != 0) into.push_back(line.substr(0, space));
        line.remove_prefix(space == std::string_view::npos ? line.size() : space + 1);
    }
    taken = end + 1;
    return parsed::complete;
}

}  // namespace

parsed parse(std::string_view from, command& into, std::size_t& taken) {
    into.clear();
    if (from.empty()) return parsed::incomplete;
    if (from.front() != '*') return words_of_line(from, into, taken);
    std::size_t at = 1;
    std::size_t words = 0;
    if (const parsed got = number_line(from, at, most_words, words); got != parsed::complete) return got;
    while (into.size() < words) {
        if (at == from.size()) return parsed::incomplete;
        if (from[at++] != '$') return parsed::broken;
        std::size_t bytes = 0;
        if (const parsed got = number_line(from, at, most_bytes, bytes); got != parsed::complete) return got;
        if (from.size() - at < bytes + 2) return parsed::incomplete;
        into.push_back(from.substr(at, bytes));
        at += bytes;
        if (from.substr(at, 2) != "\r\n") return parsed::broken;
        at += 2;
    }
    taken = at;
    return parsed::complete;
}

void add_simple(std::string& to, std::string_view text) { to.append("+").append(text).append("\r\n"); }
void add_error(std::string& to, std::string_view text) { to.append("-").append(text).append("\r\n"); }
void add_number(std::string& to, std::int64_t value) { to.append(":").append(std::to_string(value)).append("\r\n"); }
void add_string(std::string& to, std::string_view value) {
    to.append("$").append(std::to_string(value.size())).append("\r\n").append(value).append("\r\n");
}
void add_nothing(std::string& to) { to.append("$-1\r\n"); }
void add_array(std::string& to, std::size_t count) { to.append("*").append(std::to_string(count)).append("\r\n"); }

}  // namespace kv
