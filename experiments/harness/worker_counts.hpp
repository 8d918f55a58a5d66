// The numbers of workers that a sweep runs with, as --workers gives them.
// Builds on arguments.hpp, which refuses what is no number.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bifilar::experiments {

/// The most workers that a sweep takes.
inline constexpr std::uint32_t max_workers = 1024;

/// "1,2,4" in ascending order, each once; "doubling" is 1, 2, 4, … below `processors`, and `processors`. Throws
/// std::invalid_argument with a text that names the value and the remedy.
[[nodiscard]] std::vector<std::uint32_t> worker_counts(const std::string& list, std::uint32_t processors);

/// "4 workers on 2 processors, oversubscribed" where the process may use fewer than that, else "4 workers".
[[nodiscard]] std::string workers_here(std::uint32_t workers);

}  // namespace bifilar::experiments
