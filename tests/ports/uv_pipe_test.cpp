// What libuv promises of UDP and pipes: its test/test-udp-*.c and test-pipe-*.c.
#include "connections.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <vector>

using namespace ports;
using tests::bytes_of;
using tests::text_of;

PORT_OF_IO("libuv test-udp-send-and-recv: a datagram arrives with its sender, and the answer finds it") {
    auto one = bf::udp_socket::bind("127.0.0.1:0").value();
    auto two = bf::udp_socket::bind("127.0.0.1:0").value();
    const auto to = two.local_address().value();
    const auto sent = AWAIT(one.send_to(bytes_of("PING"), to));
    CHECK(sent.value() == 4);
    std::array<std::byte, 64> buffer{};
    const auto got = AWAIT(two.recv_from(buffer));
    CHECK(got->bytes == 4);
    CHECK(got->from == one.local_address().value());
    const auto from = got->from;
    (void)AWAIT(two.send_to(bytes_of("PONG"), from));
    const auto back = AWAIT(one.recv_from(buffer));
    CHECK(text_of(std::span{buffer}.first(back->bytes)) == "PONG");
    RETURN;
}

PORT_OF_IO("libuv test-udp-recv-in-a-row: datagrams wait for their receives, one each, in order") {
    auto one = bf::udp_socket::bind("127.0.0.1:0").value();
    auto two = bf::udp_socket::bind("127.0.0.1:0").value();
    const auto to = two.local_address().value();
    for (const char* text : {"a", "bb", "ccc"}) (void)AWAIT(one.send_to(bytes_of(text), to));
    std::array<std::byte, 64> buffer{};
    for (const char* text : {"a", "bb", "ccc"}) {
        const auto got = AWAIT(two.recv_from(buffer));
        CHECK(text_of(std::span{buffer}.first(got->bytes)) == text);
    }
    RETURN;
}

PORT_OF_IO("libuv test-udp-ipv6, MSG_TRUNC: a datagram that is longer than its buffer is cut, and said to be") {
    auto one = bf::udp_socket::bind("127.0.0.1:0").value();
    auto two = bf::udp_socket::bind("127.0.0.1:0").value();
    const auto to = two.local_address().value();
    (void)AWAIT(one.send_to(bytes_of("0123456789"), to));
    std::array<std::byte, 4> small{};
    const auto got = AWAIT(two.recv_from(small));
    CHECK(got->truncated);
    CHECK(text_of(small) == "0123");
    RETURN;
}

