// The result of an operation's call, which may still be in flight.
#pragma once

#include <bifilar/base/detail/assert.hpp>
#include <limits>
#include <optional>

namespace bifilar::drivers {

/// A system call's result or a negative errno, or nothing yet. In one register: an optional is put together in memory,
/// and a load of what was just stored in parts has to wait.
class call_result {
public:
    constexpr call_result(std::nullopt_t) noexcept {}
    constexpr call_result(int result) noexcept : result_{result} {}
    call_result(bool) = delete;  ///< Not 0 or 1, which are results.

    [[nodiscard]] constexpr explicit operator bool() const noexcept { return result_ != none; }
    /// Only when there is one.
    [[nodiscard]] constexpr int operator*() const noexcept {
        BIFILAR_ASSERT(result_ != none, "a call's result was read before the call was over");
        return result_;
    }

private:
    static constexpr int none = std::numeric_limits<int>::min();  // No call's.

    int result_ = none;
};

}  // namespace bifilar::drivers
