// One run, with a place for its decisions that may outlive the process.
#pragma once

#include <bifilar/base/detail/decisions.hpp>
#include <bifilar/simulation/simulate.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace bifilar::simulation {

/// As many of a run's decisions are kept; a run with more cannot be repeated from its plan.
inline constexpr std::size_t max_decisions = std::size_t{1} << 18;

struct finished_run {
    report what;  // Without its plan.
    std::size_t noted = 0;
};

/// simulate(), which notes the decisions in `record` as they are made.
[[nodiscard]] finished_run run_once(std::uint64_t seed, const options& how, const bifilar::detail::simulated_body& body,
                                    std::span<base::decision> record);

/// Whether both say the same, numbers aside: addresses, times and counts differ where the cause is the same.
[[nodiscard]] bool is_same_failure(std::string_view one, std::string_view other) noexcept;

}  // namespace bifilar::simulation
