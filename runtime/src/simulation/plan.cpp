// The words of plans. A kind's name in code() is that of its enumerator.
#include <bifilar/simulation/plan.hpp>

#include "words.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <stdexcept>

namespace bifilar::simulation {
namespace {

using base::decision;
using base::decision_kind;

constexpr std::string_view names[] = {"preempt",   "next",     "woken_first", "look",       "order", "nest",
                                      "victim",    "newest",   "arms",        "would_wait", "delay", "cut",
                                      "interrupt", "late_end", "success",     "swap",       "fault", "refusal"};
static_assert(std::size(names) == static_cast<std::size_t>(decision_kind::count), "each kind has a name");

// Takes a number and the mark behind it from the front of the text; a mark of 0: the end.
bool take_number(std::string_view& from, char mark, std::uint64_t& number) noexcept {
    const auto [end, error] = std::from_chars(from.data(), from.data() + from.size(), number);
    if (error != std::errc{}) return false;
    from.remove_prefix(static_cast<std::size_t>(end - from.data()));
    if (mark == 0) return from.empty();
    if (!from.starts_with(mark)) return false;
    from.remove_prefix(1);
    return true;
}

// "cut.1.0=4": of kind "cut", about subject 1, the first, with the value 4.
bool take_decision(std::string_view word, decision& into) noexcept {
    const std::size_t dot = word.find('.');
    if (dot == std::string_view::npos) return false;
    const auto* const found = std::ranges::find(names, word.substr(0, dot));
    if (found == std::end(names)) return false;
    word.remove_prefix(dot + 1);
    std::uint64_t subject = 0;
    std::uint64_t number = 0;
    if (!take_number(word, '.', subject) || !take_number(word, '=', number) || !take_number(word, 0, into.value))
        return false;
    if (subject >> decision::subject_bits != 0 || number >> decision::number_bits != 0) return false;
    const auto kind = static_cast<std::uint64_t>(found - names);
    into.place = (kind << decision::subject_bits | subject) << decision::number_bits | number;
    return true;
}

}  // namespace

plan plan::parse(std::string_view code) {
    constexpr std::string_view blanks = " \n\t";
    std::vector<decision> made;
    while (true) {
        code.remove_prefix(std::min(code.find_first_not_of(blanks), code.size()));
        if (code.empty()) return plan{std::move(made)};
        const std::string_view word = code.substr(0, code.find_first_of(blanks));
        decision one{};
        if (!take_decision(word, one))
            throw std::invalid_argument{"'" + std::string{word} + "' is no decision; give what plan::code() gave"};
        made.push_back(one);
        code.remove_prefix(word.size());
    }
}

std::string plan::code() const {
    std::string made;
    for (const decision& one : decisions_) {
        if (!made.empty()) made += ' ';
        made.append(names[static_cast<std::size_t>(one.kind())]).append(".").append(std::to_string(one.subject()));
        made.append(".").append(std::to_string(one.number())).append("=").append(std::to_string(one.value));
    }
    return made;
}

std::string plan::words() const {
    std::string made;
    for (const decision& one : decisions_) made.append(words_of(one)).append("\n");
    return made;
}

}  // namespace bifilar::simulation
