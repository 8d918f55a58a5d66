// Valid messages, changed: bytes, words and lines, and whole messages. The same seed gives the same mutants, whichever
// thread asks.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace attack {

/// One thread's.
class mutator {
public:
    /// `corpus`: valid messages, at least one. `tokens`: what has a meaning in the protocol, beside the general ones
    /// that every mutator knows (large numbers, control characters, ends of lines).
    mutator(std::uint64_t seed, std::vector<std::string> corpus, std::vector<std::string> tokens);

    /// One of the corpus.
    [[nodiscard]] const std::string& valid();
    /// A message changed in one to four places.
    [[nodiscard]] std::string mutant();
    /// `message` with one change at the level of bytes, of words and lines, or of messages.
    void change_bytes(std::string& message);
    void change_words(std::string& message);
    void change_messages(std::string& message);

    [[nodiscard]] std::uint64_t next() noexcept;
    /// From 0 to `most` - 1; 0 when `most` is 0.
    [[nodiscard]] std::size_t below(std::size_t most) noexcept { return most == 0 ? 0 : next() % most; }
    [[nodiscard]] const std::string& token() { return tokens_[below(tokens_.size())]; }

private:
    struct part {
        std::size_t at;
        std::size_t bytes;
    };
    /// A word: letters and digits that stand together, or one other byte.
    [[nodiscard]] part word_of(const std::string& message);
    [[nodiscard]] part line_of(const std::string& message);

    std::array<std::uint64_t, 2> state_;
    std::vector<std::string> corpus_;
    std::vector<std::string> tokens_;
};

}  // namespace attack
