// A decision in English.
#pragma once

#include <bifilar/base/detail/decisions.hpp>

#include <string>

namespace bifilar::simulation {

/// One line, without its end.
[[nodiscard]] std::string words_of(const base::decision& one);

}  // namespace bifilar::simulation
