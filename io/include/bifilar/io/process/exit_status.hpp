// How a process ended: by itself, with a code, or by a signal.
#pragma once

#include <bifilar/base/detail/language.hpp>
#include <optional>

namespace bifilar {

/// How a process has ended: with a code, or by a signal.
class exit_status {
public:
    /// A process that returned `code` from main or gave it to exit; 0 to 255.
    [[nodiscard]] static constexpr exit_status exited(int code) noexcept { return {code, false, false}; }
    /// A process that the signal `number` has ended.
    [[nodiscard]] static constexpr exit_status killed(int number, bool dumped_core) noexcept {
        return {number, true, dumped_core};
    }

    /// Ended by itself, with code 0.
    [[nodiscard]] constexpr bool success() const noexcept { return !by_signal_ && value_ == 0; }
    /// Empty when a signal has ended it.
    [[nodiscard]] constexpr std::optional<int> code() const noexcept {
        if (by_signal_) return std::nullopt;
        return value_;
    }
    /// The signal that has ended it; empty when it ended by itself.
    [[nodiscard]] constexpr std::optional<int> signal() const noexcept {
        if (!by_signal_) return std::nullopt;
        return value_;
    }
    /// Whether the kernel wrote its memory to a file.
    [[nodiscard]] constexpr bool dumped_core() const noexcept { return dumped_core_; }

    friend constexpr bool operator==(const exit_status&, const exit_status&) noexcept = default;

private:
    constexpr exit_status(int value, bool by_signal, bool dumped_core) noexcept
        : value_{value}, by_signal_{by_signal}, dumped_core_{dumped_core} {}

    int value_;
    bool by_signal_;
    bool dumped_core_;
};

}  // namespace bifilar
