// Which processors the workers of a runtime keep to.
#pragma once

#include <bifilar/base/detail/language.hpp>
#include <cstdint>

namespace bifilar {

/// Where the workers of a runtime may run.
enum class pin : std::uint8_t {
    none,  ///< Wherever the kernel puts them.
    core,  ///< One core each, neighbours first; shared when there are more workers than cores.
    numa,  ///< Any core of one NUMA node each, nodes in turn.
};

}  // namespace bifilar
