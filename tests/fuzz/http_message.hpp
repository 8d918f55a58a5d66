// A second reader of requests, written anew from RFC 9112: it knows how long a message is, and nothing else. Where it
// and the parser of examples/http disagree about a request that the parser takes, somebody can smuggle one in another.
#pragma once

#include "input.hpp"

#include <cctype>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fuzz {

struct header {
    std::string name;  // In small letters.
    std::string value;
};

inline std::string lower(std::string_view text) {
    std::string made;
    for (const char one : text) made += static_cast<char>(std::tolower(static_cast<unsigned char>(one)));
    return made;
}
inline std::string_view without_blanks(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// A line, which CR and LF end; both are taken off with it. Empty: there is no such end, or one of the two stands
/// alone.
inline std::optional<std::string_view> line_of(std::string_view& from) {
    const std::size_t end = from.find_first_of("\r\n");
    if (end == std::string_view::npos || from.substr(end, 2) != "\r\n") return std::nullopt;
    const std::string_view line = from.substr(0, end);
    from.remove_prefix(end + 2);
    return line;
}

/// The fields up to and with the empty line. Empty where one of them has two meanings: it continues the one before, or
/// there is no name, or a blank in it.
inline std::optional<std::vector<header>> headers_of(std::string_view& from) {
    std::vector<header> all;
    for (;;) {
        const auto line = line_of(from);
        if (!line) return std::nullopt;
        if (line->empty()) return all;
        const std::size_t colon = line->find(':');
        if (colon == std::string_view::npos || colon == 0) return std::nullopt;
        const std::string_view name = line->substr(0, colon);
        for (const char one : name)
            if (one <= ' ' || one >= 0x7f) return std::nullopt;
        all.push_back({lower(name), std::string{without_blanks(line->substr(colon + 1))}});
    }
}

/// A number of these digits; empty: something else, or more than fits.
inline std::optional<std::uint64_t> digits(std::string_view text, unsigned base) {
    if (text.empty()) return std::nullopt;
    std::uint64_t value = 0;
    for (const char one : text) {
        const auto letter = static_cast<unsigned char>(one);
        if (std::isxdigit(letter) == 0) return std::nullopt;
        const unsigned digit = std::isdigit(letter) != 0 ? letter - '0' : (letter | 32U) - 'a' + 10U;
        if (digit >= base || value > (UINT64_MAX - digit) / base) return std::nullopt;
        value = value * base + digit;
    }
    return value;
}

/// What the chunks hold; `from` is behind the trailers then.
inline std::optional<std::string> chunks_of(std::string_view& from) {
    std::string body;
    for (;;) {
        const auto line = line_of(from);
        if (!line) return std::nullopt;
        const auto bytes = digits(line->substr(0, line->find_first_of("; \t")), 16);
        if (!bytes || from.size() < *bytes) return std::nullopt;
        if (*bytes == 0) return headers_of(from) ? std::optional{body} : std::nullopt;
        body += from.substr(0, *bytes);
        from.remove_prefix(*bytes);
        if (const auto end = line_of(from); !end || !end->empty()) return std::nullopt;
    }
}

struct message {
    std::string first_line;
    std::vector<header> headers;
    std::string body;
    std::size_t bytes = 0;  // In all.

    [[nodiscard]] std::vector<std::string> all(std::string_view name) const {
        std::vector<std::string> values;
        for (const header& one : headers)
            if (one.name == name) values.push_back(one.value);
        return values;
    }
};

/// The request in front, if it is whole and has one meaning alone.
inline std::optional<message> read_request(std::string_view bytes) {
    std::string_view from = bytes;
    if (from.starts_with("\r\n")) from.remove_prefix(2);
    message got;
    const auto first = line_of(from);
    if (!first || first->empty()) return std::nullopt;
    got.first_line = *first;
    auto headers = headers_of(from);
    if (!headers) return std::nullopt;
    got.headers = std::move(*headers);
    const auto lengths = got.all("content-length");
    const auto codings = got.all("transfer-encoding");
    if (lengths.size() > 1 || codings.size() > 1 || (!lengths.empty() && !codings.empty())) return std::nullopt;
    if (!codings.empty()) {
        if (lower(codings.front()) != "chunked") return std::nullopt;
        auto body = chunks_of(from);
        if (!body) return std::nullopt;
        got.body = std::move(*body);
    } else if (!lengths.empty()) {
        const auto count = digits(lengths.front(), 10);
        if (!count || from.size() < *count) return std::nullopt;
        got.body = from.substr(0, *count);
        from.remove_prefix(*count);
    }
    got.bytes = bytes.size() - from.size();
    return got;
}

}  // namespace fuzz
