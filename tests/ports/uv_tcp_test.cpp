// What libuv promises of TCP: its test/test-tcp-*.c and their like.
#include "connections.hpp"
#include "io/ports.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <vector>

using namespace ports;
using tests::bytes_of;
using tests::text_of;

PORT_OF_IO("libuv test-ping-pong: a thousand pings and pongs over TCP come back as they were") {
    auto ends = CALL(connected());
    auto echo = go(
        [](bf::tcp_stream& at) -> task_of<> {
            std::array<std::byte, 64> buffer{};
            for (;;) {
                const auto got = AWAIT(at.read(buffer));
                if (!got || *got == 0) break;
                const auto sent = AWAIT(at.write_all(std::span{buffer}.first(*got)));
                if (!sent) break;
            }
            RETURN;
        },
        std::ref(ends.far));
    std::array<std::byte, 5> answer{};
    for (int n = 0; n < 200; ++n) {
        const auto sent = AWAIT(ends.near.write_all(bytes_of("PING\n")));
        CHECK(sent.has_value());
        const auto got = AWAIT(ends.near.read_exact(answer));
        CHECK(got.has_value());
    }
    CHECK(text_of(answer) == "PING\n");
    CHECK(ends.near.shutdown_write().has_value());
    AWAIT(echo);
    RETURN;
}

PORT_OF_IO("libuv test-tcp-bind-error addr_in_use: a second listener at a taken address is refused") {
    auto first = bf::tcp_listener::bind("127.0.0.1:0").value();
    const auto second = bf::tcp_listener::bind(address_of(first));
    CHECK(second.error() == std::errc::address_in_use);
    AWAIT(bf::yield_now());
    RETURN;
}

PORT_OF_IO("libuv test-tcp-bind-error addr_not_available: an address that is not here is refused") {
    const auto nowhere = bf::tcp_listener::bind("192.0.2.1:0");
    CHECK(nowhere.error() == std::errc::address_not_available);
    AWAIT(bf::yield_now());
    RETURN;
}

PORT_OF_IO("libuv test-tcp-bind6-error: an IPv6 address with a port too large is refused") {
    const auto bad = bf::tcp_listener::bind("[::1]:70000");
    CHECK(bad.error() == std::errc::invalid_argument);
    AWAIT(bf::yield_now());
    RETURN;
}

PORT_OF_IO("libuv test-connect-error, test-tcp-connect-error: a refused connection is a value") {
    const tests::silent_port silent;
    const std::string nobody = silent.address();
    const auto refused = AWAIT(bf::tcp_stream::connect(nobody));
    CHECK(refused.error() == std::errc::connection_refused);
    RETURN;
}

PORT_OF_IO("libuv test-tcp-connect-error-fault: text that is no address is refused before anything is asked") {
    const auto bad = AWAIT(bf::tcp_stream::connect("127.0.0.1"));
    CHECK(bad.error() == std::errc::invalid_argument);
    RETURN;
}

PORT_OF_IO("libuv test-tcp-close-accept: connections that wait to be accepted end when the listener closes") {
    auto listener = bf::tcp_listener::bind("127.0.0.1:0").value();
    auto near = AWAIT(bf::tcp_stream::connect(address_of(listener)));
    CHECK(near.has_value());
    { const auto ends = std::move(listener); }
    std::array<std::byte, 8> buffer{};
    const auto got = AWAIT(near->read(buffer));
    CHECK((!got.has_value() || *got == 0));
    RETURN;
}

PORT_OF_IO("libuv test-tcp-close-while-connecting: a connect that is given up leaves nothing") {
    auto listener = bf::tcp_listener::bind("127.0.0.1:0").value();
    for (int n = 0; n < 20; ++n) {
        const auto address = address_of(listener);
        const auto first = AWAIT(bf::try_race(bf::tcp_stream::connect(address)));
        (void)first;
    }
    auto near = AWAIT(bf::tcp_stream::connect(address_of(listener)));
    CHECK(near.has_value());
    RETURN;
}

PORT_OF_IO("libuv test-shutdown-eof: after the end of one side the other still sends, and the end is read as a value") {
    auto ends = CALL(connected());
    (void)AWAIT(ends.near.write_all(bytes_of("Q")));
    CHECK(ends.near.shutdown_write().has_value());
    const std::string asked = CALL(read_all(ends.far));
    CHECK(asked == "Q");
    (void)AWAIT(ends.far.write_all(bytes_of("answer")));
    CHECK(ends.far.shutdown_write().has_value());
    const std::string answer = CALL(read_all(ends.near));
    CHECK(answer == "answer");
    RETURN;
}

PORT_OF_IO("libuv test-shutdown-twice: a second end of the same side is no crash") {
    auto ends = CALL(connected());
    CHECK(ends.near.shutdown_write().has_value());
    (void)ends.near.shutdown_write();
    const std::string all = CALL(read_all(ends.far));
    CHECK(all.empty());
    RETURN;
}

PORT_OF_IO("libuv test-tcp-write-after-connect, test-tcp-write-fail: a write after the end of one's side is EPIPE") {
    auto ends = CALL(connected());
    CHECK(ends.near.shutdown_write().has_value());
    const auto sent = AWAIT(ends.near.write_all(bytes_of("late")));
    CHECK(sent.error() == std::errc::broken_pipe);
    RETURN;
}

