// Memory BIOs on both sides of OpenSSL's client, and a certificate that signs itself.
#include "tls_client.hpp"

#include <array>
#include <cstdio>
#include <filesystem>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdexcept>
#include <stdlib.h>  // mkdtemp

namespace attack {
namespace {

SSL_CTX* client_context() {
    static SSL_CTX* const made = SSL_CTX_new(TLS_client_method());
    return made;
}

void require(bool good, const char* what) {
    if (!good) throw std::runtime_error{std::string{"tls attack: "} + what};
}

}  // namespace

tls_client::tls_client(const offer& what) {
    ssl_.reset(SSL_new(client_context()));
    require(ssl_ != nullptr, "no session");
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl_.get(), in_, out_);
    SSL_set_max_proto_version(ssl_.get(), what.newest);
    if (what.host != nullptr)
        SSL_ctrl(ssl_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(what.host));
    static constexpr unsigned char protocols[] = {2, 'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    if (what.has_protocols) SSL_set_alpn_protos(ssl_.get(), protocols, sizeof protocols);
    if (what.groups != nullptr) SSL_ctrl(ssl_.get(), SSL_CTRL_SET_GROUPS_LIST, 0, const_cast<char*>(what.groups));
    if (what.ciphers != nullptr) SSL_set_cipher_list(ssl_.get(), what.ciphers);
    SSL_set_connect_state(ssl_.get());
}

void tls_client::feed(std::string_view bytes) { (void)BIO_write(in_, bytes.data(), static_cast<int>(bytes.size())); }

std::string tls_client::take() {
    std::string taken;
    std::array<char, 4096> part;
    for (int count = 0; (count = BIO_read(out_, part.data(), part.size())) > 0;)
        taken.append(part.data(), static_cast<std::size_t>(count));
    return taken;
}

std::string tls_client::read() {
    std::array<char, 4096> part;
    const int count = SSL_read(ssl_.get(), part.data(), part.size());
    return count > 0 ? std::string(part.data(), static_cast<std::size_t>(count)) : std::string{};
}

bool tls_client::hears() {
    ERR_clear_error();
    if (!read().empty()) return true;
    const int reason = ERR_GET_REASON(ERR_peek_error());
    return reason > SSL_AD_REASON_OFFSET && reason != SSL_AD_REASON_OFFSET + SSL_AD_DECODE_ERROR;
}

std::vector<std::string> hellos() {
    const std::vector<offer> kinds{
        {},
        {TLS1_3_VERSION, "localhost", true},
        {TLS1_3_VERSION, "shop.example", false, "P-256"},
        {TLS1_3_VERSION, "localhost", true, "P-521:X25519:P-256"},
        {TLS1_2_VERSION},
        {TLS1_2_VERSION, "localhost", true},
        {TLS1_2_VERSION, nullptr, false, nullptr, "ECDHE-ECDSA-AES128-GCM-SHA256"},
        {TLS1_2_VERSION, "localhost", false, "X25519", "ALL"},
    };
    std::vector<std::string> made;
    for (const offer& kind : kinds) {
        tls_client client{kind};
        client.step();
        made.push_back(client.take());
        require(!made.back().empty(), "no ClientHello");
    }
    return made;
}

certificate_folder::certificate_folder() {
    path_ = (std::filesystem::temp_directory_path() / "bifilar-attack-").string() + std::string(6, 'X');
    require(::mkdtemp(path_.data()) != nullptr, "no folder for the certificate");
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"),
                                                                  &EVP_PKEY_free};
    const std::unique_ptr<X509, decltype(&X509_free)> own{X509_new(), &X509_free};
    ASN1_INTEGER_set(X509_get_serialNumber(own.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(own.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(own.get()), 86'400);
    X509_set_pubkey(own.get(), key.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(own.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
    X509_set_issuer_name(own.get(), X509_get_subject_name(own.get()));
    require(X509_sign(own.get(), key.get(), EVP_sha256()) > 0, "no certificate");
    const auto write = [](const std::string& to, auto what) {
        std::FILE* const file = std::fopen(to.c_str(), "w");
        require(file != nullptr, "cannot write the certificate");
        const bool good = what(file) == 1;
        require(std::fclose(file) == 0 && good, "cannot write the certificate");
    };
    write(certificate(), [&](std::FILE* to) { return PEM_write_X509(to, own.get()); });
    write(this->key(),
          [&](std::FILE* to) { return PEM_write_PrivateKey(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
}

certificate_folder::~certificate_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

}  // namespace attack
