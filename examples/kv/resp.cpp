// Parsing commands and writing answers.
#include "resp.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace kv {
namespace {

constexpr std::size_t most_line = 64 * 1024;
constexpr std::size_t most_number = 32;  // A number's letters.

}  // namespace

parsed parser::next(std::string_view from, command& into, std::size_t& taken) {
    const parsed got = go_on(from);
    if (got != parsed::complete) return got;
    into.clear();
    for (const place& one : words_) into.push_back(from.substr(one.at, one.bytes));
    taken = at_;
    words_.clear();
    at_ = wanted_ = sum_ = 0;
    return parsed::complete;
}

parsed parser::go_on(std::string_view from) {
    if (from.empty()) return parsed::incomplete;
    return from.front() == '*' ? array(from) : line(from);
}

parsed parser::line(std::string_view from) {
    const std::size_t end = from.find('\n', at_);
    at_ = end == std::string_view::npos ? from.size() : end + 1;
    if (at_ > most_line) return parsed::broken;
    if (end == std::string_view::npos) return parsed::incomplete;
    const std::string_view words = from.substr(0, end != 0 && from[end - 1] == '\r' ? end - 1 : end);
    for (std::size_t at = 0; at < words.size();) {
        const std::size_t space = std::min(words.find(' ', at), words.size());
        if (space != at) words_.push_back({at, space - at});
        at = space + 1;
    }
    return parsed::complete;
}

parsed parser::array(std::string_view from) {
    if (at_ == 0) {
        at_ = 1;
        const parsed got = number_line(from, most_words, wanted_);
        if (got == parsed::incomplete) at_ = 0;
        if (got != parsed::complete) return got;
    }
    while (words_.size() < wanted_)
        if (const parsed got = word(from); got != parsed::complete) return got;
    return parsed::complete;
}

// Its length, itself, and the end of its line.
parsed parser::word(std::string_view from) {
    const std::size_t began = at_;
    if (at_ == from.size()) return parsed::incomplete;
    if (from[at_++] != '$') return parsed::broken;
    std::size_t bytes = 0;
    parsed got = number_line(from, most_bytes - sum_, bytes);
    if (got == parsed::complete && from.size() - at_ < bytes + 2) got = parsed::incomplete;
    if (got == parsed::incomplete) at_ = began;
    if (got != parsed::complete) return got;
    if (from.substr(at_ + bytes, 2) != "\r\n") return parsed::broken;
    words_.push_back({at_, bytes});
    sum_ += bytes;
    at_ += bytes + 2;
    return parsed::complete;
}

// A number and the end of its line, behind which it goes on.
parsed parser::number_line(std::string_view from, std::size_t most, std::size_t& value) {
    const std::string_view text = from.substr(at_, most_number + 2);
    const std::size_t end = text.find("\r\n");
    if (end == std::string_view::npos) return text.size() > most_number + 1 ? parsed::broken : parsed::incomplete;
    const auto [last, error] = std::from_chars(text.data(), text.data() + end, value);
    if (last != text.data() + end || error == std::errc::invalid_argument) return parsed::broken;
    if (error != std::errc{} || value > most) return parsed::too_large;
    at_ += end + 2;
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
