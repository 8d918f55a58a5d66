// X.509 through OpenSSL's own interface, with P-256 keys, where nothing else is wanted, because they are quick to make.
#include "authority.hpp"

#include "catch.hpp"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace tests {
namespace {

std::shared_ptr<EVP_PKEY> new_key(std::size_t rsa_bits = 0) {
    // What the macros EVP_EC_gen and EVP_RSA_gen do.
    EVP_PKEY* const made = rsa_bits != 0 ? EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", rsa_bits)
                                         : EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
    REQUIRE(made != nullptr);
    return {made, EVP_PKEY_free};
}

void extend(X509* certificate, X509* issuer, int what, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* const made = X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str());
    REQUIRE(made != nullptr);
    X509_add_ext(certificate, made, -1);
    X509_EXTENSION_free(made);
}

// Issuer and its key are null for a root.
std::shared_ptr<X509> make(const wanted& what, bool is_authority, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key) {
    static long serial = 0;
    const std::shared_ptr<X509> made{X509_new(), X509_free};
    X509* const raw = made.get();
    X509_set_version(raw, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(raw), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(raw), what.from_s);
    X509_gmtime_adj(X509_getm_notAfter(raw), what.until_s);
    X509_set_pubkey(raw, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(raw), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(what.name.c_str()), -1, -1, 0);
    X509_set_issuer_name(raw, X509_get_subject_name(issuer != nullptr ? issuer : raw));
    X509* const signer = issuer != nullptr ? issuer : raw;
    extend(raw, signer, NID_basic_constraints, is_authority ? "critical,CA:TRUE" : "CA:FALSE");
    extend(raw, signer, NID_subject_key_identifier, "hash");
    if (!is_authority && what.has_alternatives)
        extend(raw, signer, NID_subject_alt_name,
               "DNS:" + what.name + (what.address.empty() ? "" : ",IP:" + what.address));
    REQUIRE(X509_sign(raw, issuer_key != nullptr ? issuer_key : key, EVP_sha256()) > 0);
    return made;
}

template <class Write>
std::string pem_of(Write write) {
    BIO* const text = BIO_new(BIO_s_mem());
    write(text);
    char* begin = nullptr;
    const long bytes = BIO_get_mem_data(text, &begin);
    std::string pem{begin, static_cast<std::size_t>(bytes)};
    BIO_free(text);
    return pem;
}

std::string pem_of_certificate(X509* certificate) {
    return pem_of([&](BIO* to) { PEM_write_bio_X509(to, certificate); });
}

std::string pem_of_key(EVP_PKEY* key) {
    return pem_of([&](BIO* to) { PEM_write_bio_PrivateKey(to, key, nullptr, nullptr, 0, nullptr, nullptr); });
}

wanted named(const std::string& name) {
    wanted what;
    what.name = name;
    return what;
}

}  // namespace

authority::authority(const std::string& name)
    : key_{new_key()},
      certificate_{make(named(name), true, key_.get(), nullptr, nullptr)},
      root_{pem_of_certificate(certificate_.get())} {}

authority::authority(const authority& parent, const std::string& name)
    : key_{new_key()},
      certificate_{make(named(name), true, key_.get(), parent.certificate_.get(), parent.key_.get())},
      root_{parent.root_},
      chain_{pem_of_certificate(certificate_.get()) + parent.chain_} {}

issued authority::issue(const wanted& what) const {
    const auto key = new_key(what.rsa_bits);
    const auto certificate = make(what, false, key.get(), certificate_.get(), key_.get());
    issued made;
    made.certificate = pem_of_certificate(certificate.get()) + chain_;
    made.key = pem_of_key(key.get());
    return made;
}

issued authority::self() const {
    issued made;
    made.certificate = root_;
    made.key = pem_of_key(key_.get());
    return made;
}

}  // namespace tests
