// What I/O answers: a value, or the system's error code. Short reads, ends and resets are values, not exceptions.
#pragma once

#include <bifilar/base/detail/language.hpp>
#include <expected>
#include <system_error>

namespace bifilar {

template <class T>
using io_result = std::expected<T, std::error_code>;

/// A failure from an errno.
[[nodiscard]] inline std::unexpected<std::error_code> io_failure(int error) noexcept {
    return std::unexpected{std::error_code{error, std::generic_category()}};
}

}  // namespace bifilar
