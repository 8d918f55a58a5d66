// Why a name could not be resolved: the codes of getaddrinfo(3) as error codes whose messages say what to do.
#pragma once

#include <bifilar/base/detail/language.hpp>
#include <netdb.h>
#include <system_error>
#include <type_traits>

namespace bifilar {

/// Failures to tell apart. Negative values are getaddrinfo's EAI codes, of which others may occur as well; they all
/// belong to resolve_category().
// NOLINTNEXTLINE(performance-enum-size): as std::error_code keeps it.
enum class resolve_errc : int {
    no_such_host = EAI_NONAME,      ///< The name does not exist, here or in the DNS.
    no_address = -5,                ///< The name exists and has no address (EAI_NODATA).
    try_again = EAI_AGAIN,          ///< No server answered in time. Equals std::errc::resource_unavailable_try_again.
    server_failed = EAI_FAIL,       ///< A name server refused or failed for good.
    unknown_service = EAI_SERVICE,  ///< The service is neither a port number nor a known name.
    out_of_memory = EAI_MEMORY,     ///< Equals std::errc::not_enough_memory.
    bad_text = 1,                   ///< Not "host:service". Equals std::errc::invalid_argument.
    forked = 2,                     ///< A child process without the threads that look names up.
    old_address = 3,                ///< An old form of an IPv4 address. Equals std::errc::invalid_argument.
    too_many = 4,                   ///< Too many lookups wait. Equals std::errc::resource_unavailable_try_again.
};

/// The category of these codes, static.
/// Allocates: its messages.
[[nodiscard]] const std::error_category& resolve_category() noexcept;

[[nodiscard]] inline std::error_code make_error_code(resolve_errc of) noexcept {
    return {static_cast<int>(of), resolve_category()};
}

/// What getaddrinfo's result means. For EAI_SYSTEM the error is `system_errno`, of the generic category.
[[nodiscard]] std::error_code resolve_error(int eai, int system_errno) noexcept;

}  // namespace bifilar

template <>
struct std::is_error_code_enum<bifilar::resolve_errc> : std::true_type {};
