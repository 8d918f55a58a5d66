// The shortest plan with which something still fails.
#pragma once

#include <bifilar/base/detail/decisions.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace bifilar::simulation {

using decision_list = std::vector<base::decision>;
/// Runs a plan. Nothing: it does not fail in the same way; else those of its decisions that came up.
using trial = std::function<std::optional<decision_list>(const decision_list&)>;

/// Drops decisions, and makes others smaller, as long as the trial fails, for `most` trials. No further one can be
/// dropped then, unless the trials were too few.
[[nodiscard]] decision_list shrink(decision_list plan, const trial& fails, std::uint32_t most);

}  // namespace bifilar::simulation
