// A blocking client over plain sockets and OpenSSL; uses nothing of the library.
#include "fetch.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/time.h>

#include <array>
#include <chrono>
#include <harness/run.hpp>
#include <harness/server_address.hpp>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <thread>

namespace bifilar::experiments {

namespace {

using namespace std::chrono_literals;

class connection {
public:
    explicit connection(int descriptor) : descriptor_{descriptor} {
        const timeval limit{10, 0};
        ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    }
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;
    ~connection() {
        SSL_free(ssl_);
        ::close(descriptor_);
    }

    void encrypt() {
        context_.reset(SSL_CTX_new(TLS_client_method()));
        ssl_ = context_ != nullptr ? SSL_new(context_.get()) : nullptr;
        if (ssl_ == nullptr || SSL_set_fd(ssl_, descriptor_) != 1 || SSL_connect(ssl_) != 1)
            throw std::runtime_error{"the check of a server's answer met no handshake of TLS"};
        const std::string agreed = std::string{SSL_get_version(ssl_)} + " " + SSL_get_cipher_name(ssl_);
        if (agreed != "TLSv1.3 TLS_AES_128_GCM_SHA256") throw wrong_answer{"the server agreed on " + agreed};
    }
    [[nodiscard]] bool may_resume() const noexcept {
        return ssl_ != nullptr && SSL_SESSION_is_resumable(SSL_get0_session(ssl_)) == 1;
    }
    void send(std::string_view text) {
        const bool sent = ssl_ != nullptr
                              ? SSL_write(ssl_, text.data(), static_cast<int>(text.size())) > 0
                              : ::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL) == std::ssize(text);
        if (!sent) throw std::runtime_error{"the check of a server's answer could not send its request"};
    }
    /// Adds what comes; false when nothing more does.
    [[nodiscard]] bool receive(std::string& into) {
        std::array<char, 16 * 1024> part;
        const auto room = static_cast<int>(part.size());
        const auto got = ssl_ != nullptr ? SSL_read(ssl_, part.data(), room)
                                         : static_cast<int>(::recv(descriptor_, part.data(), part.size(), 0));
        if (got > 0) into.append(part.data(), static_cast<std::size_t>(got));
        return got > 0;
    }

private:
    struct context_end {
        void operator()(SSL_CTX* one) const noexcept { SSL_CTX_free(one); }
    };
    int descriptor_;
    std::unique_ptr<SSL_CTX, context_end> context_;
    SSL* ssl_ = nullptr;
};

// Some say that they listen before they do.
int connect_in_time(const std::string& address) {
    const server_address server = parse_address("the server's address", address);
    for (int left = 500;; --left) {
        try {
            return connect_to(server);
        } catch (const std::exception&) {
            if (left == 0) throw std::runtime_error{"nobody listens at " + address};
            std::this_thread::sleep_for(10ms);
        }
    }
}

}  // namespace

void check_answer(const std::string& address, const std::string& path, bool encrypted, const std::string& wanted) {
    connection one{connect_in_time(address)};
    if (encrypted) one.encrypt();
    one.send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    std::string answer;
    std::size_t body = std::string::npos;
    while (body == std::string::npos || answer.size() < body + wanted.size()) {
        if (!one.receive(answer))
            throw wrong_answer{"the answer ends after " + std::to_string(answer.size()) + " bytes"};
        if (body != std::string::npos) continue;
        body = answer.find("\r\n\r\n");
        if (body != std::string::npos) body += 4;
    }
    const std::string_view head = std::string_view{answer}.substr(0, body);
    if (!head.starts_with("HTTP/1.1 200 ")) throw wrong_answer{"the answer begins with " + answer.substr(0, 40)};
    if (!head.contains("Content-Length: " + std::to_string(wanted.size()) + "\r\n"))
        throw wrong_answer{"the answer does not state a length of " + std::to_string(wanted.size()) + " bytes"};
    if (std::string_view{answer}.substr(body) != wanted) throw wrong_answer{"the answer's body is not what is served"};
    if (one.may_resume()) throw wrong_answer{"the server gave a ticket, with which later handshakes are shorter"};
}

}  // namespace bifilar::experiments
