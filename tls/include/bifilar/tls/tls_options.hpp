// What a TLS context is made from.
#pragma once

#include <bifilar/base/detail/language.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace bifilar {

enum class tls_version : std::uint8_t { tls12, tls13 };

/// What the peer's certificate has to be.
enum class tls_verify : std::uint8_t {
    none,      ///< Not asked for. A client accepts any, which gives no protection against somebody in between.
    if_given,  ///< A peer without one is accepted, one with a bad one is not. For a client the same as required.
    required,
};

/// PEM text: in a file, which is read once, when the context is made, or in memory.
class tls_pem {
public:
    /// The path of a PEM file, which is read when the context is made.
    [[nodiscard]] static tls_pem file(std::string path) { return tls_pem{true, std::move(path)}; }
    /// PEM text itself.
    [[nodiscard]] static tls_pem text(std::string pem) { return tls_pem{false, std::move(pem)}; }

    /// The PEM text. `what` and `remedy` are for the message of the exception.
    /// Throws: std::invalid_argument for a file that cannot be read.
    /// Blocks: while it reads.
    [[nodiscard]] std::string load(const std::string& what, const std::string& remedy) const;
    /// "'path'" or "the text", for messages.
    [[nodiscard]] std::string name() const;

private:
    tls_pem(bool is_file, std::string value) : value_{std::move(value)}, is_file_{is_file} {}

    std::string value_;
    bool is_file_;
};

class tls_context;

struct tls_options {
    /// Not an aggregate: GCC 12 destroys such temporaries twice in a co_await expression.
    tls_options() = default;

    /// Older ones are refused.
    tls_version min_version = tls_version::tls12;
    /// Newer ones are not offered.
    tls_version max_version = tls_version::tls13;
    /// The own certificate, followed by those between it and the root. Servers need one.
    std::optional<tls_pem> certificate;
    /// The certificate's private key, not encrypted.
    std::optional<tls_pem> key;
    /// Roots that are trusted. A client without any trusts the system's. A server that asks for certificates, by
    /// `verify`, must have some: the roots that sign its clients' certificates, whose names it sends along.
    std::vector<tls_pem> trust;
    /// Empty: required for clients, none for servers.
    std::optional<tls_verify> verify;
    /// Clients: the certificate must be for the host that tls_connect was given, by a subject alternative name; its
    /// common name does not count.
    bool verify_host = true;
    /// Application protocols, best first ("h2", "http/1.1"). The server's order decides. A client that offers some of
    /// which the server has none is refused; a client that offers none is not.
    std::vector<std::string> alpn;
    /// Servers: contexts whose certificate is shown to clients that ask for the name ("example.org", or
    /// "*.example.org" for exactly one more label). All else comes from this context, and the certificate for others.
    std::vector<std::pair<std::string, tls_context>> names;
    /// Later connections to the same host and port, by the same context, are shorter. Clients keep up to 4 tickets a
    /// port for 256 of them.
    bool resume_sessions = true;
    /// OpenSSL's list of ciphers for TLS 1.2; empty: those of ECDHE with AES-GCM or ChaCha20-Poly1305, which have
    /// forward secrecy. One that is given is taken as it is.
    std::string ciphers;
    /// OpenSSL's list of suites for TLS 1.3; empty: OpenSSL's own choice.
    std::string cipher_suites;
    /// Each of the two buffers for what is on its way, per connection; at least 2,048. Smaller ones save memory and
    /// cost system calls.
    std::size_t buffer_bytes = std::size_t{17} * 1024;
};

}  // namespace bifilar
