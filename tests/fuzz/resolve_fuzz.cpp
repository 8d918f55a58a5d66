// What a resolver answers without asking anybody: hosts and services as a stranger may write them, against inet_pton
// and inet_aton. A host that the C library would take for an address, and others would not, must not come through.
#include "input.hpp"

#include "resolve/name_lookup.hpp"

#include <bifilar/io/resolve/resolve_error.hpp>
#include <arpa/inet.h>
#include <netinet/in.h>

namespace {

using namespace fuzz;
using bifilar::resolve_errc;

bool all_digits(std::string_view text) { return text.find_first_not_of("0123456789") == std::string_view::npos; }

struct host_kind {
    bool is_v4 = false;
    bool is_v6 = false;
    bool is_old = false;  // The C library takes it for IPv4, RFC 3986 does not.
};

host_kind kind_of(std::string host) {
    unsigned char bytes[16];
    host_kind kind;
    kind.is_v4 = ::inet_pton(AF_INET, host.c_str(), bytes) == 1;
    kind.is_v6 = ::inet_pton(AF_INET6, host.c_str(), bytes) == 1;
    in_addr old{};
    if (host.ends_with('.')) host.pop_back();
    kind.is_old = !kind.is_v4 && ::inet_aton(host.c_str(), &old) != 0;
    return kind;
}

// A service of digits: its port; beyond all ports it is unknown.
bool is_port(const std::string& service, std::uint16_t& port) {
    std::uint64_t value = 0;
    for (const char one : service)
        value = std::min<std::uint64_t>(value * 10 + static_cast<std::uint64_t>(one - '0'), 65'536);
    port = static_cast<std::uint16_t>(value);
    return value <= 65'535;
}

void ask(const std::string& host, const std::string& service, bool takes_old) {
    const auto got = bifilar::detail::look_up_numeric(host, service, takes_old);
    if (host.empty() || host.find('\0') != std::string::npos)
        return require(got && !*got && got->error() == resolve_errc::no_such_host,
                       "a host that is none was not refused");
    if (service.find('\0') != std::string::npos)
        return require(got && !*got && got->error() == resolve_errc::unknown_service,
                       "a service that is none was not refused");
    const host_kind kind = kind_of(host);
    if (kind.is_old && !takes_old)
        return require(got && !*got && got->error() == resolve_errc::old_address,
                       "an old form of an address came through");
    if (!all_digits(service)) return require(!got, "a service with a name was looked up at once");
    std::uint16_t port = 0;
    if (!is_port(service, port))
        return require(got && !*got && got->error() == resolve_errc::unknown_service,
                       "a port beyond all others came through");
    if (kind.is_v4 || kind.is_v6) {
        require(got && *got && (*got)->size() == 1, "an address has no answer at once, or several");
        const bifilar::socket_address& one = (*got)->front();
        require(one.is_ipv4() == kind.is_v4 && one.is_ipv6() == kind.is_v6, "an address became one of another family");
        require(one.port() == port, "an answer has another port");
        return;
    }
    // An interface, or an old form: how many there are is the system's affair.
    if (!got || !*got) return;
    require(!(*got)->empty(), "an answer without an address");
    for (const bifilar::socket_address& one : **got)
        require(one.is_ip() && one.port() == port, "an answer is no address of that port");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
    input in{bytes, count};
    const bool takes_old = in.flag();
    const std::string service{in.text(8)};
    ask(std::string{in.rest()}, service, takes_old);
    return 0;
}
