// How each caller of a fiber's frames is found, by the address of the code: looked up while all workers stand still,
// where nothing may be allocated, and filled in between two such looks.
#pragma once

#include <bifilar/task/task_visitor.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace bifilar::dump {

/// The registers that a frame of a function keeps for its caller, by their numbers in DWARF. x86-64: rbx, rbp, rsp, r12
/// to r15 and the address of the code, in the first 17; aarch64: x19 to x30 and sp, in the first 32.
class register_set {
public:
    static constexpr std::size_t count = 33;
#if defined(__x86_64__)
    static constexpr std::size_t stack_pointer = 7;
    static constexpr std::size_t code = 16;
#else
    static constexpr std::size_t stack_pointer = 31;
    static constexpr std::size_t code = 30;
#endif

    [[nodiscard]] bool knows(std::size_t number) const noexcept {
        return number < count && (known_ >> number & 1) != 0;
    }
    [[nodiscard]] std::uint64_t operator[](std::size_t number) const noexcept { return values_[number]; }
    void set(std::size_t number, std::uint64_t value) noexcept {
        if (number >= count) return;
        values_[number] = value;
        known_ |= std::uint64_t{1} << number;
    }

private:
    std::array<std::uint64_t, count> values_{};
    std::uint64_t known_ = 0;
};

/// How the caller's registers follow from those of a frame.
struct unwind_rule {
    /// Where something lies: at a distance from the frame's end, or from another register.
    struct place {
        enum class kind : std::uint8_t { unknown, same, at_end, end_itself };
        kind is = kind::unknown;
        std::int32_t distance = 0;
    };

    bool usable = false;         ///< There is a rule of a form that is known here.
    bool last = false;           ///< Nobody has called this frame.
    bool end_is_stored = false;  ///< The end lies where the register points to.
    std::uint8_t end_register = 0;
    std::int32_t end_distance = 0;
    std::array<place, register_set::count> registers{};
};

/// What the code's own tables say: see frame_tables.
class rule_source {
public:
    virtual unwind_rule rule_at(std::uint64_t code) = 0;

protected:
    rule_source() noexcept = default;
    rule_source(const rule_source&) noexcept = default;
    rule_source& operator=(const rule_source&) noexcept = default;
    ~rule_source() = default;
};

/// Where the words of a stack are read: in place, or in a copy.
struct stack_words {
    /// Of a stack that stands still.
    explicit stack_words(const parked_stack& stack) noexcept
        : low{reinterpret_cast<std::uint64_t>(stack.low)}, top{reinterpret_cast<std::uint64_t>(stack.top)} {}
    /// A copy of what lay from an address on.
    stack_words(std::uint64_t from, std::span<const std::uint64_t> copy) noexcept
        : low{from}, top{from + copy.size_bytes()}, moved{reinterpret_cast<std::uint64_t>(copy.data()) - from} {}

    std::uint64_t low;
    std::uint64_t top;
    std::uint64_t moved = 0;  ///< How much further than its address a word lies, with overflow.
};

/// Rules that were needed so far.
class unwind_rules {
public:
    static constexpr std::size_t max_frames = 256;

    unwind_rules();

    /// Return addresses of a stack, innermost first, into `into`; how many. Stops where a rule is missing, which is
    /// noted and makes `complete` false. Allocates nothing; the stack stands still.
    std::size_t walk(const parked_stack& stack, std::span<std::uint64_t> into, bool& complete) noexcept {
        return walk(stack, stack_words{stack}, into, complete);
    }
    /// The same, with the registers of `stack` over these words.
    std::size_t walk(const parked_stack& stack, const stack_words& words, std::span<std::uint64_t> into,
                     bool& complete) noexcept;

    /// Whether a walk has missed rules.
    [[nodiscard]] bool misses() const noexcept { return missing_count_ != 0; }
    /// Gets those that were missed. Throws std::bad_alloc.
    void learn(rule_source& from);

private:
    [[nodiscard]] const unwind_rule* find(std::uint64_t code) const noexcept;

    std::unordered_map<std::uint64_t, unwind_rule> rules_;
    std::vector<std::uint64_t> missing_;  // The first missing_count_ are valid.
    std::size_t missing_count_ = 0;
};

}  // namespace bifilar::dump
