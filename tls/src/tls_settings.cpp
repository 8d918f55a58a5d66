// From options to OpenSSL's SSL_CTX, and its callbacks.
#include "tls_settings.hpp"

#include "tls_failure.hpp"

#include <bifilar/tls/detail/tls_session.hpp>
#include <algorithm>
#include <openssl/err.h>
#include <stdexcept>

namespace bifilar {
namespace {

constexpr std::size_t longest_name = 255;
// For TLS 1.2: with forward secrecy, so that a key that is lost later opens no record of today, and AEAD, so that no
// padding can be guessed at. TLS 1.3 has nothing else.
constexpr const char* default_ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

int openssl_version(tls_version version) noexcept {
    return version == tls_version::tls13 ? TLS1_3_VERSION : TLS1_2_VERSION;
}

// Not SSL_set_SSL_CTX: with another context go its trust, the names of authorities and the choice of a protocol.
bool show_certificate(SSL& ssl, SSL_CTX& of) noexcept {
    STACK_OF(X509)* chain = nullptr;
    // What the macro SSL_CTX_get0_chain_certs does.
    SSL_CTX_ctrl(&of, SSL_CTRL_GET_CHAIN_CERTS, 0, static_cast<void*>(&chain));
    // OpenSSL keeps one certificate a kind of key: an own one of another kind would be shown to those who prefer it.
    SSL_certs_clear(&ssl);
    constexpr int replace = 1;
    return SSL_use_cert_and_key(&ssl, SSL_CTX_get0_certificate(&of), SSL_CTX_get0_privatekey(&of), chain, replace) == 1;
}

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

tls_context::tls_context(std::shared_ptr<const detail::tls_settings> settings) noexcept
    : settings_{std::move(settings)} {}

tls_context tls_context::client(const tls_options& options) {
    return tls_context{std::make_shared<detail::tls_settings>(detail::tls_settings::side::client, options)};
}
tls_context tls_context::server(const tls_options& options) {
    return tls_context{std::make_shared<detail::tls_settings>(detail::tls_settings::side::server, options)};
}

namespace detail {

tls_settings::tls_settings(side which, const tls_options& options)
    : side_{which}, verifies_host_{options.verify_host}, buffer_bytes_{options.buffer_bytes} {
    constexpr std::size_t least = 2048;
    constexpr std::size_t most = std::size_t{1} << 30;
    if (buffer_bytes_ < least || buffer_bytes_ > most)
        throw std::invalid_argument{"tls: buffer_bytes is " + std::to_string(buffer_bytes_) + "; give " +
                                    std::to_string(least) + " to " + std::to_string(most)};
    ERR_clear_error();
    context_.reset(SSL_CTX_new(is_client() ? TLS_client_method() : TLS_server_method()));
    if (context_ == nullptr)
        throw std::runtime_error{"tls: OpenSSL cannot make a context: " + collect_reason() +
                                 "; look at its configuration file (OPENSSL_CONF)"};
    if (!is_client() && !options.certificate)
        throw std::invalid_argument{"tls: a server has no certificate; give certificate and key"};
    set_rules(options);
    if (options.certificate || options.key) use_certificate(*context_, options);
    set_verify(options);
    set_protocols(options);
    set_names(options);
    set_tickets(options.resume_sessions);
}

void tls_settings::set_rules(const tls_options& options) {
    SSL_CTX* const context = context_.get();
    if (options.min_version > options.max_version ||
        SSL_CTX_set_min_proto_version(context, openssl_version(options.min_version)) != 1 ||
        SSL_CTX_set_max_proto_version(context, openssl_version(options.max_version)) != 1)
        throw std::invalid_argument{"tls: min_version is above max_version; set both"};
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    // An idle connection keeps no record buffers. A write that is tried again may come from elsewhere.
    SSL_CTX_set_mode(context,
                     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    const std::string ciphers = options.ciphers.empty() ? default_ciphers : options.ciphers;
    if (SSL_CTX_set_cipher_list(context, ciphers.c_str()) != 1)
        throw std::invalid_argument{"tls: ciphers is '" + ciphers + "': " + collect_reason() +
                                    "; see openssl ciphers -v -tls1_2"};
    if (!options.cipher_suites.empty() && SSL_CTX_set_ciphersuites(context, options.cipher_suites.c_str()) != 1)
        throw std::invalid_argument{"tls: cipher_suites is '" + options.cipher_suites + "': " + collect_reason() +
                                    "; see openssl ciphers -v -s -tls1_3"};
}

void tls_settings::set_verify(const tls_options& options) {
    const tls_verify verify = options.verify.value_or(is_client() ? tls_verify::required : tls_verify::none);
    int mode = verify == tls_verify::none ? SSL_VERIFY_NONE : SSL_VERIFY_PEER;
    if (verify == tls_verify::required) mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    SSL_CTX_set_verify(context_.get(), mode, nullptr);
    for (const tls_pem& roots : options.trust) use_trust(*context_, roots, !is_client() && mode != SSL_VERIFY_NONE);
    if (!options.trust.empty()) return;
    // The system's roots say who a host is. By them every certificate that can be bought would be a good client's.
    if (!is_client() && mode != SSL_VERIFY_NONE)
        throw std::invalid_argument{
            "tls: a server that verifies its clients has no trust; give the roots that sign their certificates"};
    if (is_client() && SSL_CTX_set_default_verify_paths(context_.get()) != 1)
        throw std::invalid_argument{"tls: no roots of the system: " + collect_reason() +
                                    "; install ca-certificates or give trust"};
}

void tls_settings::set_protocols(const tls_options& options) {
    for (const std::string& name : options.alpn) {
        if (name.empty() || name.size() > longest_name)
            throw std::invalid_argument{"tls: alpn has '" + name + "'; names have 1 to 255 bytes"};
        protocols_.push_back(static_cast<unsigned char>(name.size()));
        protocols_.insert(protocols_.end(), name.begin(), name.end());
    }
    if (protocols_.empty()) return;
    if (!is_client()) {
        SSL_CTX_set_alpn_select_cb(context_.get(), choose_protocol, this);
        return;
    }
    // 0 is success here.
    if (SSL_CTX_set_alpn_protos(context_.get(), protocols_.data(), static_cast<unsigned>(protocols_.size())) != 0)
        throw std::bad_alloc{};
}

void tls_settings::set_names(const tls_options& options) {
    for (const auto& [name, context] : options.names) {
        if (context.settings_->is_client() || is_client())
            throw std::invalid_argument{"tls: names has '" + name + "' with a client, or for one; use server contexts"};
        // Each handshake does so again; what this context's rules refuse is told here.
        const std::unique_ptr<SSL, decltype(&SSL_free)> trial{SSL_new(context_.get()), &SSL_free};
        if (trial == nullptr) throw std::bad_alloc{};
        if (!show_certificate(*trial, *context.settings_->context()))
            throw std::invalid_argument{"tls: names has '" + name + "', whose certificate cannot be used here: " +
                                        collect_reason() + "; give one that this context's ciphers allow"};
        std::string key = name;
        std::transform(key.begin(), key.end(), key.begin(), lower);
        if (!names_.emplace(std::move(key), context).second)
            throw std::invalid_argument{"tls: names has '" + name + "' twice (case does not matter); give each once"};
    }
    if (names_.empty()) return;
    // What the macro SSL_CTX_set_tlsext_servername_callback does.
    SSL_CTX_callback_ctrl(context_.get(), SSL_CTRL_SET_TLSEXT_SERVERNAME_CB,
                          reinterpret_cast<void (*)()>(&tls_settings::choose_name));
    SSL_CTX_set_tlsext_servername_arg(context_.get(), this);
}

void tls_settings::set_tickets(bool resume) noexcept {
    SSL_CTX* const context = context_.get();
    if (!resume) {
        SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
        SSL_CTX_set_num_tickets(context, 0);
    }
    if (is_client() && resume) {
        // The store keeps them by server; OpenSSL's own cache would keep them once more.
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(context, keep_ticket);
        return;
    }
    // A server's tickets are with its clients; it keeps nothing itself.
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    // Without a name of its own for them OpenSSL refuses tickets when client certificates are asked for.
    static constexpr unsigned char id[] = {'b', 'i', 'f', 'i', 'l', 'a', 'r'};
    if (!is_client()) SSL_CTX_set_session_id_context(context, id, sizeof id);
}

int tls_settings::choose_name(SSL* ssl, int* alert, void* settings) noexcept {
    const auto& self = *static_cast<const tls_settings*>(settings);
    const char* const asked = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (asked == nullptr) return SSL_TLSEXT_ERR_NOACK;
    // One longer than the name, for the asterisk.
    char name[longest_name + 1];
    std::size_t bytes = 0;
    for (; asked[bytes] != '\0'; ++bytes) {
        if (bytes == longest_name) return SSL_TLSEXT_ERR_NOACK;
        name[bytes] = lower(asked[bytes]);
    }
    std::string_view key{name, bytes};
    auto at = self.names_.find(key);
    const std::size_t dot = key.find('.');
    if (at == self.names_.end() && dot != std::string_view::npos && dot != 0) {
        // The first label becomes an asterisk, in place.
        name[dot - 1] = '*';
        key.remove_prefix(dot - 1);
        at = self.names_.find(key);
    }
    if (at == self.names_.end()) return SSL_TLSEXT_ERR_NOACK;
    if (show_certificate(*ssl, *at->second.settings_->context())) return SSL_TLSEXT_ERR_OK;
    *alert = SSL_AD_INTERNAL_ERROR;  // There is no memory. The other's certificate is not what was asked for.
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

int tls_settings::choose_protocol(SSL*, const unsigned char** chosen, unsigned char* bytes,
                                  const unsigned char* offered, unsigned offered_bytes, void* settings) noexcept {
    const auto& self = *static_cast<const tls_settings*>(settings);
    unsigned char* found = nullptr;
    // The order of this side's list decides.
    const int answer = SSL_select_next_proto(&found, bytes, self.protocols_.data(),
                                             static_cast<unsigned>(self.protocols_.size()), offered, offered_bytes);
    if (answer != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}

int tls_settings::keep_ticket(SSL* ssl, SSL_SESSION* ticket) noexcept {
    static_cast<const tls_session*>(SSL_get_app_data(ssl))->keep_ticket(ticket);
    return 1;  // The reference is the store's now.
}

}  // namespace detail
}  // namespace bifilar
