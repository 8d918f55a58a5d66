// The Redis protocol's requests: commands out of bytes. No input or output of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kv {

/// What all words of a command may have together, and how many there may be.
constexpr std::size_t max_bytes = std::size_t{64} << 20;
constexpr std::size_t max_words = 1'000'000;

/// The words of one command. They point into the bytes that were parsed, and into the parser.
class command {
public:
    struct place {
        std::size_t at;
        std::size_t bytes;
    };

    command(std::string_view from, const std::vector<place>& words) noexcept : from_{from}, words_{&words} {}

    [[nodiscard]] std::size_t size() const noexcept { return words_->size(); }
    /// What the words come to, and a little more.
    [[nodiscard]] std::size_t bytes() const noexcept {
        return words_->empty() ? 0 : words_->back().at + words_->back().bytes - words_->front().at;
    }
    [[nodiscard]] std::string_view operator[](std::size_t at) const noexcept {
        return from_.substr((*words_)[at].at, (*words_)[at].bytes);
    }

private:
    std::string_view from_;
    const std::vector<place>* words_;
};

enum class parsed : unsigned char { complete, incomplete, broken };

/// Takes one command after the other from a connection's bytes, as arrays of strings or as lines of words.
class parser {
public:
    /// Reads one command from the front of `from`. Incomplete: the next call gets the same bytes, wherever they are
    /// then, and more behind them, and goes on where this one stopped. Complete: `words` and `bytes` tell of it until
    /// done(). Broken: `reason` says why, and the connection is to be closed. Of who is not `trusted` little is taken.
    [[nodiscard]] parsed next(std::string_view from, bool trusted);

    /// The complete command, in the bytes that next() was given, wherever they are now.
    [[nodiscard]] command words(std::string_view from) const noexcept { return {quoted_ ? line_ : from, words_}; }
    [[nodiscard]] std::size_t bytes() const noexcept { return at_; }
    void done();

    [[nodiscard]] const std::string& reason() const noexcept { return reason_; }
    /// Whether a part of a command has been read.
    [[nodiscard]] bool is_idle() const noexcept { return at_ == 0 && seen_ == 0; }
    /// Bytes of memory that it holds.
    [[nodiscard]] std::size_t memory() const noexcept {
        return words_.capacity() * sizeof(command::place) + line_.capacity();
    }

private:
    [[nodiscard]] parsed line(std::string_view from);
    [[nodiscard]] parsed array(std::string_view from, bool trusted);
    [[nodiscard]] parsed word(std::string_view from, bool trusted);
    [[nodiscard]] parsed number_line(std::string_view from, const char* what, std::optional<std::int64_t>& value);
    [[nodiscard]] parsed broken(std::string_view why);

    // How far the command is read: where its next part begins, how far that was looked at, its words until there, and
    // what they come to.
    std::size_t at_ = 0;
    std::size_t seen_ = 0;
    std::vector<command::place> words_;
    std::optional<std::size_t> wanted_;  // Words of an array.
    std::optional<std::size_t> length_;  // Bytes of the next word.
    std::size_t sum_ = 0;
    std::string line_;  // A line's words without their quotes.
    bool quoted_ = false;
    std::string reason_;
};

}  // namespace kv
