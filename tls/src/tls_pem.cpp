// PEM text from files and from memory, and what it says to OpenSSL.
#include "tls_failure.hpp"
#include "tls_settings.hpp"

#include <bifilar/drivers/contract/owned_descriptor.hpp>
#include <cerrno>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdexcept>
#include <unistd.h>

namespace bifilar {
namespace {

template <auto release>
struct freer {
    template <class T>
    void operator()(T* held) const noexcept {
        release(held);
    }
};
using bio_ptr = std::unique_ptr<BIO, freer<BIO_free>>;
using certificate_ptr = std::unique_ptr<X509, freer<X509_free>>;
using key_ptr = std::unique_ptr<EVP_PKEY, freer<EVP_PKEY_free>>;

bio_ptr reader_of(const std::string& pem) {
    bio_ptr made{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
    if (made == nullptr) throw std::bad_alloc{};
    return made;
}

// For keys, and certificates that are encrypted in the same way. OpenSSL's own would ask at the terminal.
int refuse_password(char*, int, int, void*) noexcept { return -1; }

certificate_ptr next_certificate(BIO& from) noexcept {
    return certificate_ptr{PEM_read_bio_X509_AUX(&from, nullptr, refuse_password, nullptr)};
}

// Whether the last read failed because nothing more was there. Empties the queue.
bool at_end() noexcept {
    const unsigned long last = ERR_peek_last_error();
    const bool end = ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
    if (end) ERR_clear_error();
    return end;
}

[[noreturn]] void refuse(const std::string& what, const tls_pem& pem, const std::string& remedy) {
    throw std::invalid_argument{"tls: " + what + " in " + pem.name() + ": " + detail::collect_reason() + "; " + remedy};
}

constexpr const char* certificate_remedy = "give PEM with -----BEGIN CERTIFICATE-----, the own certificate first";
constexpr const char* key_remedy =
    "give the private key of the certificate as PEM without a password (openssl pkey -in … -out …)";
constexpr const char* trust_remedy =
    "give PEM with the certificates of the roots, such as /etc/ssl/certs/ca-certificates.crt";

}  // namespace

std::string tls_pem::name() const { return is_file_ ? "'" + value_ + "'" : "the text"; }

std::string tls_pem::load(const std::string& what, const std::string& remedy) const {
    if (!is_file_) return value_;
    // Behind the loop's allocations it is closed all the same.
    const owned_descriptor file{::open(value_.c_str(), O_RDONLY | O_CLOEXEC)};
    int error = file ? 0 : errno;
    std::string pem;
    char part[4096];
    while (error == 0) {
        const ssize_t count = ::read(file.get(), part, sizeof part);
        if (count < 0 && errno != EINTR) error = errno;
        if (count == 0) break;
        if (count > 0) pem.append(part, static_cast<std::size_t>(count));
    }
    if (error != 0)
        throw std::invalid_argument{"tls: cannot read the " + what + " file '" + value_ +
                                    "': " + std::generic_category().message(error) + "; " + remedy};
    return pem;
}

void detail::use_certificate(SSL_CTX& context, const tls_options& options) {
    if (!options.certificate || !options.key)
        throw std::invalid_argument{"tls: a certificate without a key, or a key without a certificate; give both"};
    const tls_pem& chain = *options.certificate;
    const std::string certificates = chain.load("certificate", certificate_remedy);
    // at_end() looks at the queue, in which others may have left something.
    ERR_clear_error();
    const bio_ptr from = reader_of(certificates);
    const certificate_ptr own = next_certificate(*from);
    if (own == nullptr || SSL_CTX_use_certificate(&context, own.get()) != 1)
        refuse("no usable certificate", chain, certificate_remedy);
    while (certificate_ptr between = next_certificate(*from)) {
        if (SSL_CTX_add0_chain_cert(&context, between.get()) != 1) refuse("a bad chain", chain, certificate_remedy);
        // It is the context's now.
        (void)between.release();
    }
    if (!at_end()) refuse("a bad certificate behind the first", chain, certificate_remedy);

    const std::string secret = options.key->load("key", key_remedy);
    const bio_ptr key_from = reader_of(secret);
    const key_ptr key{PEM_read_bio_PrivateKey(key_from.get(), nullptr, refuse_password, nullptr)};
    if (key == nullptr) refuse("no usable private key", *options.key, key_remedy);
    // It refuses a key that is not the certificate's.
    if (SSL_CTX_use_PrivateKey(&context, key.get()) != 1 || SSL_CTX_check_private_key(&context) != 1)
        refuse("not the certificate's private key", *options.key, key_remedy);
}

void detail::use_trust(SSL_CTX& context, const tls_pem& roots, bool ask_clients_for_them) {
    const std::string pem = roots.load("trust", trust_remedy);
    ERR_clear_error();
    const bio_ptr from = reader_of(pem);
    int count = 0;
    for (; const certificate_ptr root = next_certificate(*from); ++count)
        if (X509_STORE_add_cert(SSL_CTX_get_cert_store(&context), root.get()) != 1 ||
            (ask_clients_for_them && SSL_CTX_add_client_CA(&context, root.get()) != 1))
            refuse("a bad root", roots, trust_remedy);
    // In this order: without any root the end is the reason, and stays in the queue.
    if (count == 0 || !at_end()) refuse("no usable roots", roots, trust_remedy);
}

}  // namespace bifilar
