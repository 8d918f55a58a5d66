// Who may do what before the password is said, and from where.
#pragma once

#include <bifilar/io/address/socket_address.hpp>
#include <string>
#include <string_view>

namespace kv {

struct access {
    std::string password;      ///< Empty: nobody needs one.
    bool is_protected = true;  ///< Without a password only this machine may connect.

    [[nodiscard]] bool needs_password() const noexcept { return !password.empty(); }
    /// In a time that does not tell how much of it is right.
    [[nodiscard]] bool is_password(std::string_view said) const noexcept;
    [[nodiscard]] bool lets_in(const bifilar::socket_address& peer) const noexcept;
};

/// What a peer reads that is not let in.
extern const std::string_view denied;

/// 127.0.0.0/8, also as an IPv6 address, ::1, and Unix sockets.
[[nodiscard]] bool is_this_machine(const bifilar::socket_address& peer) noexcept;

}  // namespace kv
