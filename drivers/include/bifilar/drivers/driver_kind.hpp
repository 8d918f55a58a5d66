// Which interface of the kernel a runtime uses.
#pragma once

#include <optional>
#include <string_view>

namespace bifilar {

enum class driver_kind : unsigned char {
    best,   ///< io_uring where it works, else epoll; decided once, with a printed reason for the fallback.
    uring,  ///< io_uring or an error.
    epoll,
};

/// "best", "uring" or "epoll", for command lines. Empty for anything else.
[[nodiscard]] constexpr std::optional<driver_kind> parse_driver(std::string_view name) noexcept {
    if (name == "best") return driver_kind::best;
    if (name == "uring") return driver_kind::uring;
    if (name == "epoll") return driver_kind::epoll;
    return std::nullopt;
}

/// The name that parse_driver knows.
[[nodiscard]] constexpr std::string_view to_string(driver_kind kind) noexcept {
    if (kind == driver_kind::uring) return "uring";
    return kind == driver_kind::epoll ? "epoll" : "best";
}

}  // namespace bifilar
