// The Redis protocol's answers, gathered until they are written: text, and at its end maybe one large value, which
// stays where it lies and is paid for until it was written. Bounded by what asks is_full() before it adds more.
#pragma once

#include "limits.hpp"
#include "value.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace kv {

inline constexpr std::string_view no_room = "OOM command not allowed when used memory > 'maxmemory'.";

/// What an error shows of a client's word, as the C of others would print it.
[[nodiscard]] std::string_view shown(std::string_view word, std::size_t most = shown_bytes) noexcept;

class answers {
public:
    /// `room`, which outlives this, pays for large texts.
    explicit answers(bifilar::byte_budget& room) noexcept : room_{&room} {}

    /// Whether what there is should be written first.
    [[nodiscard]] bool is_full() const noexcept { return large_ || text_.size() >= gathered_bytes; }

    void simple(std::string_view text) { add('+', text); }
    /// `code` included; ends of lines become blanks.
    void error(std::string_view text);
    void number(std::int64_t count) { add(':', std::to_string(count)); }
    void array(std::size_t count) { add('*', std::to_string(count)); }
    void nothing() { add('$', "-1"); }
    /// A copy; refused where it is large and there is no room for it.
    void text(std::string_view bytes);
    /// Nothing where it is null. It is paid for by whoever made it.
    void shared(value bytes);

    /// What is to be written next; empty: nothing.
    [[nodiscard]] std::string_view output() const noexcept {
        if (!text_.empty()) return text_;
        return large_ ? large_.text().substr(written_, answers_per_write) : std::string_view{};
    }
    /// output() was written.
    void wrote();

private:
    void add(char kind, std::string_view line) { text_.append(1, kind).append(line).append("\r\n"); }

    bifilar::byte_budget* room_;
    std::string text_;
    value large_;  // Behind text_.
    std::size_t written_ = 0;
};

}  // namespace kv