PORT_OF_IO("libuv test-tcp-writealot: megabytes arrive whole, whatever the pieces") {
    auto ends = CALL(connected());
    constexpr std::size_t bytes = std::size_t{3} << 20;
    auto sender = go(
        [](bf::tcp_stream& to) -> task_of<> {
            std::vector<std::byte> all(bytes);
            for (std::size_t n = 0; n < bytes; ++n) all[n] = static_cast<std::byte>(n * 7);
            (void)AWAIT(to.write_all(all));
            (void)to.shutdown_write();
            RETURN;
        },
        std::ref(ends.near));
    std::size_t total = 0;
    bool right = true;
    std::vector<std::byte> buffer(70'001);
    for (;;) {
        const auto got = AWAIT(ends.far.read(buffer));
        if (!got || *got == 0) break;
        for (std::size_t n = 0; n < *got; ++n) right &= buffer[n] == static_cast<std::byte>((total + n) * 7);
        total += *got;
    }
    CHECK(total == bytes);
    CHECK(right);
    AWAIT(sender);
    RETURN;
}

PORT_OF_IO("libuv test-tcp-try-write: a write takes what fits and says how much") {
    auto ends = CALL(connected());
    std::vector<std::byte> much(std::size_t{16} << 20);
    const auto some = AWAIT(ends.near.write(much));
    CHECK((some.has_value() && *some > 0 && *some < much.size()));
    RETURN;
}

PORT_OF_IO(
    "libuv test-tcp-flags, test-tcp-open: nodelay is set and read back; a socket of another's making is adopted") {
    auto ends = CALL(connected());
    CHECK(ends.near.set_nodelay(true).has_value());
    CHECK(ends.near.nodelay().value());
    CHECK(ends.near.set_nodelay(false).has_value());
    CHECK_FALSE(ends.near.nodelay().value());
    std::array<int, 2> made{};
    CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, made.data()) == 0);
    bf::unix_stream one{made[0]};
    bf::unix_stream two{made[1]};
    (void)AWAIT(one.write_all(bytes_of("hello")));
    std::array<std::byte, 5> got{};
    const auto read = AWAIT(two.read_exact(got));
    CHECK(read.has_value());
    CHECK(text_of(got) == "hello");
    RETURN;
}

PORT_OF_IO("libuv test-getsockname: both ends know each other's addresses") {
    auto ends = CALL(connected());
    CHECK(ends.near.local_address().value() == ends.far.peer_address().value());
    CHECK(ends.near.peer_address().value() == ends.far.local_address().value());
    RETURN;
}

PORT_OF_IO("libuv test-tcp-close-reset: a close of nothing with SO_LINGER resets the peer") {
    auto ends = CALL(connected());
    CHECK(ends.near.set_linger(std::chrono::seconds{0}).has_value());
    { const auto closes = std::move(ends.near); }
    std::array<std::byte, 8> buffer{};
    const auto got = AWAIT(ends.far.read(buffer));
    CHECK(got.error() == std::errc::connection_reset);
    RETURN;
}

PORT_OF_IO("libuv test-tcp-unexpected-read, test-read-stop: bytes that nobody reads wait for the next read") {
    auto ends = CALL(connected());
    (void)AWAIT(ends.near.write_all(bytes_of("abc")));
    std::array<std::byte, 1> one{};
    for (const char* expected : {"a", "b", "c"}) {
        const auto got = AWAIT(ends.far.read_exact(one));
        CHECK(got.has_value());
        CHECK(text_of(one) == expected);
    }
    RETURN;
}

PORT_OF_IO("libuv test-tcp-alloc-cb-fail's sibling: a read into no room answers 0 at once") {
    auto ends = CALL(connected());
    const auto got = AWAIT(ends.far.read(std::span<std::byte>{}));
    CHECK(got.value() == 0);
    RETURN;
}

PORT_OF_IO("libuv test-delayed-accept: a connection that was made before the accept is there") {
    auto listener = bf::tcp_listener::bind("127.0.0.1:0").value();
    std::vector<bf::tcp_stream> near;
    for (int n = 0; n < 2; ++n) {
        auto one = AWAIT(bf::tcp_stream::connect(address_of(listener)));
        near.push_back(std::move(one.value()));
    }
    for (int n = 0; n < 2; ++n) {
        auto far = AWAIT(listener.accept());
        CHECK(far.has_value());
    }
    RETURN;
}

PORT_OF_IO("libuv test-multiple-listen, test-connection-fail-doesnt-auto-close: a refused one does not harm the next") {
    auto listener = bf::tcp_listener::bind("127.0.0.1:0").value();
    const auto bad = AWAIT(bf::tcp_stream::connect("127.0.0.1:1"));
    CHECK_FALSE(bad.has_value());
    auto good = AWAIT(bf::tcp_stream::connect(address_of(listener)));
    CHECK(good.has_value());
    RETURN;
}

PORT_OF_IO("libuv test-ip6-addr, test-ip4-addr: addresses are read and written as they are") {
    for (const char* text : {"127.0.0.1:80", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:443", "[2001:db8::1]:8080"})
        CHECK(bf::socket_address::parse(text).value().to_string() == text);
    for (const char* text : {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.256:1", "127.0.0.1.1:1",
                             "[::1:443", "::1:443", "[fe80::0::1]:1", "[::ffff:127.0.0.256]:1", "127.0.0.1:-1"})
        CHECK_FALSE(bf::socket_address::parse(text).has_value());
    AWAIT(bf::yield_now());
    RETURN;
}
