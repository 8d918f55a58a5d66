// Which outputs carry an error as a value, so that whoever drops one unread is warned.
// std::expected itself is not [[nodiscard]] in libstdc++ 12; so the doors that give one are, for these outputs alone.
#pragma once

#include <bifilar/base/detail/language.hpp>
#include <expected>
#include <optional>
#include <tuple>
#include <variant>
#include <vector>

/// Marks the overload of a door for such outputs. On await_resume clang looks at it, and GCC from version 15 on.
#define BIFILAR_MUST_BE_READ [[nodiscard("an error would be lost: look at it, or say (void) in front")]]

namespace bifilar {

template <class... T>
class first_of;

namespace detail {

template <class T>
inline constexpr bool may_hold_error = false;
template <class T, class E>
inline constexpr bool may_hold_error<std::expected<T, E>> = true;
template <class T>
inline constexpr bool may_hold_error<std::optional<T>> = may_hold_error<T>;
// What several futures at once give. All here, because who asks first decides for the rest of the file.
template <class... T>
inline constexpr bool may_hold_error<std::tuple<T...>> = (may_hold_error<T> || ...);
template <class... T>
inline constexpr bool may_hold_error<std::variant<T...>> = (may_hold_error<T> || ...);
template <class... T>
inline constexpr bool may_hold_error<first_of<T...>> = (may_hold_error<T> || ...);
template <class T, class Allocator>
inline constexpr bool may_hold_error<std::vector<T, Allocator>> = may_hold_error<T>;

/// An output of a wait that is an error, or may be. To drop it on purpose, write (void).
template <class T>
concept must_be_read = may_hold_error<T>;

}  // namespace detail
}  // namespace bifilar
