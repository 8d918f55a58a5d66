// One word after the other; each quote is a small language of its own.
#include "inline_words.hpp"

#include <cctype>

namespace kv {
namespace {

bool is_blank(char letter) noexcept { return std::isspace(static_cast<unsigned char>(letter)) != 0; }
bool is_hex(char letter) noexcept { return std::isxdigit(static_cast<unsigned char>(letter)) != 0; }
int hex(char digit) noexcept { return digit <= '9' ? digit - '0' : (digit | 32) - 'a' + 10; }

char unescaped(char letter) noexcept {
    switch (letter) {
        case 'n':
            return '\n';
        case 'r':
            return '\r';
        case 't':
            return '\t';
        case 'b':
            return '\b';
        case 'a':
            return '\a';
        default:
            return letter;
    }
}

// From behind the opening quote to behind the closing one. False without such a one.
bool quoted(std::string_view line, std::size_t& at, std::string& text) {
    const char quote = line[at++];
    while (at < line.size() && line[at] != quote) {
        const std::string_view rest = line.substr(at);
        if (quote == '"' && rest.size() >= 4 && rest.starts_with("\\x") && is_hex(rest[2]) && is_hex(rest[3])) {
            text += static_cast<char>(hex(rest[2]) * 16 + hex(rest[3]));
            at += 4;
        } else if (quote == '"' && rest.size() >= 2 && rest[0] == '\\') {
            text += unescaped(rest[1]);
            at += 2;
        } else if (quote == '\'' && rest.starts_with("\\'")) {
            text += '\'';
            at += 2;
        } else {
            text += rest[0];
            ++at;
        }
    }
    return at++ < line.size();
}

}  // namespace

bool split_words(std::string_view line, std::string& text, std::vector<command::place>& words) {
    line = line.substr(0, line.find('\0'));
    for (std::size_t at = 0;;) {
        while (at < line.size() && is_blank(line[at])) ++at;
        if (at == line.size()) return true;
        const std::size_t began = text.size();
        while (at < line.size() && !is_blank(line[at])) {
            if (line[at] != '"' && line[at] != '\'') {
                text += line[at++];
                continue;
            }
            if (!quoted(line, at, text)) return false;
            if (at < line.size() && !is_blank(line[at])) return false;
        }
        words.push_back({began, text.size() - began});
    }
}

}  // namespace kv
