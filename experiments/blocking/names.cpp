// "localhost" looked up, one lookup after the other: by getaddrinfo on the resolver's own threads, and out of the
// resolver's memory. The answer is in /etc/hosts, so nothing of it is the network.
#include <netdb.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "rows.hpp"

namespace bifilar::experiments {

namespace {

constexpr const char* host = "localhost";
constexpr const char* service = "80";

std::uint64_t all_are_here(const lookup_result& found) {
    const auto is_here = [](const socket_address& one) {
        const socket_address here =
            one.is_ipv4() ? socket_address::loopback_ipv4(80) : socket_address::loopback_ipv6(80);
        return one == here;
    };
    return found && !found->empty() && std::ranges::all_of(*found, is_here) ? 1 : 0;
}

sample look_up_by_ours(backend model, driver_kind driver, std::uint64_t count, std::chrono::nanoseconds kept) {
    resolver names{resolver_options{.time_to_live = kept}};
    auto step = [&](std::uint64_t) { return map(names.resolve(host, service), all_are_here); };
    return one_by_one(model, driver, count, step);
}

struct list_freer {
    void operator()(addrinfo* list) const noexcept { freeaddrinfo(list); }
};

sample look_up_in_a_loop(std::uint64_t count) {
    return direct(count, [](std::uint64_t) -> std::uint64_t {
        addrinfo hints{};
        hints.ai_socktype = SOCK_STREAM;
        addrinfo* first = nullptr;
        if (getaddrinfo(host, service, &hints, &first) != 0) return 0;
        const std::unique_ptr<addrinfo, list_freer> list{first};
        for (const addrinfo* at = first; at != nullptr; at = at->ai_next) {
            const auto one = socket_address::copy_of(at->ai_addr, at->ai_addrlen);
            if (!one || all_are_here(std::vector{*one}) == 0) return 0;
        }
        return 1;
    });
}

workload lookups(const char* id, const char* title, std::uint64_t count) {
    return {id, title, "ns per lookup", 1, count, {}};
}

void add_asked(experiment& all) {
    constexpr std::uint64_t count = 5'000;
    workload work = lookups("lookup", "localhost, asked of getaddrinfo each time", count);
    add_ours(work, [](backend model, driver_kind driver) {
        return look_up_by_ours(model, driver, count, std::chrono::nanoseconds{0});
    });
    work.contenders.push_back({"getaddrinfo in a loop", [] { return look_up_in_a_loop(count); }});
    const std::string times = std::to_string(count);
    add_peers(all, work,
              {done_by("getaddrinfo", go({"lookup", "getaddrinfo", times})), tokio({"lookup", times}),
               libuv({"lookup", times})});
    all.add(std::move(work));
}

void add_cached(experiment& all) {
    constexpr std::uint64_t count = 50'000;
    workload work = lookups("lookup_cached", "localhost, as it was kept", count);
    add_ours(work, [](backend model, driver_kind driver) {
        return look_up_by_ours(model, driver, count, std::chrono::hours{1});
    });
    add_peers(all, work, {go({"lookup", "go", std::to_string(count)})});
    all.add(std::move(work));
}

}  // namespace

void add_names(experiment& all) {
    add_asked(all);
    add_cached(all);
}

}  // namespace bifilar::experiments
