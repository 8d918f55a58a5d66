// Hosts, lists and the extensions of chunks, letter by letter.
#include "grammar.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cstring>

namespace http {
namespace {

bool is_digit(char one) noexcept { return one >= '0' && one <= '9'; }
bool is_blank(char one) noexcept { return one == ' ' || one == '\t'; }
char lowered(char one) noexcept { return one >= 'A' && one <= 'Z' ? static_cast<char>(one + ('a' - 'A')) : one; }

// Unreserved and sub-delims of RFC 3986.
bool is_of_name(char one) noexcept {
    return is_digit(one) || (lowered(one) >= 'a' && lowered(one) <= 'z') ||
           std::string_view{"-._~!$&'()*+,;="}.contains(one);
}

bool is_name(std::string_view text) noexcept {
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (is_of_name(text[at])) continue;
        if (text[at] != '%' || at + 2 >= text.size()) return false;
        if (hexadecimal(text[at + 1]) < 0 || hexadecimal(text[at + 2]) < 0) return false;
        at += 2;
    }
    return true;
}

// Between the brackets: IPv6, or what later versions would look like: "v1.name".
bool is_literal(std::string_view text) noexcept {
    if (text.empty() || text.size() >= INET6_ADDRSTRLEN) return false;
    if (lowered(text.front()) == 'v') {
        const std::size_t dot = text.find('.');
        if (dot == std::string_view::npos || dot < 2 || dot + 1 == text.size()) return false;
        const std::string_view version = text.substr(1, dot - 1);
        const std::string_view rest = text.substr(dot + 1);
        return std::all_of(version.begin(), version.end(), [](char one) { return hexadecimal(one) >= 0; }) &&
               std::all_of(rest.begin(), rest.end(), [](char one) { return is_of_name(one) || one == ':'; });
    }
    std::array<char, INET6_ADDRSTRLEN> ended{};
    std::copy(text.begin(), text.end(), ended.begin());
    in6_addr address{};
    return ::inet_pton(AF_INET6, ended.data(), &address) == 1;
}

void skip_blanks(std::string_view& text) noexcept {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
}

bool skip_token(std::string_view& text) noexcept {
    std::size_t bytes = 0;
    while (bytes < text.size() && is_token(text.substr(bytes, 1))) ++bytes;
    text.remove_prefix(bytes);
    return bytes != 0;
}

// From behind the opening quote to behind the closing one.
bool skip_quoted(std::string_view& text) noexcept {
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '\\') {
            ++at;
        } else if (text[at] == '"') {
            text.remove_prefix(at + 1);
            return true;
        }
    }
    return false;
}

}  // namespace

std::string_view trimmed(std::string_view text) noexcept {
    skip_blanks(text);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

std::size_t text_bytes(std::string_view bytes) noexcept {
    // Eight at a time, until there is a control character among them; each lane's high bit says so.
    constexpr std::uint64_t ones = 0x0101010101010101U;
    constexpr std::uint64_t high = ones * 0x80;
    std::size_t count = 0;
    for (; count + 8 <= bytes.size(); count += 8) {
        std::uint64_t eight = 0;
        std::memcpy(&eight, bytes.data() + count, sizeof eight);
        const std::uint64_t low = (eight - ones * 0x20) & ~eight & high;
        const std::uint64_t other = eight ^ (ones * 0x7f);
        if ((low | ((other - ones) & ~other & high)) != 0) break;
    }
    // A borrow may have told of one too many, and a tab is text: the letters decide.
    while (count < bytes.size() && is_text(bytes[count])) ++count;
    return count;
}

bool detail::is_same_but_case(std::string_view text, std::string_view lower) noexcept {
    return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                      [](char one, char other) { return lowered(one) == other; });
}

int hexadecimal(char one) noexcept {
    if (is_digit(one)) return one - '0';
    const char low = lowered(one);
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

std::optional<std::uint64_t> decimal(std::string_view text) noexcept {
    if (text.empty()) return std::nullopt;
    std::uint64_t value = 0;
    for (const char one : text) {
        if (!is_digit(one)) return std::nullopt;
        const auto digit = static_cast<std::uint64_t>(one - '0');
        value = value > (UINT64_MAX - digit) / 10 ? UINT64_MAX : value * 10 + digit;
    }
    return value;
}

bool is_host(std::string_view text) noexcept {
    std::size_t end = text.find(':');
    if (text.starts_with('[')) {
        const std::size_t bracket = text.find(']');
        if (bracket == std::string_view::npos || !is_literal(text.substr(1, bracket - 1))) return false;
        end = bracket + 1;
    } else if (!is_name(text.substr(0, end))) {
        return false;
    }
    if (end >= text.size()) return true;
    const std::string_view port = text.substr(end + 1);
    return text[end] == ':' && (port.empty() || decimal(port).value_or(UINT64_MAX) <= 65535);
}

bool is_chunk_extension(std::string_view text) noexcept {
    while (!text.empty()) {
        skip_blanks(text);
        if (!text.starts_with(';')) return false;
        text.remove_prefix(1);
        skip_blanks(text);
        if (!skip_token(text)) return false;
        std::string_view behind = text;
        skip_blanks(behind);
        if (!behind.starts_with('=')) continue;
        behind.remove_prefix(1);
        skip_blanks(behind);
        const bool is_quoted = behind.starts_with('"');
        if (is_quoted) behind.remove_prefix(1);
        if (!(is_quoted ? skip_quoted(behind) : skip_token(behind))) return false;
        text = behind;
    }
    return true;
}

}  // namespace http
