// Where a standard stream of a program that is to be started leads.
#pragma once

#include <bifilar/base/detail/language.hpp>

namespace bifilar {

/// Where one of a program's standard streams leads.
class stdio {
public:
    /// What it leads to.
    enum class kind : unsigned char {
        inherited,   ///< That of the calling process.
        null,        ///< /dev/null: no input, output to nowhere.
        pipe,        ///< A new pipe, whose other end the process object has.
        descriptor,  ///< A descriptor of the caller's choice.
    };

    /// To where this process's leads.
    [[nodiscard]] static constexpr stdio inherit() noexcept { return stdio{kind::inherited, -1}; }
    /// To /dev/null.
    [[nodiscard]] static constexpr stdio null() noexcept { return stdio{kind::null, -1}; }
    /// To a pipe, whose other end the `process` has.
    [[nodiscard]] static constexpr stdio pipe() noexcept { return stdio{kind::pipe, -1}; }
    /// Lent: it stays the caller's, who keeps it open until the program was started. Its O_NONBLOCK flag goes along.
    [[nodiscard]] static constexpr stdio descriptor(int number) noexcept { return stdio{kind::descriptor, number}; }

    /// As it was made.
    [[nodiscard]] constexpr kind what() const noexcept { return what_; }
    /// -1 unless it is a descriptor of the caller's choice.
    [[nodiscard]] constexpr int number() const noexcept { return number_; }

private:
    constexpr stdio(kind what, int number) noexcept : what_{what}, number_{number} {}

    kind what_;
    int number_;
};

}  // namespace bifilar
