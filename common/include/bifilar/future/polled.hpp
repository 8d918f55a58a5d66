// The answer of one poll: a value, or not ready.
// It is a class of its own so that "not ready" cannot be mistaken for "no value", and no std::optional inside: the
// compiler makes one of these for every type that is awaited, and an optional takes it several times as long.
#pragma once

#include <bifilar/base/detail/language.hpp>
#include <expected>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace bifilar {

/// The tag of an answer that is still to come. Not an aggregate: GCC 12 destroys such temporaries twice.
struct not_ready_t {
    /// For not_ready.
    explicit constexpr not_ready_t(int) noexcept {}
};
inline constexpr not_ready_t not_ready{0};

/// The tag of a finished poll that has no value.
struct done_t {
    /// For done.
    explicit constexpr done_t(int) noexcept {}
};
inline constexpr done_t done{0};

namespace detail {

/// An answer moved on, part by part. Most answers were written part by part a moment ago; a copy in one wide load,
/// which compilers make of a trivial move, waits until all those stores have left the processor's store buffer.
template <class T>
[[gnu::always_inline]] constexpr T moved_on(T& answer) {
    return std::move(answer);
}
template <class T>
[[gnu::always_inline]] constexpr std::optional<T> moved_on(std::optional<T>& answer) {
    if (!answer) return std::nullopt;
    return std::optional<T>{std::in_place, std::move(*answer)};
}
template <class T, class E>
[[gnu::always_inline]] constexpr std::expected<T, E> moved_on(std::expected<T, E>& answer) {
    if (!answer) return std::unexpected<E>{std::move(answer.error())};
    if constexpr (std::is_void_v<T>)
        return {};
    else
        return std::expected<T, E>{std::in_place, std::move(*answer)};
}

}  // namespace detail

/// What `poll` returns. Owns the value. Taking a value that is not there is undefined.
template <class T>
class [[nodiscard]] polled {
    static_assert(!std::is_reference_v<T>, "a future's output is a value; use a pointer or std::reference_wrapper");

public:
    using value_type = T;

    /// Pending.
    constexpr polled(not_ready_t) noexcept {}
    /// User-provided on purpose: a trivially movable answer would be returned in registers, put together from parts
    /// that were just written to memory one by one, which stalls the processor for longer than the whole poll takes.
    constexpr polled(polled&& other) noexcept(std::is_nothrow_move_constructible_v<T>) : ready_{other.ready_} {
        if (ready_) std::construct_at(std::addressof(value_), std::move(other.value_));
    }
    constexpr ~polled() {
        if (ready_) std::destroy_at(std::addressof(value_));
    }
    polled& operator=(polled&&) = delete;
    /// Anything that T can be made of. In place, because copying a value that was just written in parts costs more
    /// than the poll.
    template <class U = T>
        requires(std::is_constructible_v<T, U &&> && !std::is_same_v<std::remove_cvref_t<U>, polled> &&
                 !std::is_same_v<std::remove_cvref_t<U>, not_ready_t>)
    constexpr polled(U&& value) noexcept(std::is_nothrow_constructible_v<T, U&&>)
        : value_(std::forward<U>(value)), ready_{true} {}

    /// Whether there is an output.
    [[nodiscard]] constexpr bool is_ready() const noexcept { return ready_; }
    /// Whether there is an output.
    constexpr explicit operator bool() const noexcept { return is_ready(); }

    /// The value, moved out. Only when is_ready().
    [[gnu::always_inline]] constexpr T take() { return detail::moved_on(value_); }
    /// The output, which must be there.
    constexpr T& operator*() noexcept { return value_; }

private:
    union {
        T value_;  // There when ready_.
    };
    bool ready_ = false;
};

/// Pending, or ready without a value.
template <>
class [[nodiscard]] polled<void> {
public:
    using value_type = void;

    /// Pending.
    constexpr polled(not_ready_t) noexcept {}
    /// Ready.
    constexpr polled(done_t) noexcept : ready_{true} {}

    /// Whether there is an output.
    [[nodiscard]] constexpr bool is_ready() const noexcept { return ready_; }
    /// Whether there is an output.
    constexpr explicit operator bool() const noexcept { return ready_; }
    /// Nothing: there is no value.
    constexpr void take() const noexcept {}

private:
    bool ready_ = false;
};

}  // namespace bifilar
