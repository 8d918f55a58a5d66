// What the program's files say of its code: how a frame's caller is found, and which functions and lines an address
// lies in. By libdw, which is loaded when it is first asked: a program that never dumps does not need it.
#pragma once

#include "unwind_rules.hpp"

#include <memory>
#include <string>
#include <vector>

namespace bifilar::dump {

/// A function in which an address lies; several where some were expanded in others.
struct code_place {
    std::string function;  ///< Demangled; empty when nobody knows.
    std::string file;      ///< Empty without debug information.
    unsigned line = 0;     ///< 0 without debug information.
};

/// Of this process, as its modules are mapped when it is made. Slow: a thread of its own time. Not thread-safe.
class frame_tables final : public rule_source {
public:
    /// Throws std::bad_alloc. Where there is no libdw, the tables are empty, and only symbols are found.
    frame_tables();
    frame_tables(const frame_tables&) = delete;
    frame_tables& operator=(const frame_tables&) = delete;
    ~frame_tables();

    /// Of a return address, or the place where a context goes on. Unusable when nothing is known.
    unwind_rule rule_at(std::uint64_t code) override;

    /// The functions that a call before this address is in, innermost first; at least one. Throws std::bad_alloc.
    [[nodiscard]] std::vector<code_place> places_of(std::uint64_t code);

    /// Why stacks cannot be unwound; empty where they can.
    [[nodiscard]] const std::string& problem() const noexcept { return problem_; }

private:
    struct tables;

    std::unique_ptr<tables> tables_;  // Null without libdw.
    std::string problem_;
};

}  // namespace bifilar::dump
