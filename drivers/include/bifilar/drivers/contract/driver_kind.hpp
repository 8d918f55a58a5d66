// Which interface of the kernel a runtime uses.
#pragma once

#include <bifilar/base/detail/language.hpp>
#include <optional>
#include <string_view>

namespace bifilar {

enum class driver_kind : unsigned char {
    best,   ///< io_uring where it works, else epoll; decided once, with a printed reason for the fallback.
    uring,  ///< io_uring or an error.
    epoll,
    simulated,  ///< For tests: real descriptors, while a simulated_kernel decides on time, order and failures.
};

/// "best", "uring", "epoll" or "simulated", for command lines. Empty for anything else.
[[nodiscard]] constexpr std::optional<driver_kind> parse_driver(std::string_view name) noexcept {
    if (name == "best") return driver_kind::best;
    if (name == "uring") return driver_kind::uring;
    if (name == "epoll") return driver_kind::epoll;
    if (name == "simulated") return driver_kind::simulated;
    return std::nullopt;
}

/// The name that parse_driver knows.
[[nodiscard]] constexpr std::string_view to_string(driver_kind kind) noexcept {
    switch (kind) {
        case driver_kind::uring:
            return "uring";
        case driver_kind::epoll:
            return "epoll";
        case driver_kind::simulated:
            return "simulated";
        case driver_kind::best:
            break;
    }
    return "best";
}

}  // namespace bifilar
