// Writes JSON, value by value.
#pragma once

#include <algorithm>
#include <cinttypes>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

namespace bifilar {

// Values with commas between them, in the order in which they come.
class json_writer {
public:
    void begin(char bracket) {
        separate();
        text_ += bracket;
        first_ = true;
    }
    void end(char bracket) {
        text_ += bracket;
        first_ = false;
    }
    void key(std::string_view name) {
        separate();
        quote(name);
        text_ += ':';
        first_ = true;
    }
    void value(std::string_view text) {
        separate();
        quote(text);
    }
    void value(std::uint64_t number) {
        separate();
        text_ += std::to_string(number);
    }
    void value(bool is) {
        separate();
        text_ += is ? "true" : "false";
    }
    /// In microseconds, with all digits.
    void microseconds(std::int64_t ns) {
        char text[32];
        (void)std::snprintf(text, sizeof text, "%" PRId64 ".%03d", ns / 1000, static_cast<int>(ns % 1000));
        separate();
        text_ += text;
    }
    void address(std::uint64_t at) {
        char text[2 + 16 + 1];
        (void)std::snprintf(text, sizeof text, "0x%" PRIx64, at);
        value(std::string_view{text});
    }
    [[nodiscard]] std::string take() && { return std::move(text_); }

private:
    void separate() {
        if (!first_) text_ += ',';
        first_ = false;
    }
    // How many bytes a character of UTF-8 has that begins here; 0: there is none.
    static std::size_t character(std::string_view text) noexcept {
        const auto byte = [text](std::size_t at) { return static_cast<unsigned char>(text[at]); };
        const unsigned first = byte(0);
        if (first < 0x80) return 1;
        const std::size_t bytes = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
        if (first < 0xC2 || first > 0xF4 || bytes > text.size()) return 0;
        for (std::size_t at = 1; at < bytes; ++at)
            if ((byte(at) & 0xC0) != 0x80) return 0;
        // Longer than it has to be, half of a pair, or beyond the last.
        const unsigned second = byte(1);
        if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second >= 0xA0)) return 0;
        if ((first == 0xF0 && second < 0x90) || (first == 0xF4 && second >= 0x90)) return 0;
        return bytes;
    }
    void quote(std::string_view text) {
        text_ += '"';
        while (!text.empty()) {
            const std::size_t bytes = character(text);
            if (bytes != 1) {
                text_ += bytes != 0 ? text.substr(0, bytes) : "\\ufffd";
                text.remove_prefix(std::max<std::size_t>(bytes, 1));
                continue;
            }
            const char letter = text.front();
            text.remove_prefix(1);
            if (letter == '"' || letter == '\\') {
                text_.append(1, '\\').append(1, letter);
            } else if (static_cast<unsigned char>(letter) < 0x20) {
                char code[6 + 1];
                (void)std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(letter));
                text_ += code;
            } else {
                text_ += letter;
            }
        }
        text_ += '"';
    }

    std::string text_;
    bool first_ = true;  // Nothing comes before the next value.
};

}  // namespace bifilar
