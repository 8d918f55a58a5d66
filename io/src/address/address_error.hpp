// What can be wrong with an address, as error codes whose messages say what to write: EINVAL alone would tell nobody.
#pragma once

#include <expected>
#include <system_error>

namespace bifilar::detail {

enum class address_error : unsigned char {
    not_numeric = 1,    ///< Equals std::errc::invalid_argument, like the next two.
    unknown_interface,  ///< The scope of an IPv6 address.
    bad_unix_name,      ///< Empty, or a path with a 0 in it.
    unix_name_too_long  ///< Equals std::errc::filename_too_long.
};

[[nodiscard]] std::unexpected<std::error_code> address_failure(address_error what) noexcept;

}  // namespace bifilar::detail
