// The functions and lines of many addresses, of which most come again.
#pragma once

#include "frame_tables.hpp"

#include <bifilar/runtime/dump.hpp>

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace bifilar::dump {

/// Remembers each address for good. Not thread-safe.
class frame_names {
public:
    /// The tables live as long.
    explicit frame_names(frame_tables& tables) noexcept : tables_{tables} {}

    /// The functions that a call before this address is in, innermost first. Throws std::bad_alloc.
    void add(std::uint64_t code, std::vector<dumped_frame>& into);

private:
    frame_tables& tables_;
    std::unordered_map<std::uint64_t, std::vector<code_place>> places_;
};

}  // namespace bifilar::dump