PORT_OF_IO("libuv test-udp-connect's sibling, test-udp-dgram-too-big: a datagram that no packet holds is EMSGSIZE") {
    auto one = bf::udp_socket::bind("127.0.0.1:0").value();
    const auto to = one.local_address().value();
    const std::vector<std::byte> much(70'000);
    const auto sent = AWAIT(one.send_to(much, to));
    CHECK(sent.error() == std::errc::message_size);
    RETURN;
}

PORT_OF_IO("libuv test-udp-bind: an address is bound once") {
    auto one = bf::udp_socket::bind("127.0.0.1:0").value();
    const auto again = bf::udp_socket::bind(one.local_address().value());
    CHECK(again.error() == std::errc::address_in_use);
    AWAIT(bf::yield_now());
    RETURN;
}

PORT_OF_IO("libuv test-udp-send-immediate: an empty datagram is a datagram") {
    auto one = bf::udp_socket::bind("127.0.0.1:0").value();
    auto two = bf::udp_socket::bind("127.0.0.1:0").value();
    const auto to = two.local_address().value();
    const auto sent = AWAIT(one.send_to(bytes_of(""), to));
    CHECK(sent.value() == 0);
    std::array<std::byte, 4> buffer{};
    const auto got = AWAIT(two.recv_from(buffer));
    CHECK(got->bytes == 0);
    RETURN;
}

PORT_OF_IO("libuv test-udp-recv cancelled, test-udp-stop: a receive that is given up takes no later datagram") {
    auto one = bf::udp_socket::bind("127.0.0.1:0").value();
    auto two = bf::udp_socket::bind("127.0.0.1:0").value();
    std::array<std::byte, 8> buffer{};
    const auto late = AWAIT(bf::timeout(two.recv_from(buffer), 1ms));
    CHECK_FALSE(late.has_value());
    const auto to = two.local_address().value();
    (void)AWAIT(one.send_to(bytes_of("x"), to));
    const auto got = AWAIT(two.recv_from(buffer));
    CHECK(got->bytes == 1);
    RETURN;
}

PORT_OF_IO("libuv test-pipe-connect-error: no socket at a path is ENOENT") {
    const auto nobody = AWAIT(bf::unix_stream::connect("/nonexistent/path/to/a/socket"));
    CHECK(nobody.error() == std::errc::no_such_file_or_directory);
    RETURN;
}

PORT_OF_IO("libuv test-pipe-bind-error: a directory that is not there is ENOENT, a path too long is refused") {
    CHECK(bf::unix_listener::bind("/nonexistent/directory/socket").error() == std::errc::no_such_file_or_directory);
    const std::string endless(200, 'x');
    CHECK_FALSE(bf::unix_listener::bind("/tmp/" + endless).has_value());
    AWAIT(bf::yield_now());
    RETURN;
}

PORT_OF_IO(
    "libuv test-pipe-getsockname abstract, test-pipe-server-close: an abstract socket is gone with its listener") {
    auto listener = bf::unix_listener::bind(bf::socket_address::unix_unnamed()).value();
    const auto at = listener.local_address().value();
    auto near = AWAIT(bf::unix_stream::connect(at));
    CHECK(near.has_value());
    { const auto closes = std::move(listener); }
    const auto refused = AWAIT(bf::unix_stream::connect(at));
    CHECK(refused.error() == std::errc::connection_refused);
    RETURN;
}

PORT_OF_IO(
    "libuv test-pipe-pending-instances, test-ipc: descriptors pass over a Unix socket and work at the other end") {
    auto ends = bf::unix_stream::pair().value();
    auto pipe = bf::make_pipe().value();
    const std::array<int, 1> passed{pipe.second.descriptor()};
    const auto sent = AWAIT(ends.first.send_descriptors(bytes_of("!"), passed));
    CHECK(sent.has_value());
    std::array<std::byte, 8> buffer{};
    auto got = AWAIT(ends.second.recv_descriptors(buffer));
    CHECK(got->descriptors.size() == 1);
    auto writer = bf::pipe_writer::adopt(std::move(got->descriptors.front())).value();
    (void)AWAIT(writer.write_all(bytes_of("over")));
    std::array<std::byte, 4> read{};
    (void)AWAIT(pipe.first.read_exact(read));
    CHECK(text_of(read) == "over");
    RETURN;
}

PORT_OF_IO(
    "libuv test-pipe-close-stdout-read-stdin, test-pipe-set-non-blocking: a pipe's end is told when its writer ends") {
    auto pipe = bf::make_pipe().value();
    auto reader = go(
        [](bf::pipe_reader& from) -> task_of<std::string> {
            const std::string all = CALL(read_all(from));
            RETURN all;
        },
        std::ref(pipe.first));
    (void)AWAIT(pipe.second.write_all(bytes_of("last words")));
    pipe.second.close();
    const std::string all = AWAIT(reader);
    CHECK(all == "last words");
    RETURN;
}

PORT_OF_IO("libuv test-pipe-close while reading: a pipe whose reader is gone is EPIPE for its writer, and no signal") {
    auto pipe = bf::make_pipe().value();
    pipe.first.close();
    const auto sent = AWAIT(pipe.second.write_all(bytes_of("nobody")));
    CHECK(sent.error() == std::errc::broken_pipe);
    RETURN;
}

PORT_OF_IO("libuv test-stdio-over-pipes's sibling: what does not fit into a pipe waits for its reader") {
    auto pipe = bf::make_pipe().value();
    auto writer = go(
        [](bf::pipe_writer& to) -> task_of<bool> {
            const std::vector<std::byte> much(300'000);
            const auto sent = AWAIT(to.write_all(much));
            to.close();
            RETURN sent.has_value();
        },
        std::ref(pipe.second));
    const std::string all = CALL(read_all(pipe.first));
    CHECK(all.size() == 300'000);
    const bool sent = AWAIT(writer);
    CHECK(sent);
    RETURN;
}
