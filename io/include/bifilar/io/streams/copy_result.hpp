// The result of copying, and its options.
#pragma once

#include <bifilar/base/detail/language.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <system_error>

namespace bifilar {

/// Whose call failed.
enum class copy_side : unsigned char {
    none,    ///< Nobody's: it ended well, or was ended from outside.
    reader,  ///< The stream that was read.
    writer,  ///< The stream that was written.
};

/// How far one direction came, and why no further.
class copy_result {
public:
    /// For the library.
    explicit copy_result(std::uint64_t copied, std::error_code failure = {}, copy_side whose = copy_side::none) noexcept
        : bytes{copied}, error{failure}, side{whose} {}

    /// Whether it reached the end of the stream, or the limit.
    explicit operator bool() const noexcept { return !error; }

    std::uint64_t bytes;  ///< What the writer has taken.
    /// Empty when all went well.
    std::error_code error;
    /// Whose error it is.
    copy_side side;
};

/// Both directions of copy_bidirectional.
/// Errors: ECANCELED of a direction that was ended because the other failed; ETIMEDOUT of those that had not ended when
/// nothing moved for the idle time. Both are on no side.
class bidirectional_copy_result {
public:
    /// For the library.
    bidirectional_copy_result(copy_result there, copy_result back) noexcept : a_to_b{there}, b_to_a{back} {}

    explicit operator bool() const noexcept { return a_to_b && b_to_a; }

    /// What went from the first to the second.
    copy_result a_to_b;
    /// What went from the second to the first.
    copy_result b_to_a;
};

struct copy_options {
    /// Of memory, allocated by the first poll. Not 0.
    std::size_t buffer_bytes = 64 * 1024;
    /// At most so many bytes are read and written.
    std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();
};

struct bidirectional_copy_options {
    /// Of memory, for each direction, allocated by the first poll. Not 0.
    std::size_t buffer_bytes = 64 * 1024;
    /// Ends both directions when no byte moved in either for so long. More than 0; empty: never.
    std::optional<std::chrono::nanoseconds> idle_timeout{};
};

}  // namespace bifilar
