// What the options of a listener come to: both families or one, and how many connections wait to be accepted.
#include <bifilar/drivers/contract/owned_descriptor.hpp>
#include "io/names.hpp"
#include "io/ports.hpp"
#include "one_worker.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <future>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <sched.h>
#include <string>
#include <sys/ioctl.h>
#include <vector>

namespace bf = bifilar;
using namespace std::chrono_literals;

namespace {

bool has_ipv6() {
    if (bf::tcp_listener::bind("[::1]:0")) return true;
    WARN("skipped: this machine has no IPv6");
    return false;
}

std::string port_of(const bf::tcp_listener& listener) {
    const std::string address = listener.local_address().value().to_string();
    return address.substr(address.rfind(':'));
}

/// The peer of the connection that the listener gets when one is made to that address.
std::string peer_seen(bf::tcp_listener& listener, const std::string& to) {
    auto near = bf::await(bf::tcp_stream::connect(to));
    REQUIRE(near.has_value());
    auto far = bf::await(bf::timeout(listener.accept(), 10s));
    REQUIRE((far.has_value() && far->has_value()));
    return (*far)->peer_address().value().to_string();
}

/// Of a listener: how many connections may wait, and how many do.
struct accept_queue {
    std::uint32_t most;
    std::uint32_t waiting;
};
accept_queue queue_of(const bf::tcp_listener& listener) {
    tcp_info info{};
    socklen_t bytes = sizeof info;
    REQUIRE(::getsockopt(listener.descriptor(), IPPROTO_TCP, TCP_INFO, &info, &bytes) == 0);
    return {info.tcpi_sacked, info.tcpi_unacked};  // Where the kernel puts them.
}

/// From now on the calling thread's sockets belong to a network of their own, with 127.0.0.1 alone, in which a connect
/// is given up after one repetition. False: not allowed.
bool enter_impatient_network() {
    if (::unshare(CLONE_NEWNET) != 0) return false;
    const bf::owned_descriptor any{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    ifreq loopback{};
    loopback.ifr_name[0] = 'l';
    loopback.ifr_name[1] = 'o';
    loopback.ifr_flags = IFF_UP;
    if (::ioctl(any.get(), SIOCSIFFLAGS, &loopback) != 0) return false;
    std::ofstream retries{"/proc/sys/net/ipv4/tcp_syn_retries"};
    retries << 1 << std::flush;
    return retries.good();
}

}  // namespace

TEST_CASE("a_listener_at_any_ipv6_address_takes_both_families") {
    if (!has_ipv6()) return;
    tests::on_one_worker([](bf::backend) {
        auto listener = bf::tcp_listener::bind("[::]:0").value();
        CHECK(peer_seen(listener, "127.0.0.1" + port_of(listener)).starts_with("[::ffff:127.0.0.1]:"));
        CHECK(peer_seen(listener, "[::1]" + port_of(listener)).starts_with("[::1]:"));
        CHECK(bf::tcp_listener::bind("0.0.0.0" + port_of(listener)).error() == std::errc::address_in_use);
    });
}

TEST_CASE("a_listener_with_only_ipv6_leaves_the_other_family_to_another") {
    if (!has_ipv6()) return;
    tests::on_one_worker([](bf::backend) {
        bf::listen_options options;
        options.only_ipv6 = true;
        std::optional<bf::tcp_listener> v6;
        std::optional<bf::tcp_listener> v4;
        // The kernel chooses a port of one family, which another process may have in the other one.
        for (int attempt = 0; attempt < 50 && !v4; ++attempt) {
            v6 = bf::tcp_listener::bind("[::]:0", options).value();
            auto beside = bf::tcp_listener::bind("0.0.0.0" + port_of(*v6));
            if (beside) v4 = std::move(*beside);
        }
        REQUIRE(v4.has_value());
        CHECK(peer_seen(*v4, "127.0.0.1" + port_of(*v4)).starts_with("127.0.0.1:"));
        CHECK(peer_seen(*v6, "[::1]" + port_of(*v6)).starts_with("[::1]:"));
    });
}

TEST_CASE("no_more_connections_wait_than_the_backlog_says") {
    tests::on_one_worker([](bf::backend) {
        std::uint32_t system_most = 0;
        std::ifstream{"/proc/sys/net/core/somaxconn"} >> system_most;
        auto usual = bf::tcp_listener::bind("127.0.0.1:0").value();
        CHECK(queue_of(usual).most == std::min<std::uint32_t>(4096, system_most));
        bf::listen_options options;
        options.backlog = 2;
        auto listener = bf::tcp_listener::bind("127.0.0.1:0", options).value();
        CHECK(queue_of(listener).most == 2);
        const auto to = listener.local_address().value();
        std::vector<bf::tcp_stream> waiting;
        for (int n = 0; n < 3; ++n) waiting.push_back(bf::await(bf::tcp_stream::connect(to)).value());  // One more.
        tests::wait_until([&] { return queue_of(listener).waiting == 3; });
        const auto late = bf::await(bf::timeout(bf::tcp_stream::connect(to), 20ms));
        CHECK_FALSE(late.has_value());
        CHECK(bf::await(listener.accept()).has_value());
        CHECK(bf::await(bf::tcp_stream::connect(to)).has_value());
    });
}

TEST_CASE("a_connect_to_a_full_backlog_ends_with_the_systems_timeout") {
    auto connecting = std::async(std::launch::async, []() -> std::optional<std::error_code> {
        if (!enter_impatient_network()) return std::nullopt;
        const tests::full_port full;
        const auto made = bf::block_on(bf::tcp_stream::connect(full.address()));
        return made ? std::error_code{} : made.error();
    });
    const std::optional<std::error_code> error = connecting.get();
    if (error)
        CHECK(*error == std::errc::timed_out);
    else
        WARN("skipped: it needs the right to make a network (CAP_SYS_ADMIN)");
}
