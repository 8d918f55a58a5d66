// Peers that are gone without a word: how a connection finds out, and what it answers then.
// The peer is a socket of this process with a filter that drops every packet: it takes and acknowledges nothing.
#include "both/in_each_model.hpp"
#include "io/stream_pair.hpp"
#include <bifilar/io/net/detail/socket_option.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <vector>

namespace bf = bifilar;
using namespace std::chrono_literals;

namespace {

// Drops all that the peer would get. False where filters are not for everybody.
bool fall_silent(int peer) {
    sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
    const sock_fprog program{1, &drop};
    const int set = ::setsockopt(peer, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
    REQUIRE((set == 0 || errno == EPERM));
    return set == 0;
}

bool peers_can_fall_silent() {
    const bf::owned_descriptor any{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (fall_silent(any.get())) return true;
    WARN("skipped: it needs the right to filter what sockets receive");
    return false;
}

tests::stream_pair with_silent_peer(bf::runtime& rt) {
    tests::stream_pair pair = rt.run(tests::tcp_pair);
    REQUIRE(fall_silent(pair.far.descriptor()));
    return pair;
}

int option_of(const bf::tcp_stream& stream, int level, int name) {
    return bf::detail::socket_option(stream.descriptor(), level, name).value();
}

}  // namespace

TEST_CASE("keepalive_and_user_timeout_come_to_the_kernel") {
    bf::runtime rt{both::small_runtime(1)};
    tests::stream_pair pair = rt.run(tests::tcp_pair);
    bf::tcp_stream& stream = pair.near;
    CHECK(option_of(stream, SOL_SOCKET, SO_KEEPALIVE) == 0);
    for (const int probes : {0, -1, 128})
        CHECK(stream.set_keepalive(1s, 1s, probes).error() == std::errc::invalid_argument);
    CHECK(option_of(stream, SOL_SOCKET, SO_KEEPALIVE) == 0);
    CHECK(stream.set_keepalive(1'500ms, 3s, 5).has_value());
    CHECK(option_of(stream, SOL_SOCKET, SO_KEEPALIVE) == 1);
    CHECK(option_of(stream, IPPROTO_TCP, TCP_KEEPIDLE) == 2);
    CHECK(option_of(stream, IPPROTO_TCP, TCP_KEEPINTVL) == 3);
    CHECK(option_of(stream, IPPROTO_TCP, TCP_KEEPCNT) == 5);
    CHECK(stream.set_keepalive(0ns, 1ns, 127).has_value());
    CHECK(option_of(stream, IPPROTO_TCP, TCP_KEEPIDLE) == 1);
    CHECK(option_of(stream, IPPROTO_TCP, TCP_KEEPINTVL) == 1);
    CHECK(stream.set_keepalive(240h, 240h, 1).has_value());  // What the kernel takes at most.
    CHECK(option_of(stream, IPPROTO_TCP, TCP_KEEPIDLE) == 32'767);
    CHECK(option_of(stream, IPPROTO_TCP, TCP_KEEPINTVL) == 32'767);
    CHECK(stream.set_user_timeout(1'234ms).has_value());
    CHECK(option_of(stream, IPPROTO_TCP, TCP_USER_TIMEOUT) == 1'234);
    for (const auto none : {0ms, -1ms}) {
        CHECK(stream.set_user_timeout(none).has_value());
        CHECK(option_of(stream, IPPROTO_TCP, TCP_USER_TIMEOUT) == 0);
    }
}

TEST_CASE("a_read_fails_once_the_peer_has_left_bytes_unanswered_for_the_user_timeout") {
    if (!peers_can_fall_silent()) return;
    both::in_each_model([](both::model m, bf::runtime& rt) {
        tests::stream_pair pair = with_silent_peer(rt);
        REQUIRE(pair.near.set_user_timeout(100ms).has_value());
        std::array<std::byte, 8> buffer{};
        CHECK(both::await_in(m, rt, [&] { return pair.near.write_all(buffer); }).value() == buffer.size());
        const auto got = both::await_in(m, rt, [&] { return pair.near.read(buffer); });
        CHECK(got.error() == std::errc::timed_out);
        CHECK(both::await_in(m, rt, [&] { return pair.near.write(buffer); }).error() == std::errc::broken_pipe);
    });
}

TEST_CASE("a_write_without_room_fails_after_the_user_timeout") {
    if (!peers_can_fall_silent()) return;
    both::in_each_model([](both::model m, bf::runtime& rt) {
        tests::stream_pair pair = with_silent_peer(rt);
        REQUIRE(pair.near.set_user_timeout(100ms).has_value());
        tests::hold_little(pair.near);
        const std::vector<std::byte> much(1'000'000);
        const auto wrote = both::await_in(m, rt, [&] { return pair.near.write_all(much); });
        REQUIRE_FALSE(wrote.has_value());
        CHECK(wrote.error() == std::errc::timed_out);
    });
}

TEST_CASE("a_read_of_an_idle_connection_fails_when_no_probe_is_answered") {
    if (!peers_can_fall_silent()) return;
    bf::runtime rt{both::small_runtime(1)};
    std::array pairs{with_silent_peer(rt), with_silent_peer(rt)};
    std::vector<bf::join_handle<bf::io_result<std::size_t>>> reads;
    std::array<std::byte, 8> buffer{};
    for (std::size_t n = 0; n < pairs.size(); ++n) {
        REQUIRE(pairs[n].near.set_keepalive(1s, 1s, 1).has_value());
        const bf::backend on = n == 0 ? bf::backend::stackless : bf::backend::stackful;
        reads.push_back(rt.spawn(on, [&from = pairs[n].near, &buffer] { return from.read(buffer); }));
    }
    for (auto& read : reads) CHECK(read.join().error() == std::errc::timed_out);
}
