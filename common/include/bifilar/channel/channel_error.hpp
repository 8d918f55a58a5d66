// Why a channel operation did not do its work. Closed, full and empty are different answers; values come back.
#pragma once

#include <bifilar/base/detail/language.hpp>
#include <concepts>
#include <utility>

namespace bifilar {

namespace detail {

/// What converts silently and should not: 3.7 sent into a channel of int.
template <class Given, class T>
concept loses_fraction = std::floating_point<Given> && std::integral<T>;

}  // namespace detail

/// The channel was closed before the value was taken; here it is.
template <class T>
class send_error {
public:
    /// Keeps the value that was not sent.
    explicit send_error(T value) noexcept : value_{std::move(value)} {}
    /// The value, moved out. Once.
    [[nodiscard]] T take() noexcept { return std::move(value_); }

private:
    T value_;
};

/// try_send had no room, or nobody will ever receive; the value comes back.
template <class T>
class try_send_error {
public:
    /// Keeps the value that was not sent, and why.
    try_send_error(bool closed, T value) noexcept : value_{std::move(value)}, closed_{closed} {}
    /// Nobody will receive any more.
    [[nodiscard]] bool is_closed() const noexcept { return closed_; }
    /// There is no room now.
    [[nodiscard]] bool is_full() const noexcept { return !closed_; }
    /// The value, moved out.
    [[nodiscard]] T take() noexcept { return std::move(value_); }

private:
    T value_;
    bool closed_;
};

/// Why try_recv has no value.
enum class try_recv_error : bool {
    empty,   ///< Nothing there now.
    closed,  ///< Closed and drained: nothing will ever come.
};

}  // namespace bifilar
