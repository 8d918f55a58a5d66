// Random letters of a fixed seed, which a configuration may quote; the certificate by OpenSSL 3.
#include "folder.hpp"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <random>
#include <stdexcept>

namespace bifilar::experiments {

namespace {

template <auto Free>
struct freeing {
    template <class T>
    void operator()(T* one) const noexcept {
        (void)Free(one);
    }
};
using key_owner = std::unique_ptr<EVP_PKEY, freeing<&EVP_PKEY_free>>;
using certificate_owner = std::unique_ptr<X509, freeing<&X509_free>>;
using file_owner = std::unique_ptr<std::FILE, freeing<&std::fclose>>;

void require(bool good, const char* what) {
    if (!good) throw std::runtime_error{std::string{what} + " could not be made for the servers of TLS"};
}

certificate_owner signed_by(EVP_PKEY* key) {
    certificate_owner made{X509_new()};
    require(made != nullptr, "a certificate");
    X509* const one = made.get();
    constexpr long day = 24L * 60 * 60;
    X509_NAME* const name = X509_get_subject_name(one);
    const auto* const host = reinterpret_cast<const unsigned char*>("localhost");
    require(X509_set_version(one, 2) == 1 && ASN1_INTEGER_set(X509_get_serialNumber(one), 1) == 1 &&
                X509_gmtime_adj(X509_getm_notBefore(one), -day) != nullptr &&
                X509_gmtime_adj(X509_getm_notAfter(one), 30 * day) != nullptr &&
                X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, host, -1, -1, 0) == 1 &&
                X509_set_issuer_name(one, name) == 1 && X509_set_pubkey(one, key) == 1 &&
                X509_sign(one, key, EVP_sha256()) > 0,
            "a certificate");
    return made;
}

}  // namespace

served_folder::served_folder() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / ("bifilar-transfers-" + std::string(6, 'X'))).string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error{"no folder could be made like " + pattern};
    path_ = pattern;
    std::filesystem::create_directory(root());
    const key_owner pair{EVP_EC_gen("P-256")};
    require(pair != nullptr, "a key");
    const certificate_owner shown = signed_by(pair.get());
    const file_owner key_file{std::fopen(key().c_str(), "w")};
    const file_owner certificate_file{std::fopen(certificate().c_str(), "w")};
    require(key_file != nullptr && certificate_file != nullptr &&
                PEM_write_PrivateKey(key_file.get(), pair.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1 &&
                PEM_write_X509(certificate_file.get(), shown.get()) == 1,
            "the files of a certificate and its key");
}

served_folder::~served_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

void served_folder::add(std::size_t bytes) {
    std::mt19937 random{20261126};
    std::string content(bytes, '\0');
    for (char& one : content) one = static_cast<char>('a' + random() % 26);
    std::ofstream{file(bytes), std::ios::binary} << content;
    if (std::filesystem::file_size(file(bytes)) != bytes) throw std::runtime_error{file(bytes) + " cannot be written"};
}

}  // namespace bifilar::experiments
