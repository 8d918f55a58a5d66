// OpenSSL itself at the other end of a connection, for what this library never says. Each call blocks its thread.
#pragma once

#include "tls_pair.hpp"
#include "uninterrupted_tls.hpp"

#include <memory>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <string>

namespace tests {

/// What house_server shows.
inline void use_house_certificate(SSL_CTX* context) {
    BIO* const text = BIO_new_mem_buf(house_server().certificate.data(), -1);
    X509* const own = PEM_read_bio_X509(text, nullptr, nullptr, nullptr);
    BIO* const key_text = BIO_new_mem_buf(house_server().key.data(), -1);
    EVP_PKEY* const key = PEM_read_bio_PrivateKey(key_text, nullptr, nullptr, nullptr);
    SSL_CTX_use_certificate(context, own);
    SSL_CTX_use_PrivateKey(context, key);
    EVP_PKEY_free(key);
    BIO_free(key_text);
    X509_free(own);
    BIO_free(text);
}

class openssl_peer {
public:
    /// TLS_client_method or TLS_server_method, in that one version, however old it is.
    openssl_peer(const SSL_METHOD* method, const bf::tcp_stream& over, int version)
        : context_{SSL_CTX_new(method), &SSL_CTX_free} {
        SSL_CTX_set_min_proto_version(context_.get(), version);
        SSL_CTX_set_max_proto_version(context_.get(), version);
        SSL_CTX_set_cipher_list(context_.get(), "ALL:@SECLEVEL=0");
        if (method == TLS_server_method()) use_house_certificate(context_.get());
        ssl_.reset(SSL_new(context_.get()));
        SSL_set_fd(ssl_.get(), over.descriptor());
        method == TLS_server_method() ? SSL_set_accept_state(ssl_.get()) : SSL_set_connect_state(ssl_.get());
    }

    /// 0, or OpenSSL's reason why not. The same for those below.
    int shake() {
        return reason_of([](SSL* ssl) { return SSL_do_handshake(ssl); });
    }
    int write(const std::string& text) {
        return reason_of([&](SSL* ssl) { return SSL_write(ssl, text.data(), static_cast<int>(text.size())); });
    }
    int read(std::size_t bytes) {
        std::string into(bytes, '\0');
        return reason_of([&](SSL* ssl) { return SSL_read(ssl, into.data(), static_cast<int>(bytes)); });
    }
    /// Asks the peer for another handshake.
    int renegotiate() {
        return reason_of([](SSL* ssl) { return SSL_renegotiate(ssl) == 1 ? SSL_do_handshake(ssl) : 0; });
    }

private:
    template <class Call>
    int reason_of(Call call) {
        ERR_clear_error();
        if (uninterrupted(ssl_.get(), [&] { return call(ssl_.get()); }) > 0) return 0;
        const int reason = ERR_GET_REASON(ERR_peek_error());
        return reason != 0 ? reason : SSL_R_UNEXPECTED_EOF_WHILE_READING;  // A reset, for example.
    }

    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
    std::unique_ptr<SSL, decltype(&SSL_free)> ssl_{nullptr, &SSL_free};
};

}  // namespace tests
