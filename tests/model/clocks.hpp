// What threads know of each other: vector clocks, and the knowledge that a release hands to an acquire.
// Builds on nothing. Clocks after Mattern, "Virtual Time and Global States of Distributed Systems", 1988; "strongly
// happens before" is C++20's [intro.races].
#pragma once

#include <model/hooks.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace model {

inline constexpr std::size_t max_threads = detail::max_threads;

/// A number for each thread; "up to there". Zero is nothing.
struct vector_clock {
    std::array<std::uint32_t, max_threads> at{};

    void join(const vector_clock& other) noexcept {
        for (std::size_t i = 0; i < max_threads; ++i) at[i] = std::max(at[i], other.at[i]);
    }
    /// "Up to and including this one of that thread."
    void reach(std::size_t thread, std::uint32_t number) noexcept { at[thread] = std::max(at[thread], number); }
    [[nodiscard]] bool empty() const noexcept {
        return std::all_of(at.begin(), at.end(), [](std::uint32_t each) { return each == 0; });
    }
};

/// The first of each thread, "from there on"; zero is none.
struct first_of_each {
    std::array<std::uint32_t, max_threads> at{};

    void add(std::size_t thread, std::uint32_t number) noexcept {
        if (number != 0 && (at[thread] == 0 || number < at[thread])) at[thread] = number;
    }
    void add(const first_of_each& other) noexcept {
        for (std::size_t i = 0; i < max_threads; ++i) add(i, other.at[i]);
    }
    /// Whether one of these is among those that `reached` reaches.
    [[nodiscard]] bool meets(const vector_clock& reached) const noexcept {
        for (std::size_t i = 0; i < max_threads; ++i)
            if (at[i] != 0 && reached.at[i] >= at[i]) return true;
        return false;
    }
};

/// An operation: the `stamp`-th of its thread. Thread -1 is the set-up, which happens before everything.
struct event {
    int thread = -1;
    std::uint32_t stamp = 0;

    [[nodiscard]] std::size_t index() const noexcept { return static_cast<std::size_t>(thread); }
    [[nodiscard]] bool known_to(const vector_clock& clock) const noexcept {
        return thread < 0 || clock.at[index()] >= stamp;
    }
    bool operator==(const event&) const = default;
};

/// What a release offers and an acquire takes over.
struct knowledge {
    vector_clock happened;  // Stamps: all that happens before.
    vector_clock ordered;   // Numbers of seq_cst operations: those that strongly happen before what comes next.

    void join(const knowledge& other) noexcept {
        happened.join(other.happened);
        ordered.join(other.ordered);
    }
    [[nodiscard]] bool empty() const noexcept { return happened.empty() && ordered.empty(); }
};

}  // namespace model
