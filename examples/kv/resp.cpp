// Arrays of strings. Lines of words are split in inline_words.cpp. Complaints are in Redis's words, where it has some.
#include "resp.hpp"

#include "inline_words.hpp"
#include "number.hpp"

namespace kv {
namespace {

constexpr std::size_t max_line = 64 * 1024;
// Of a client that has not said the password.
constexpr std::int64_t max_untrusted_words = 10;
constexpr std::int64_t max_untrusted_bytes = 16384;
// Places for so many words are kept from one command to the next.
constexpr std::size_t kept_words = 256;

}  // namespace

parsed parser::next(std::string_view from, bool trusted) {
    if (from.empty()) return parsed::incomplete;
    return from.front() == '*' ? array(from, trusted) : line(from);
}

void parser::done() {
    words_.clear();
    if (words_.capacity() > kept_words) words_.shrink_to_fit();
    line_.clear();
    line_.shrink_to_fit();
    at_ = seen_ = sum_ = 0;
    wanted_.reset();
    length_.reset();
    quoted_ = false;
}

parsed parser::broken(std::string_view why) {
    reason_ = why;
    return parsed::broken;
}

parsed parser::line(std::string_view from) {
    const std::size_t end = from.find('\n', seen_);
    seen_ = end == std::string_view::npos ? from.size() : end + 1;
    if (end == std::string_view::npos) return seen_ > max_line ? broken("too big inline request") : parsed::incomplete;
    at_ = seen_;
    quoted_ = true;
    const std::string_view text = from.substr(0, end != 0 && from[end - 1] == '\r' ? end - 1 : end);
    return split_words(text, line_, words_) ? parsed::complete : broken("unbalanced quotes in request");
}

parsed parser::array(std::string_view from, bool trusted) {
    if (!wanted_) {
        std::optional<std::int64_t> count;
        if (at_ == 0) at_ = seen_ = 1;
        if (const parsed got = number_line(from, "too big mbulk count string", count); got != parsed::complete)
            return got;
        if (!count || *count > static_cast<std::int64_t>(max_words)) return broken("invalid multibulk length");
        if (!trusted && *count > max_untrusted_words) return broken("unauthenticated multibulk length");
        wanted_ = *count > 0 ? static_cast<std::size_t>(*count) : 0;
    }
    while (words_.size() < *wanted_)
        if (const parsed got = word(from, trusted); got != parsed::complete) return got;
    return parsed::complete;
}

// Its length, itself, and the end of its line.
parsed parser::word(std::string_view from, bool trusted) {
    if (!length_) {
        if (at_ == from.size()) return parsed::incomplete;
        if (from[at_] != '$') {
            const bool ends_line = from[at_] == '\r' || from[at_] == '\n';
            return broken(std::string{"expected '$', got '"} + (ends_line ? ' ' : from[at_]) + "'");
        }
        seen_ = std::max(seen_, at_ + 1);
        std::optional<std::int64_t> bytes;
        const std::size_t began = at_++;
        const parsed got = number_line(from, "too big bulk count string", bytes);
        if (got == parsed::incomplete) at_ = began;
        if (got != parsed::complete) return got;
        if (!bytes || *bytes < 0 || *bytes > static_cast<std::int64_t>(max_bytes))
            return broken("invalid bulk length");
        if (!trusted && *bytes > max_untrusted_bytes) return broken("unauthenticated bulk length");
        length_ = static_cast<std::size_t>(*bytes);
        sum_ += *length_;
        if (sum_ > max_bytes) return broken("a command may have 64 MiB in all its words");
    }
    if (from.size() - at_ < *length_ + 2) return parsed::incomplete;
    if (from.substr(at_ + *length_, 2) != "\r\n") return broken("expected the end of a line behind a bulk string");
    words_.push_back({at_, *length_});
    at_ += *length_ + 2;
    seen_ = at_;
    length_.reset();
    return parsed::complete;
}

// A number and the end of its line, behind which it goes on. Empty: no number.
parsed parser::number_line(std::string_view from, const char* what, std::optional<std::int64_t>& value) {
    const std::size_t end = from.find('\r', seen_);
    seen_ = std::min(end, from.size());
    if (end == std::string_view::npos) return from.size() - at_ > max_line ? broken(what) : parsed::incomplete;
    if (end + 1 == from.size()) return parsed::incomplete;
    if (from[end + 1] == '\n') value = number(from.substr(at_, end - at_));
    at_ = seen_ = end + 2;
    return parsed::complete;
}

static_assert(max_bytes == std::size_t{64} << 20);

}  // namespace kv
