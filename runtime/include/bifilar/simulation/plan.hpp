// What was decided in one simulated run other than by default: in words for people, and as text that a test can keep.
#pragma once

#include <bifilar/base/detail/decisions.hpp>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bifilar::simulation {

/// The decisions of a run that differ from the default. By default no thread is preempted, the first that can run is
/// next, no operation is delayed, cut or interrupted, and nothing fails. Each decision is known by its kind, whom it is
/// about and the how many-th of these it is, so that one more or less changes no other.
/// Thread: as a std::vector.
class plan {
public:
    plan() noexcept = default;
    /// For the library.
    explicit plan(std::vector<base::decision> decisions) noexcept : decisions_{std::move(decisions)} {}

    /// What code() has given.
    /// Throws: std::invalid_argument for other text, std::bad_alloc.
    [[nodiscard]] static plan parse(std::string_view code);
    /// One word a decision, for parse(): to be kept in a test. It means the same as long as the program, and the
    /// library, take the same decisions.
    [[nodiscard]] std::string code() const;
    /// One line of English a decision, each with an end of line.
    [[nodiscard]] std::string words() const;

    /// How many decisions.
    [[nodiscard]] std::size_t size() const noexcept { return decisions_.size(); }
    /// Whether all is as by default.
    [[nodiscard]] bool empty() const noexcept { return decisions_.empty(); }
    /// For the library. In the order in which they came.
    [[nodiscard]] const std::vector<base::decision>& decisions() const noexcept { return decisions_; }

private:
    std::vector<base::decision> decisions_;
};

}  // namespace bifilar::simulation
