// xoroshiro-like random numbers of our own, so that a seed means the same on every machine.
#include "mutator.hpp"

#include <algorithm>
#include <bit>
#include <cctype>
#include <utility>

namespace attack {
namespace {

using namespace std::string_literals;

constexpr std::size_t max_bytes = 64 * 1024;  // Of a mutant that grows.

const std::vector<std::string>& general_tokens() {
    static const std::vector<std::string> made{"\0"s,
                                               "\t",
                                               "\n",
                                               "\r",
                                               "\r\n",
                                               "\r\n\r\n",
                                               "\v",
                                               "\f",
                                               " ",
                                               "  ",
                                               "\x7f",
                                               "\x80",
                                               "\xff",
                                               "\xc3\xa9",
                                               "\"",
                                               "\\",
                                               ",",
                                               ";",
                                               ":",
                                               "=",
                                               "%",
                                               "%00",
                                               "..",
                                               "/",
                                               "0",
                                               "00",
                                               "-1",
                                               "1",
                                               "+1",
                                               "0x1",
                                               "7",
                                               "127",
                                               "128",
                                               "255",
                                               "256",
                                               "32767",
                                               "32768",
                                               "65535",
                                               "65536",
                                               "2147483647",
                                               "2147483648",
                                               "4294967295",
                                               "4294967296",
                                               "9223372036854775807",
                                               "9223372036854775808",
                                               "18446744073709551615",
                                               "18446744073709551616",
                                               "1e9",
                                               "99999999999999999999999999",
                                               "f",
                                               "ffffffff",
                                               "ffffffffffffffff",
                                               "fffffffffffffffff",
                                               std::string(300, 'a'),
                                               std::string(5000, 'b'),
                                               std::string(20, '\0')};
    return made;
}

std::uint64_t spread(std::uint64_t& seed) noexcept {
    std::uint64_t mixed = seed += 0x9e3779b97f4a7c15U;
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31U);
}

bool is_of_word(char one) noexcept { return std::isalnum(static_cast<unsigned char>(one)) != 0; }

}  // namespace

mutator::mutator(std::uint64_t seed, std::vector<std::string> corpus, std::vector<std::string> tokens)
    : state_{spread(seed), spread(seed)}, corpus_{std::move(corpus)}, tokens_{std::move(tokens)} {
    tokens_.insert(tokens_.end(), general_tokens().begin(), general_tokens().end());
}

std::uint64_t mutator::next() noexcept {
    const std::uint64_t first = state_[0];
    std::uint64_t second = state_[1];
    const std::uint64_t sum = first + second;
    second ^= first;
    state_[0] = std::rotl(first, 24) ^ second ^ (second << 16U);
    state_[1] = std::rotl(second, 37);
    return sum;
}

const std::string& mutator::valid() { return corpus_[below(corpus_.size())]; }

std::string mutator::mutant() {
    std::string made = valid();
    // Mostly one change: what follows a wrong byte is often not looked at.
    const std::size_t changes = below(4) == 0 ? 2 + below(3) : 1;
    for (std::size_t change = 0; change < changes; ++change) {
        const std::size_t level = below(10);
        if (level < 4)
            change_bytes(made);
        else if (level < 9)
            change_words(made);
        else
            change_messages(made);
        if (made.size() > max_bytes) made.resize(max_bytes);
    }
    return made;
}

void mutator::change_bytes(std::string& message) {
    const std::size_t at = below(message.size() + 1);
    const auto any = static_cast<char>(next());
    const std::size_t rest = message.size() - at;
    switch (below(6)) {
        case 0:
            if (rest != 0) message[at] = static_cast<char>(message[at] ^ (1 << below(8)));
            break;
        case 1:
            if (rest != 0) message[at] = any;
            break;
        case 2:
            message.insert(at, 1, any);
            break;
        case 3:
            message.erase(at, 1 + below(below(4) == 0 ? rest : 3));
            break;
        case 4:
            message.insert(at, message.substr(at, 1 + below(16)));
            break;
        default:
            if (below(4) == 0)
                message.resize(at);
            else
                message.insert(at, below(64), any);
    }
}

mutator::part mutator::word_of(const std::string& message) {
    if (message.empty()) return {0, 0};
    std::size_t begin = below(message.size());
    std::size_t end = begin + 1;
    if (!is_of_word(message[begin])) return {begin, 1};
    while (begin != 0 && is_of_word(message[begin - 1])) --begin;
    while (end != message.size() && is_of_word(message[end])) ++end;
    return {begin, end - begin};
}

mutator::part mutator::line_of(const std::string& message) {
    const std::size_t inside = below(message.size());
    const std::size_t before = inside == 0 ? std::string::npos : message.rfind('\n', inside - 1);
    const std::size_t begin = before == std::string::npos ? 0 : before + 1;
    const std::size_t end = std::min(message.find('\n', inside), message.size() - 1);
    return {begin, message.empty() ? 0 : end + 1 - begin};
}

void mutator::change_words(std::string& message) {
    const part word = word_of(message);
    const part line = line_of(message);
    switch (below(9)) {
        case 0:
        case 1:
            message.replace(word.at, word.bytes, token());
            break;
        case 2:
            message.insert(word.at, token());
            break;
        case 3:
            message.erase(word.at, word.bytes);
            break;
        case 4: {
            const std::string other = corpus_[below(corpus_.size())];
            const part taken = word_of(other);
            message.replace(word.at, word.bytes, other, taken.at, taken.bytes);
            break;
        }
        case 5:
            message.insert(line.at, message.substr(line.at, line.bytes));
            break;
        case 6:
            message.erase(line.at, line.bytes);
            break;
        case 7: {
            const std::string moved = message.substr(line.at, line.bytes);
            message.erase(line.at, line.bytes);
            message.insert(line_of(message).at, moved);
            break;
        }
        default: {
            const std::string& other = valid();
            const part taken = line_of(other);
            message.insert(line.at, other, taken.at, taken.bytes);
        }
    }
}

void mutator::change_messages(std::string& message) {
    const std::string& other = valid();
    switch (below(4)) {
        case 0:  // The beginning of one, the end of another.
            message.resize(below(message.size() + 1));
            message += other.substr(below(other.size() + 1));
            break;
        case 1:
            message.insert(below(message.size() + 1), other);
            break;
        case 2:
            message += message;
            break;
        default: {  // One part many times.
            const std::size_t at = below(message.size() + 1);
            const std::string part = message.substr(at, 1 + below(32));
            for (std::size_t times = below(200); times != 0; --times) message.insert(at, part);
        }
    }
}

}  // namespace attack
