// What is behind a tls_context: OpenSSL's SSL_CTX, and what its callbacks look up.
#pragma once

#include "ticket_store.hpp"

#include <bifilar/tls/tls_context.hpp>
#include <map>
#include <memory>
#include <openssl/ssl.h>
#include <string>
#include <string_view>
#include <vector>

namespace bifilar::detail {

/// Made once, then read by any threads; the tickets have a lock of their own.
class tls_settings {
public:
    enum class side : bool { client, server };

    /// Throws std::invalid_argument, which names what cannot be used.
    tls_settings(side which, const tls_options& options);
    tls_settings(const tls_settings&) = delete;
    tls_settings& operator=(const tls_settings&) = delete;

    [[nodiscard]] bool is_client() const noexcept { return side_ == side::client; }
    [[nodiscard]] bool verifies_host() const noexcept { return verifies_host_; }
    [[nodiscard]] std::size_t buffer_bytes() const noexcept { return buffer_bytes_; }
    [[nodiscard]] SSL_CTX* context() const noexcept { return context_.get(); }
    [[nodiscard]] ticket_store& tickets() const noexcept { return tickets_; }

private:
    struct freer {
        void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
    };

    void set_rules(const tls_options& options);
    void set_verify(const tls_options& options);
    void set_names(const tls_options& options);
    void set_protocols(const tls_options& options);
    void set_tickets(bool resume) noexcept;

    static int choose_name(SSL* ssl, int* alert, void* settings) noexcept;
    static int choose_protocol(SSL* ssl, const unsigned char** chosen, unsigned char* bytes,
                               const unsigned char* offered, unsigned offered_bytes, void* settings) noexcept;
    static int keep_ticket(SSL* ssl, SSL_SESSION* ticket) noexcept;

    const side side_;
    const bool verifies_host_;
    const std::size_t buffer_bytes_;
    std::unique_ptr<SSL_CTX, freer> context_;
    std::map<std::string, tls_context, std::less<>> names_;  // In lower case.
    std::vector<unsigned char> protocols_;                   // As the wire has them: length, name, length, name.
    mutable ticket_store tickets_;
};

/// Puts certificate, chain and key into the context. Throws std::invalid_argument.
void use_certificate(SSL_CTX& context, const tls_options& options);
/// Adds roots. Throws std::invalid_argument.
void use_trust(SSL_CTX& context, const tls_pem& roots, bool ask_clients_for_them);

}  // namespace bifilar::detail
