// The distance that keeps two writers off each other's cache lines.
// x86 prefetches lines in adjacent pairs and some ARM cores have 128-byte lines, hence 128 and not 64.
#pragma once

#include <bifilar/base/detail/language.hpp>
#include <cstddef>

namespace bifilar::base {

/// Bytes between two words that different threads write often.
inline constexpr std::size_t cache_line_bytes = 128;

}  // namespace bifilar::base
