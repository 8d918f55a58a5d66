// How many threads the process has, whoever made them.
#pragma once

#include <cstddef>

namespace bifilar::base {

/// As the kernel counts them, those that are just ending included; 0 when it does not say. Any thread; one call of
/// the kernel, without a descriptor and without an allocation.
[[nodiscard]] std::size_t thread_count() noexcept;

/// Whether there are at most so many; not when the kernel does not say.
[[nodiscard]] inline bool has_no_threads_but(std::size_t known) noexcept {
    const std::size_t all = thread_count();
    return all != 0 && all <= known;
}

}  // namespace bifilar::base
