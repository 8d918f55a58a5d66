// The second implementation of the door for plain fields: each access is checked for data races, and for the end of the
// field's life. Builds on model/hooks.hpp. Accesses are no choice points.
#pragma once

#include <model/hooks.hpp>

#include <type_traits>
#include <utility>

namespace bifilar::base {

/// As a T, with the same size and alignment.
template <class T>
class plain {
public:
    constexpr plain() noexcept : plain(T{}) {}
    // Explicit, so that `a ? field : value` is a value.
    constexpr explicit plain(T value) noexcept : value_(std::move(value)) {
        if (!std::is_constant_evaluated()) model::detail::plain_born(&value_);
    }
    constexpr plain(const plain& other) noexcept : plain(other.get()) {}
    constexpr ~plain() {
        if (!std::is_constant_evaluated()) model::detail::plain_gone(&value_, name());
    }
    plain& operator=(const plain& other) noexcept { return *this = other.get(); }
    plain& operator=(T value) noexcept {
        model::detail::plain_write(&value_, name());
        value_ = std::move(value);
        return *this;
    }

    constexpr operator T() const noexcept { return get(); }
    /// Casts down, as from a T.
    template <class U>
    requires std::is_pointer_v<T>
    explicit operator U*() const noexcept { return static_cast<U*>(get()); }
    T operator->() const noexcept requires std::is_pointer_v<T> { return get(); }
    plain& operator+=(T by) noexcept { return *this = static_cast<T>(get() + by); }
    plain& operator-=(T by) noexcept { return *this = static_cast<T>(get() - by); }
    plain& operator++() noexcept { return *this = static_cast<T>(get() + 1); }
    plain& operator--() noexcept { return *this = static_cast<T>(get() - 1); }

private:
    [[nodiscard]] constexpr T get() const noexcept {
        if (!std::is_constant_evaluated()) model::detail::plain_read(&value_, name());
        return value_;
    }
    // For the sentence that says what failed: it ends with the type.
    [[nodiscard]] static constexpr const char* name() noexcept { return __PRETTY_FUNCTION__; }

    T value_;
};

}  // namespace bifilar::base
