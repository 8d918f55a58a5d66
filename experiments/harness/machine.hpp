// The machine and the build, as every report names them.
// Read from /proc and /sys; what is not there is left out.
#pragma once

#include <nlohmann/json.hpp>

namespace bifilar::experiments {

/// Processor, caches, kernel, compiler, memory, limits, counters.
[[nodiscard]] nlohmann::ordered_json describe_machine();

}  // namespace bifilar::experiments
