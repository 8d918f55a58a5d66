// A client's tickets: what makes the next handshake with the same server, a host and a port, shorter.
#pragma once

#include <mutex>
#include <openssl/ssl.h>
#include <string>
#include <unordered_map>
#include <vector>

namespace bifilar::detail {

/// Any thread. A few tickets a server and a bounded number of servers; when it is full, some server loses its own.
class ticket_store {
public:
    ticket_store() = default;
    ticket_store(const ticket_store&) = delete;
    ticket_store& operator=(const ticket_store&) = delete;
    ~ticket_store();

    /// Takes the ticket over, or frees it.
    void add(const std::string& server, SSL_SESSION* ticket) noexcept;
    /// The newest ticket, for the caller to free; null: there is none. Those of TLS 1.3 are used once, so that nobody
    /// who listens can tell that two connections are the same client's.
    [[nodiscard]] SSL_SESSION* take(const std::string& server) noexcept;

private:
    static constexpr std::size_t max_servers = 256;
    static constexpr std::size_t max_per_server = 4;

    std::mutex lock_;  // Guards the map; held for a look-up or an insertion.
    std::unordered_map<std::string, std::vector<SSL_SESSION*>> servers_;
};

}  // namespace bifilar::detail
