// OpenSSL's codes as std::error_code. A packed code keeps its library from bit 23 on, so that codes below are free for
// certificates' X509_V_ERR_* reasons.
#include <bifilar/tls/tls_error.hpp>

#include "tls_failure.hpp"

#include <bifilar/drivers/contract/io_result.hpp>
#include <cerrno>
#include <new>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <string>

namespace bifilar {
namespace {

constexpr int truncated_code =
    static_cast<int>(ERR_PACK(ERR_LIB_SSL, 0, SSL_R_UNEXPECTED_EOF_WHILE_READING));  // NOLINT: OpenSSL's own casts.

bool is_certificate_reason(int code) noexcept { return code > 0 && code < 1 << ERR_LIB_OFFSET; }

tls_errc class_of(int code) noexcept {
    if (is_certificate_reason(code)) return tls_errc::bad_certificate;
    if (code == truncated_code) return tls_errc::truncated;
    const auto packed = static_cast<unsigned long>(code);
    if (ERR_GET_LIB(packed) != ERR_LIB_SSL) return tls_errc::protocol;
    const int reason = ERR_GET_REASON(packed);
    if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) return tls_errc::bad_certificate;
    // What the peer has sent as an alert has its number behind an offset.
    constexpr int last_alert = 255;
    if (reason > SSL_AD_REASON_OFFSET && reason <= SSL_AD_REASON_OFFSET + last_alert) return tls_errc::alert;
    return tls_errc::protocol;
}

class code_category final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "bifilar tls"; }
    [[nodiscard]] std::string message(int code) const override {
        if (is_certificate_reason(code))
            return std::string{"certificate verify failed: "} + X509_verify_cert_error_string(code);
        if (code == truncated_code) return "the connection ended without close_notify: data may be missing";
        const char* const reason = ERR_reason_error_string(static_cast<unsigned long>(code));
        const std::string text = reason != nullptr ? reason : "OpenSSL's error " + std::to_string(code);
        return class_of(code) == tls_errc::alert ? "the peer refused: " + text : text;
    }
    [[nodiscard]] bool equivalent(int code, const std::error_condition& what) const noexcept override {
        return what == make_error_condition(class_of(code));
    }
};

class condition_category final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "bifilar tls condition"; }
    [[nodiscard]] std::string message(int condition) const override {
        switch (static_cast<tls_errc>(condition)) {
            case tls_errc::truncated:
                return "the connection ended without close_notify";
            case tls_errc::bad_certificate:
                return "the peer's certificate was refused";
            case tls_errc::alert:
                return "the peer refused to go on";
            case tls_errc::protocol:
                break;
        }
        return "TLS failed";
    }
};

// What the calling thread's queue of errors says, which is empty then.
struct queued_failure {
    unsigned long first;  // The oldest entry is the cause; those behind it tell of its way up.
    bool no_memory;       // Whether one of them says so: what had asked for memory often says something else first.
};
[[gnu::noinline]] queued_failure empty_queue() noexcept {
    queued_failure found{ERR_peek_error(), false};
    while (const unsigned long packed = ERR_get_error())
        if (ERR_GET_REASON(packed) == ERR_R_MALLOC_FAILURE) found.no_memory = true;
    ERR_clear_error();
    return found;
}

}  // namespace

const std::error_category& tls_category() noexcept {
    static const code_category category;
    return category;
}

std::error_condition make_error_condition(tls_errc what) noexcept {
    static const condition_category category;
    return {static_cast<int>(what), category};
}

[[gnu::noinline]] std::error_code detail::collect_failure(const ssl_st* ssl) noexcept {
    const auto [packed, no_memory] = empty_queue();
    if (no_memory) return {ENOMEM, std::generic_category()};
    if (packed == 0) return {EPROTO, std::generic_category()};
    if (ERR_SYSTEM_ERROR(packed)) return {static_cast<int>(ERR_GET_REASON(packed)), std::generic_category()};
    if (ssl != nullptr && ERR_GET_LIB(packed) == ERR_LIB_SSL &&
        ERR_GET_REASON(packed) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
        const long verified = SSL_get_verify_result(ssl);
        // What is wrong with the certificate stands beside the queue.
        if (verified != X509_V_OK) return {static_cast<int>(verified), tls_category()};
    }
    return {static_cast<int>(packed), tls_category()};
}

[[gnu::noinline]] std::string detail::collect_reason() {
    const auto [packed, no_memory] = empty_queue();
    if (no_memory) throw std::bad_alloc{};
    const char* const reason = packed != 0 ? ERR_reason_error_string(packed) : nullptr;
    return reason != nullptr ? reason : "no reason given, as where memory runs out";
}

}  // namespace bifilar
