// Writes JSON, value by value.
#pragma once

#include <cinttypes>
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
    void quote(std::string_view text) {
        text_ += '"';
        for (const char letter : text) {
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
