// The letters of HTTP/1.1 (RFC 9110, 5.6; RFC 9112; RFC 3986): what a name, a value, a host and an extension of a chunk
// are made of. Nothing is forgiven: what two readers could take for different things is refused.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace http {
namespace detail {

inline constexpr unsigned char in_text = 1;
inline constexpr unsigned char in_token = 2;
inline constexpr unsigned char visible = 4;

consteval std::array<unsigned char, 256> letters() {
    std::array<unsigned char, 256> made{};
    for (unsigned one = 0; one < 256; ++one) {
        const bool is_control = one < 0x20 || one == 0x7f;
        const bool is_word = (one >= '0' && one <= '9') || (one >= 'a' && one <= 'z') || (one >= 'A' && one <= 'Z');
        if (!is_control || one == '\t') made[one] |= in_text;
        if (one > 0x20 && one < 0x7f) made[one] |= visible;
        if (is_word || (one < 0x7f && std::string_view{"!#$%&'*+-.^_`|~"}.contains(static_cast<char>(one))))
            made[one] |= in_token;
    }
    return made;
}
inline constexpr std::array<unsigned char, 256> kinds = letters();

[[nodiscard]] inline bool is(unsigned char kind, char one) noexcept {
    return (kinds[static_cast<unsigned char>(one)] & kind) != 0;
}
[[nodiscard]] inline bool all(unsigned char kind, std::string_view text) noexcept {
    for (const char one : text)
        if (!is(kind, one)) return false;
    return true;
}

}  // namespace detail

/// What may stand in a line: no control characters but tabs.
[[nodiscard]] inline bool is_text(char one) noexcept { return detail::is(detail::in_text, one); }
[[nodiscard]] inline bool is_token(std::string_view text) noexcept {
    return !text.empty() && detail::all(detail::in_token, text);
}
/// Neither spaces nor anything outside of ASCII.
[[nodiscard]] inline bool is_visible(std::string_view text) noexcept {
    return !text.empty() && detail::all(detail::visible, text);
}

/// Without spaces and tabs around it.
[[nodiscard]] std::string_view trimmed(std::string_view text) noexcept;
/// How many bytes of text `bytes` begins with.
[[nodiscard]] std::size_t text_bytes(std::string_view bytes) noexcept;
namespace detail {
[[nodiscard]] bool is_same_but_case(std::string_view text, std::string_view lower) noexcept;
}  // namespace detail
/// The same but for upper and lower case; `lower` is in lower case.
[[nodiscard]] inline bool is_same(std::string_view text, std::string_view lower) noexcept {
    return text.size() == lower.size() && detail::is_same_but_case(text, lower);
}
/// The value of a hexadecimal digit; negative: it is none.
[[nodiscard]] int hexadecimal(char one) noexcept;
/// Digits alone, of which there is one at least. What does not fit becomes the largest number.
[[nodiscard]] std::optional<std::uint64_t> decimal(std::string_view text) noexcept;

/// The elements of a list, trimmed, one after another, empty ones too. Not for lists with quoted strings.
template <class Each>
void for_each_element(std::string_view list, Each each) {
    for (;;) {
        const std::size_t comma = list.find(',');
        each(trimmed(list.substr(0, comma)));
        if (comma == std::string_view::npos) return;
        list.remove_prefix(comma + 1);
    }
}

/// What a Host field may say: a name or an address, and a port; or nothing.
[[nodiscard]] bool is_host(std::string_view text) noexcept;
/// What may stand behind the size of a chunk (RFC 9112, 7.1.1); or nothing.
[[nodiscard]] bool is_chunk_extension(std::string_view text) noexcept;

}  // namespace http
