// A walk over a stack that reads nothing but the stack, and a table.
#include "unwind_rules.hpp"

#include <bifilar/base/detail/sanitizer.hpp>

#include <algorithm>

namespace bifilar::dump {
namespace {

constexpr std::size_t max_missing = 256;

// A word of the stack; whether there is one.
BIFILAR_UNSANITIZED bool read_word(const stack_words& words, std::uint64_t address, std::uint64_t& into) noexcept {
    if (address < words.low || address > words.top - sizeof into || address % sizeof into != 0) return false;
    into = *reinterpret_cast<const volatile std::uint64_t*>(address + words.moved);
    return true;
}

// The caller's registers; false: they cannot be had.
bool step(const stack_words& words, const unwind_rule& rule, register_set& registers) noexcept {
    if (!registers.knows(rule.end_register)) return false;
    std::uint64_t end = registers[rule.end_register] + static_cast<std::uint64_t>(std::int64_t{rule.end_distance});
    if (rule.end_is_stored && !read_word(words, end, end)) return false;
    register_set caller;
    for (std::size_t number = 0; number < register_set::count; ++number) {
        const unwind_rule::place& from = rule.registers[number];
        const std::uint64_t address = end + static_cast<std::uint64_t>(std::int64_t{from.distance});
        std::uint64_t value = 0;
        switch (from.is) {
            using enum unwind_rule::place::kind;
            case unknown:
                break;
            case same:
                if (registers.knows(number)) caller.set(number, registers[number]);
                break;
            case at_end:
                if (read_word(words, address, value)) caller.set(number, value);
                break;
            case end_itself:
                caller.set(number, address);
                break;
        }
    }
    caller.set(register_set::stack_pointer, end);
    const bool grows = end > registers[register_set::stack_pointer];
    registers = caller;
    return grows && registers.knows(register_set::code);
}

}  // namespace

unwind_rules::unwind_rules() : missing_(max_missing) {}

const unwind_rule* unwind_rules::find(std::uint64_t code) const noexcept {
    const auto found = rules_.find(code);
    return found != rules_.end() ? &found->second : nullptr;
}

std::size_t unwind_rules::walk(const parked_stack& stack, const stack_words& words, std::span<std::uint64_t> into,
                               bool& complete) noexcept {
    register_set registers;
    for (std::size_t at = 0; at < stack.count; ++at)
        registers.set(stack.registers[at].number, stack.registers[at].value);
    registers.set(register_set::stack_pointer, stack.stack_pointer);
    registers.set(register_set::code, stack.instruction);
    complete = true;
    std::size_t count = 0;
    while (count < into.size()) {
        const std::uint64_t code = registers[register_set::code];
        into[count++] = code;
        const unwind_rule* const rule = find(code);
        if (rule == nullptr) {
            const auto end = missing_.begin() + static_cast<std::ptrdiff_t>(missing_count_);
            if (std::find(missing_.begin(), end, code) == end && missing_count_ != missing_.size())
                missing_[missing_count_++] = code;
            complete = false;
            break;
        }
        if (!rule->usable || rule->last || !step(words, *rule, registers)) break;
        if (registers[register_set::code] == 0) break;
    }
    return count;
}

void unwind_rules::learn(rule_source& from) {
    for (; missing_count_ != 0; --missing_count_) {
        const std::uint64_t code = missing_[missing_count_ - 1];
        rules_.try_emplace(code, from.rule_at(code));
    }
}

}  // namespace bifilar::dump
