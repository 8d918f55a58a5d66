// How many threads the process has, whoever made them.
#pragma once

#include <cstddef>

namespace bifilar::base {

/// As the kernel counts them, those that are just ending included; 0 when it does not say. Any thread; one call of
/// the kernel, without a descriptor and without an allocation.
[[nodiscard]] std::size_t thread_count() noexcept;

}  // namespace bifilar::base
