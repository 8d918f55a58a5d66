// The Redis protocol, as far as a server needs it: commands in, answers out. No input or output of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kv {

/// The words of one command. They point into the bytes that were parsed.
using command = std::vector<std::string_view>;

/// What all words of a command may have together, and how many there may be.
constexpr std::size_t most_bytes = std::size_t{64} << 20;
constexpr std::size_t most_words = 1'000'000;
/// What all values of an answer may have together. One value always fits, because it came with a command.
constexpr std::size_t most_answer_bytes = most_bytes;

enum class parsed : unsigned char { complete, incomplete, broken, too_large };

/// Takes one command after the other from a connection's bytes, as arrays of strings or as lines of words.
class parser {
public:
    /// Reads one command from the front of `from`, and says how many bytes it took. Incomplete: nothing was taken; the
    /// next call gets the same bytes, wherever they are then, and more behind them, and goes on where this one stopped.
    /// Broken, too large: the connection is to be closed.
    [[nodiscard]] parsed next(std::string_view from, command& into, std::size_t& taken);

private:
    struct place {
        std::size_t at;
        std::size_t bytes;
    };

    [[nodiscard]] parsed go_on(std::string_view from);
    [[nodiscard]] parsed line(std::string_view from);
    [[nodiscard]] parsed array(std::string_view from);
    [[nodiscard]] parsed number_line(std::string_view from, std::size_t most, std::size_t& value);
    [[nodiscard]] parsed word(std::string_view from);

    // How far the command is read: where its next part begins, its words until there, and what they come to.
    std::size_t at_ = 0;
    std::vector<place> words_;
    std::size_t wanted_ = 0;
    std::size_t sum_ = 0;
};

void add_simple(std::string& to, std::string_view text);
void add_error(std::string& to, std::string_view text);
void add_number(std::string& to, std::int64_t value);
void add_string(std::string& to, std::string_view value);
void add_nothing(std::string& to);
void add_array(std::string& to, std::size_t count);

}  // namespace kv
