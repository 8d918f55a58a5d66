// UTF-8 by the table of its well-formed sequences (Unicode, table 3-7), one character after the other.
#include "printable.hpp"

#include <cstdint>

namespace chat {
namespace {

// In bytes; 0 where none begins with such a one.
std::size_t length_of(unsigned char first) noexcept {
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first < 0xe0) return 2;
    if (first >= 0xe0 && first < 0xf0) return 3;
    return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

// The character in front and its bytes; 0 bytes where it is none.
std::uint32_t decode(std::string_view text, std::size_t& bytes) noexcept {
    const auto byte = [text](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    bytes = length_of(byte(0));
    if (bytes <= 1) return byte(0);
    std::uint32_t made = byte(0) & (0x7fu >> bytes);
    for (std::size_t at = 1; at < bytes; ++at) {
        if (at == text.size() || (byte(at) & 0xc0) != 0x80) return bytes = 0;
        made = made << 6 | (byte(at) & 0x3f);
    }
    const bool is_surrogate = made >= 0xd800 && made < 0xe000;
    if (made < least[bytes] || made > 0x10ffff || is_surrogate) bytes = 0;
    return made;
}

bool is_shown(std::uint32_t letter) noexcept {
    const bool is_control = letter < 0x20 || (letter >= 0x7f && letter < 0xa0);
    const bool is_separator = letter == 0x2028 || letter == 0x2029;
    const bool is_mark = letter == 0x061c || letter == 0x200e || letter == 0x200f;
    const bool turns_text = (letter >= 0x202a && letter <= 0x202e) || (letter >= 0x2066 && letter <= 0x2069);
    return !is_control && !is_separator && !is_mark && !turns_text;
}

}  // namespace

std::string printable(std::string_view text) {
    std::string clean;
    while (!text.empty()) {
        std::size_t bytes = 0;
        const std::uint32_t letter = decode(text, bytes);
        if (bytes == 0)
            clean += '?';
        else if (is_shown(letter))
            clean.append(text.substr(0, bytes));
        text.remove_prefix(bytes == 0 ? 1 : bytes);
    }
    return clean;
}

}  // namespace chat
