// SipHash by Aumasson and Bernstein ("SipHash: a fast short-input PRF", 2012): a hash whose collisions nobody can
// choose who does not know its key. For tables whose keys come from strangers.
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

namespace kv {

struct hash_key {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
};

/// From the kernel. Throws std::system_error.
[[nodiscard]] hash_key random_hash_key();

namespace detail {

class sip_state {
public:
    explicit sip_state(hash_key key) noexcept
        : a_{key.low ^ 0x736f6d6570736575},
          b_{key.high ^ 0x646f72616e646f6d},
          c_{key.low ^ 0x6c7967656e657261},
          d_{key.high ^ 0x7465646279746573} {}

    void add(std::uint64_t word, int rounds) noexcept {
        d_ ^= word;
        mix(rounds);
        a_ ^= word;
    }
    std::uint64_t finish(int rounds) noexcept {
        c_ ^= 0xff;
        mix(rounds);
        return a_ ^ b_ ^ c_ ^ d_;
    }

private:
    void mix(int rounds) noexcept {
        while (rounds-- > 0) {
            a_ += b_;
            c_ += d_;
            b_ = std::rotl(b_, 13) ^ a_;
            d_ = std::rotl(d_, 16) ^ c_;
            a_ = std::rotl(a_, 32);
            c_ += b_;
            a_ += d_;
            b_ = std::rotl(b_, 17) ^ c_;
            d_ = std::rotl(d_, 21) ^ a_;
            c_ = std::rotl(c_, 32);
        }
    }

    std::uint64_t a_;
    std::uint64_t b_;
    std::uint64_t c_;
    std::uint64_t d_;
};

}  // namespace detail

/// With one round a word and three at the end, as hash tables have it, unless told otherwise; the paper's tables of
/// results are for two and four.
template <int WordRounds = 1, int LastRounds = 3>
[[nodiscard]] std::uint64_t siphash(hash_key key, std::string_view text) noexcept {
    // The first `count` of the bytes from `at` on, the first of them lowest.
    const auto word = [text](std::size_t at, std::size_t count) {
        std::uint64_t made = 0;
        for (std::size_t byte = 0; byte < count; ++byte)
            made |= std::uint64_t{static_cast<unsigned char>(text[at + byte])} << (8 * byte);
        return made;
    };
    detail::sip_state state{key};
    const std::size_t whole = text.size() / 8 * 8;
    for (std::size_t at = 0; at < whole; at += 8) state.add(word(at, 8), WordRounds);
    state.add(word(whole, text.size() - whole) | std::uint64_t{text.size()} << 56, WordRounds);
    return state.finish(LastRounds);
}

}  // namespace kv
