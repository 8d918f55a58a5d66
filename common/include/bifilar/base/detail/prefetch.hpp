// Asking for memory before it is needed.
#pragma once

#include <bifilar/base/detail/language.hpp>
#include <cstddef>
#include <cstdint>

namespace bifilar::base {

/// Fetches the lines of `bytes` bytes from an address, to be read or written. Any address will do: of what is not there
/// nothing comes.
[[gnu::always_inline]] inline void prefetch(std::uintptr_t from, std::size_t bytes) noexcept {
    constexpr std::size_t line_bytes = 64;
    for (std::size_t n = 0; n < bytes; n += line_bytes) __builtin_prefetch(reinterpret_cast<const void*>(from + n), 1);
    __builtin_prefetch(reinterpret_cast<const void*>(from + bytes - 1), 1);
}

[[gnu::always_inline]] inline void prefetch(const void* from, std::size_t bytes) noexcept {
    prefetch(reinterpret_cast<std::uintptr_t>(from), bytes);
}

}  // namespace bifilar::base
