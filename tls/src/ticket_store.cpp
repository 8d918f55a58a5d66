// Tickets by server.
#include "ticket_store.hpp"

#include <new>

namespace bifilar::detail {

ticket_store::~ticket_store() {
    for (const auto& [server, tickets] : servers_)
        for (SSL_SESSION* const ticket : tickets) SSL_SESSION_free(ticket);
}

void ticket_store::add(const std::string& server, SSL_SESSION* ticket) noexcept try {
    SSL_SESSION* left_out = ticket;
    {
        const std::lock_guard guard{lock_};
        if (servers_.size() >= max_servers && !servers_.contains(server)) {
            for (SSL_SESSION* const old : servers_.begin()->second) SSL_SESSION_free(old);
            servers_.erase(servers_.begin());
        }
        std::vector<SSL_SESSION*>& tickets = servers_[server];
        // May throw, so it comes before the ticket changes hands.
        tickets.reserve(max_per_server);
        left_out = nullptr;
        if (tickets.size() == max_per_server) {
            left_out = tickets.front();
            tickets.erase(tickets.begin());
        }
        tickets.push_back(ticket);
    }
    SSL_SESSION_free(left_out);
} catch (const std::bad_alloc&) {
    SSL_SESSION_free(ticket);  // The next handshake is a long one.
}

SSL_SESSION* ticket_store::take(const std::string& server) noexcept {
    const std::lock_guard guard{lock_};
    const auto at = servers_.find(server);
    if (at == servers_.end() || at->second.empty()) return nullptr;
    SSL_SESSION* const ticket = at->second.back();
    if (SSL_SESSION_get_protocol_version(ticket) >= TLS1_3_VERSION)
        at->second.pop_back();
    else
        SSL_SESSION_up_ref(ticket);
    return ticket;
}

}  // namespace bifilar::detail
