// Tickets by host.
#include "ticket_store.hpp"

#include <new>

namespace bifilar::detail {

ticket_store::~ticket_store() {
    for (const auto& [host, tickets] : hosts_)
        for (SSL_SESSION* const ticket : tickets) SSL_SESSION_free(ticket);
}

void ticket_store::add(const std::string& host, SSL_SESSION* ticket) noexcept try {
    SSL_SESSION* left_out = ticket;
    {
        const std::lock_guard guard{lock_};
        if (hosts_.size() >= most_hosts && !hosts_.contains(host)) {
            for (SSL_SESSION* const old : hosts_.begin()->second) SSL_SESSION_free(old);
            hosts_.erase(hosts_.begin());
        }
        std::vector<SSL_SESSION*>& tickets = hosts_[host];
        tickets.reserve(most_per_host);
        left_out = nullptr;
        if (tickets.size() == most_per_host) {
            left_out = tickets.front();
            tickets.erase(tickets.begin());
        }
        tickets.push_back(ticket);
    }
    SSL_SESSION_free(left_out);
} catch (const std::bad_alloc&) {
    SSL_SESSION_free(ticket);  // The next handshake is a long one.
}

SSL_SESSION* ticket_store::take(const std::string& host) noexcept {
    const std::lock_guard guard{lock_};
    const auto at = hosts_.find(host);
    if (at == hosts_.end() || at->second.empty()) return nullptr;
    SSL_SESSION* const ticket = at->second.back();
    if (SSL_SESSION_get_protocol_version(ticket) >= TLS1_3_VERSION)
        at->second.pop_back();
    else
        SSL_SESSION_up_ref(ticket);
    return ticket;
}

}  // namespace bifilar::detail
