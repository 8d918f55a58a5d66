// OpenSSL's client without a socket: its flights as bytes, to be changed on their way, and a certificate for the
// server.
#pragma once

#include <memory>
#include <openssl/ssl.h>
#include <string>
#include <string_view>
#include <vector>

namespace attack {

/// What a client offers.
struct offer {
    int newest = TLS1_3_VERSION;
    const char* host = nullptr;     ///< SNI; null: none.
    bool has_protocols = false;     ///< ALPN.
    const char* groups = nullptr;   ///< Key shares; null: OpenSSL's choice.
    const char* ciphers = nullptr;  ///< Of TLS 1.2.
};

/// One thread's. It verifies nobody.
class tls_client {
public:
    explicit tls_client(const offer& what);

    /// Goes on with the handshake. What it has to say is in take().
    void step() { (void)SSL_do_handshake(ssl_.get()); }
    [[nodiscard]] bool is_agreed() const { return SSL_is_init_finished(ssl_.get()) == 1; }
    /// What the server says.
    void feed(std::string_view bytes);
    /// What is to be sent.
    [[nodiscard]] std::string take();
    void write(std::string_view text) { (void)SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())); }
    /// What can be read; empty: nothing yet.
    [[nodiscard]] std::string read();
    /// Whether what was fed holds text or an alert, and not tickets alone. The alert that a flight is cut off is none.
    [[nodiscard]] bool hears();

private:
    std::unique_ptr<SSL, decltype(&SSL_free)> ssl_{nullptr, &SSL_free};
    BIO* in_ = nullptr;   // The session's.
    BIO* out_ = nullptr;  // The session's.
};

/// First flights of clients of many kinds, each one record.
[[nodiscard]] std::vector<std::string> hellos();

/// A folder with server.pem and key.pem in it, which goes with this object.
class certificate_folder {
public:
    certificate_folder();
    certificate_folder(const certificate_folder&) = delete;
    certificate_folder& operator=(const certificate_folder&) = delete;
    ~certificate_folder();

    [[nodiscard]] std::string certificate() const { return path_ + "/server.pem"; }
    [[nodiscard]] std::string key() const { return path_ + "/key.pem"; }

private:
    std::string path_;
};

}  // namespace attack
