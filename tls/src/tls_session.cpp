// The engine over OpenSSL. Its BIO copies from one buffer of the session and into the other.
#include <bifilar/tls/detail/tls_session.hpp>

#include "tls_bio.hpp"
#include "tls_failure.hpp"
#include "tls_settings.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <new>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdexcept>

namespace bifilar::detail {
namespace {

constexpr std::size_t max_per_record = 16 * 1024;
// What a record, and a message of ours that goes out with it, add to the plaintext; OpenSSL names 320 for a record.
constexpr std::size_t overhead = 512;

// Which address the text is, as inet_pton sees it.
bool is_address(const std::string& host) noexcept {
    unsigned char bytes[16];
    return ::inet_pton(AF_INET, host.c_str(), bytes) == 1 || ::inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

// Without the dot that tells a resolver that nothing is left out: neither SNI (RFC 6066) nor certificates have it.
// Behind an address, or another dot, or alone, it is none of a name's.
std::string without_root_dot(std::string host) {
    if (!host.ends_with('.')) return host;
    std::string name = host.substr(0, host.size() - 1);
    return name.empty() || name.ends_with('.') || is_address(name) ? host : name;
}

}  // namespace

tls_session::tls_session(const tls_context& context, tls_side side, std::string host, std::uint16_t port)
    : context_{context},
      host_{without_root_dot(std::move(host))},
      server_{host_ + ':' + std::to_string(port)},
      capacity_{context.settings_->buffer_bytes()} {
    if (context_.settings_->is_client() != (side == tls_side::client))
        throw std::invalid_argument{side == tls_side::client
                                        ? "tls_connect was given a server's context; make one by tls_context::client"
                                        : "tls_accept was given a client's context; make one by tls_context::server"};
    in_.bytes = std::make_unique_for_overwrite<std::byte[]>(capacity_);
    out_.bytes = std::make_unique_for_overwrite<std::byte[]>(capacity_);
    ERR_clear_error();
    ssl_ = SSL_new(context_.settings_->context());
    BIO* const bio = ssl_ != nullptr ? tls_transport_bio::make(*this) : nullptr;
    if (bio == nullptr) {
        SSL_free(ssl_);
        ERR_clear_error();
        throw std::bad_alloc{};
    }
    // The one reference goes to the SSL object, for both directions.
    SSL_set_bio(ssl_, bio, bio);
    SSL_set_app_data(ssl_, this);
    if (side == tls_side::client)
        prepare_client();
    else
        SSL_set_accept_state(ssl_);
}

tls_session::~tls_session() {
    // Otherwise OpenSSL takes a connection that ends without close_notify both ways as a reason to spoil its ticket.
    if (!error_) SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(ssl_);
}

void tls_session::prepare_client() {
    SSL_set_connect_state(ssl_);
    const tls_settings& settings = *context_.settings_;
    const bool verifies = settings.verifies_host() && SSL_get_verify_mode(ssl_) != SSL_VERIFY_NONE;
    const bool numeric = is_address(host_);
    if (host_.find('\0') != std::string::npos || host_.ends_with('.') || (verifies && host_.empty()) ||
        host_.size() > TLSEXT_MAXLEN_host_name) {
        error_ = std::make_error_code(std::errc::invalid_argument);
        return;
    }
    bool taken = true;
    if (numeric && verifies) taken = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), host_.c_str()) == 1;
    if (!numeric && !host_.empty()) {
        // A common name is free text: only a subject alternative name says for which host a certificate is.
        SSL_set_hostflags(ssl_, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
        // What the macro SSL_set_tlsext_host_name does.
        taken = SSL_ctrl(ssl_, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                         const_cast<char*>(host_.c_str())) == 1 &&
                (!verifies || SSL_set1_host(ssl_, host_.c_str()) == 1);
    }
    ERR_clear_error();
    if (!taken) {
        // A good name is refused for want of memory alone, of which the queue may say nothing.
        error_ = std::make_error_code(std::errc::not_enough_memory);
        return;
    }
    SSL_SESSION* const ticket = settings.tickets().take(server_);
    if (ticket == nullptr) return;
    (void)SSL_set_session(ssl_, ticket);  // At worst the handshake is a long one.
    SSL_SESSION_free(ticket);
    ERR_clear_error();
}

tls_step tls_session::classify(int result) noexcept {
    if (result > 0) return tls_step::done;
    switch (SSL_get_error(ssl_, result)) {
        case SSL_ERROR_WANT_READ:
            return tls_step::receive;
        case SSL_ERROR_WANT_WRITE:
            return tls_step::send;
        case SSL_ERROR_ZERO_RETURN:
            return tls_step::ended;
        default:
            error_ = collect_failure(ssl_);
            return tls_step::failed;
    }
}

[[gnu::noinline]] tls_step tls_session::handshake() noexcept {
    const std::lock_guard guard{lock_};
    if (error_) return tls_step::failed;
    // SSL_get_error looks at the thread's whole queue of errors, so each call begins with an empty one.
    ERR_clear_error();
    const tls_step step = classify(SSL_do_handshake(ssl_));
    // A server of TLS 1.3 has said all that the client waits for; what is left are tickets.
    if (step == tls_step::done && SSL_is_server(ssl_) != 0 && SSL_version(ssl_) == TLS1_3_VERSION)
        has_answers_ = out_.end != 0;
    if (step != tls_step::ended) return step;
    // The peer has said goodbye before there was a connection.
    error_ = std::make_error_code(std::errc::connection_aborted);
    return tls_step::failed;
}

[[gnu::noinline]] tls_step tls_session::read(std::span<std::byte> into, std::size_t& count) noexcept {
    const std::lock_guard guard{lock_};
    if (error_) return tls_step::failed;
    ERR_clear_error();
    const std::size_t before = out_.end;
    const int result = SSL_read_ex(ssl_, into.data(), into.size(), &count);
    if (out_.end != before) has_answers_ = true;
    return classify(result);
}

tls_step tls_session::finish_messages() noexcept {
    // Messages of the handshake that had no room go before any data.
    if (SSL_in_init(ssl_) == 0) return tls_step::done;
    return classify(SSL_do_handshake(ssl_));
}

[[gnu::noinline]] tls_step tls_session::write(std::span<const std::byte> from, std::size_t& count) noexcept {
    const std::lock_guard guard{lock_};
    if (error_) return tls_step::failed;
    if (out_ended_) return tls_step::ended;
    ERR_clear_error();
    const tls_step messages = finish_messages();
    if (messages != tls_step::done) return messages;
    // OpenSSL gets no more than what fits, so that it never keeps a part of a record, which it would want to be written
    // again with the same bytes.
    const std::size_t room = capacity_ - out_.end;
    if (room <= overhead) return tls_step::send;
    const std::size_t bytes = std::min({from.size(), max_per_record, room - overhead});
    return classify(SSL_write_ex(ssl_, from.data(), bytes, &count));
}

[[gnu::noinline]] tls_step tls_session::shutdown() noexcept {
    const std::lock_guard guard{lock_};
    if (error_) return tls_step::failed;
    if (out_ended_) return tls_step::done;
    ERR_clear_error();
    const tls_step messages = finish_messages();
    if (messages != tls_step::done) return messages;
    if (capacity_ - out_.end <= overhead) return tls_step::send;
    // 0: sent, the peer's has not come yet.
    const int result = SSL_shutdown(ssl_);
    if (result < 0) return classify(result);
    out_ended_ = true;
    return tls_step::done;
}

std::span<std::byte> tls_session::receive_room() noexcept {
    const std::lock_guard guard{lock_};
    // OpenSSL wants more only after it has taken all.
    if (in_.begin == in_.end) in_.begin = in_.end = 0;
    return {in_.bytes.get() + in_.end, capacity_ - in_.end};
}

void tls_session::received(std::size_t bytes) noexcept {
    const std::lock_guard guard{lock_};
    in_.end += bytes;
}

void tls_session::received_end() noexcept {
    const std::lock_guard guard{lock_};
    in_ended_ = true;
}

std::span<const std::byte> tls_session::to_send() noexcept {
    const std::lock_guard guard{lock_};
    return {out_.bytes.get() + out_.begin, out_.end - out_.begin};
}

void tls_session::sent(std::size_t bytes) noexcept {
    const std::lock_guard guard{lock_};
    out_.begin += bytes;
    if (out_.begin != out_.end) return;
    // All is sent: the whole buffer is free again, and nothing has to be moved.
    out_.begin = out_.end = 0;
    has_answers_ = false;
}

bool tls_session::has_answers() noexcept {
    const std::lock_guard guard{lock_};
    return has_answers_;
}

std::error_code tls_session::error() noexcept {
    const std::lock_guard guard{lock_};
    return error_ ? error_ : std::make_error_code(std::errc::protocol_error);
}

void tls_session::keep_ticket(ssl_session_st* ticket) const noexcept {
    context_.settings_->tickets().add(server_, ticket);
}

std::string tls_session::alpn() {
    const std::lock_guard guard{lock_};
    const unsigned char* name = nullptr;
    unsigned bytes = 0;
    SSL_get0_alpn_selected(ssl_, &name, &bytes);
    return {reinterpret_cast<const char*>(name), bytes};
}

std::string tls_session::server_name() {
    const std::lock_guard guard{lock_};
    const char* const name = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
    return name != nullptr ? name : "";
}

std::string tls_session::peer_subject() {
    const std::lock_guard guard{lock_};
    const X509* const certificate = SSL_get0_peer_certificate(ssl_);
    if (certificate == nullptr) return {};
    const std::unique_ptr<BIO, decltype(&BIO_free)> text{BIO_new(BIO_s_mem()), &BIO_free};
    if (text == nullptr) throw std::bad_alloc{};
    X509_NAME_print_ex(text.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
    char* begin = nullptr;
    const long bytes = BIO_get_mem_data(text.get(), &begin);
    return {begin, static_cast<std::size_t>(bytes)};
}

std::string tls_session::version() {
    const std::lock_guard guard{lock_};
    return SSL_get_version(ssl_);
}

std::string tls_session::cipher() {
    const std::lock_guard guard{lock_};
    return SSL_get_cipher_name(ssl_);
}

bool tls_session::resumed() {
    const std::lock_guard guard{lock_};
    return SSL_session_reused(ssl_) == 1;
}

}  // namespace bifilar::detail
