// The command line of the examples: what stands behind an option is its value, whatever it looks like; what is none is
// refused and not overlooked.
#include "input.hpp"

#include "options.hpp"

#include <memory>

namespace {

using namespace fuzz;

std::optional<std::uint64_t> decimal(std::string_view text) {
    if (text.empty()) return std::nullopt;
    text.remove_prefix(std::min(text.find_first_not_of('0'), text.size() - 1));
    if (text.size() > 10) return std::nullopt;
    std::uint64_t value = 0;
    for (const char one : text) {
        if (one < '0' || one > '9') return std::nullopt;
        value = value * 10 + static_cast<std::uint64_t>(one - '0');
    }
    return value;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
    input in{bytes, count};
    constexpr std::array<std::string_view, 4> known{"--port", "--workers", "--backend", "--driver"};
    const bool takes_words = in.flag();
    std::vector<std::string> line{"program"};
    while (!in.empty() && line.size() < 12) {
        const std::size_t which = in.below(8);
        std::string word{which < known.size() ? known[which] : in.text(12)};
        word = word.substr(0, word.find('\0'));
        // These print the usage and end the process.
        if (word != "--help" && word != "-h") line.push_back(std::move(word));
    }
    std::vector<char*> arguments;
    for (std::string& one : line) arguments.push_back(one.data());

    // What it must come to: the last value of each option, and the words.
    std::map<std::string, std::string> values;
    std::vector<std::string> words;
    bool is_good = true;
    for (std::size_t at = 1; at < line.size() && is_good;) {
        if (takes_words && !line[at].starts_with('-')) {
            words.push_back(line[at++]);
            continue;
        }
        is_good = std::ranges::find(known, line[at]) != known.end() && at + 1 < line.size();
        if (is_good) values[line[at]] = line[at + 1];
        at += 2;
    }
    std::optional<options> got;
    try {
        got.emplace(static_cast<int>(arguments.size()), arguments.data(), "program",
                    std::vector<std::string_view>{known.begin(), known.end()}, takes_words ? "WORD..." : "");
    } catch (const std::invalid_argument&) {
    }
    require(got.has_value() == is_good, "a command line is refused that is good, or taken that is not");
    if (!got) return 0;
    require(got->words() == words, "the words are others");
    for (const std::string_view name : known) {
        const auto at = values.find(std::string{name});
        require(got->has(std::string{name}) == (at != values.end()), "an option is there, or not, against the line");
        require(got->text(std::string{name}, "none") == (at != values.end() ? at->second : "none"),
                "a value is another");
    }
    const auto port = decimal(got->text("--port", "7"));
    try {
        require(got->number("--port", 7, 1, 65'535) == port, "a number is another");
    } catch (const std::invalid_argument&) {
        require(!port || *port < 1 || *port > 65'535, "a good number is refused");
    }
    try {
        (void)got->backend();
    } catch (const std::invalid_argument&) {
        require(!bifilar::parse_backend(values["--backend"]), "a good backend is refused");
    }
    return 0;
}
