// Why TLS failed, as std::error_code over OpenSSL's own codes, and the few classes of failure that programs ask for.
#pragma once

#include <bifilar/base/detail/language.hpp>
#include <system_error>

namespace bifilar {

/// What programs tell apart. Compare an error with these: `result.error() == tls_errc::truncated`.
// NOLINTNEXTLINE(performance-enum-size): as std::error_code keeps it.
enum class tls_errc {
    truncated = 1,    ///< The connection ended without the peer's close_notify: data may be missing.
    bad_certificate,  ///< The peer's certificate, or its absence, was refused here. The message has the reason.
    alert,            ///< The peer refused to go on. The message has its reason.
    protocol,         ///< Any other failure of TLS: no common version, garbage, a broken record.
};

/// The category of the codes: OpenSSL's packed error codes, and X509_V_ERR_* codes for certificates. Messages hold the
/// reason, such as "certificate verify failed: certificate has expired".
/// Thread: any.
[[nodiscard]] const std::error_category& tls_category() noexcept;

[[nodiscard]] std::error_condition make_error_condition(tls_errc what) noexcept;

}  // namespace bifilar

template <>
struct std::is_error_condition_enum<bifilar::tls_errc> : std::true_type {};
