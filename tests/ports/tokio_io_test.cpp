// What Tokio promises of streams: the parts of tokio/tests/io_*.rs, tcp_*.rs and uds_*.rs that need no mock.
#include "connections.hpp"

#include <algorithm>
#include <string>
#include <vector>

using namespace ports;
using tests::bytes_of;
using tests::text_of;

namespace {

task_of<> send_and_end(bf::pipe_writer& to, std::string text) {
    (void)AWAIT(to.write_all(bytes_of(text)));
    to.close();
    RETURN;
}

}  // namespace

PORT_OF_IO("Tokio io_lines lines_inherent: lines come without their ends, the last also without one") {
    auto pipe = bf::make_pipe().value();
    auto writer = go(send_and_end, std::ref(pipe.second), std::string{"hello\r\nworld\n\nlast"});
    bf::buffered_reader reader{std::move(pipe.first)};
    for (const char* expected : {"hello", "world", "", "last"}) {
        const auto line = AWAIT(reader.read_line());
        CHECK((line.has_value() && *line == expected));
    }
    const auto end = AWAIT(reader.read_line());
    CHECK((end.has_value() && !end->has_value()));
    AWAIT(writer);
    RETURN;
}

PORT_OF_IO("Tokio io_read_until read_until: pieces end at the mark") {
    auto pipe = bf::make_pipe().value();
    auto writer = go(send_and_end, std::ref(pipe.second), std::string{"hello world"});
    bf::buffered_reader reader{std::move(pipe.first)};
    const auto first = AWAIT(reader.read_until(' '));
    CHECK((first.has_value() && *first == "hello "));
    const auto second = AWAIT(reader.read_until(' '));
    CHECK((second.has_value() && *second == "world"));
    const auto end = AWAIT(reader.read_until(' '));
    CHECK((end.has_value() && !end->has_value()));
    AWAIT(writer);
    RETURN;
}

PORT_OF_IO("Tokio io_read_exact read_exact: gives exactly so many, or says that the stream ended") {
    auto pipe = bf::make_pipe().value();
    auto writer = go(send_and_end, std::ref(pipe.second), std::string{"12345678"});
    bf::buffered_reader reader{std::move(pipe.first)};
    std::array<std::byte, 5> five{};
    const auto first = AWAIT(reader.read_exact(five));
    CHECK(first.value() == 5);
    CHECK(text_of(five) == "12345");
    const auto second = AWAIT(reader.read_exact(five));
    CHECK_FALSE(second.has_value());
    AWAIT(writer);
    RETURN;
}

PORT_OF_IO("Tokio io_buf_reader test_buffered_reader: what is buffered is given before the stream is asked") {
    auto pipe = bf::make_pipe().value();
    auto writer = go(send_and_end, std::ref(pipe.second), std::string{"\5\6\7\1\2\3\4"});
    AWAIT(writer);
    bf::buffered_reader reader{std::move(pipe.first), 64};
    std::array<std::byte, 3> three{};
    const auto first = AWAIT(reader.read(three));
    CHECK(first.value() == 3);
    CHECK(text_of(three) == "\5\6\7");
    CHECK(reader.buffered().size() == 4);
    reader.consume(1);
    std::array<std::byte, 8> rest{};
    const auto second = AWAIT(reader.read(rest));
    CHECK(text_of(std::span{rest}.first(second.value())) == "\2\3\4");
    RETURN;
}

PORT_OF_IO("Tokio io_fill_buf: fill gives what is there and takes nothing until it is consumed") {
    auto pipe = bf::make_pipe().value();
    auto writer = go(send_and_end, std::ref(pipe.second), std::string{"abc"});
    AWAIT(writer);
    bf::buffered_reader reader{std::move(pipe.first)};
    for (const std::size_t left : {3U, 2U, 1U}) {
        (void)AWAIT(reader.fill());
        CHECK(reader.buffered().size() == left);
        reader.consume(1);
    }
    (void)AWAIT(reader.fill());
    CHECK(reader.buffered().empty());
    RETURN;
}

PORT_OF_IO("Tokio io_buf_writer buf_writer: small writes are collected, and reach the stream by a flush") {
    auto pipe = bf::make_pipe().value();
    bf::buffered_writer<bf::pipe_writer&> writer{pipe.second, 16};
    (void)AWAIT(writer.write_all(bytes_of("0123")));
    CHECK(writer.buffered().size() == 4);
    (void)AWAIT(writer.write_all(bytes_of("4567")));
    const auto flushed = AWAIT(writer.flush());
    CHECK(flushed.has_value());
    CHECK(writer.buffered().empty());
    std::array<std::byte, 8> got{};
    (void)AWAIT(pipe.first.read_exact(got));
    CHECK(text_of(got) == "01234567");
    RETURN;
}

PORT_OF_IO("Tokio io_buf_writer: a write larger than the buffer goes through, in order") {
    auto pipe = bf::make_pipe().value();
    bf::buffered_writer<bf::pipe_writer&> writer{pipe.second, 4};
    (void)AWAIT(writer.write_all(bytes_of("ab")));
    (void)AWAIT(writer.write_all(bytes_of("cdefghij")));
    (void)AWAIT(writer.flush());
    std::array<std::byte, 10> got{};
    (void)AWAIT(pipe.first.read_exact(got));
    CHECK(text_of(got) == "abcdefghij");
    RETURN;
}

PORT_OF_IO("Tokio io_copy copy: all bytes, and their number") {
    auto from = bf::make_pipe().value();
    auto to = bf::make_pipe().value();
    auto writer = go(send_and_end, std::ref(from.second), std::string(10'000, 'x'));
    const auto copied = AWAIT(bf::copy(from.first, to.second));
    CHECK(static_cast<bool>(copied));
    CHECK(copied.bytes == 10'000);
    to.second.close();
    const std::string all = CALL(read_all(to.first));
    CHECK(all == std::string(10'000, 'x'));
    AWAIT(writer);
    RETURN;
}

PORT_OF_IO("Tokio io_copy_bidirectional basic_transfer, transfer_after_close: both ways, each to its own end") {
    auto client = CALL(connected());
    auto server = CALL(connected());
    auto relay = go(
        [](bf::tcp_stream& a, bf::tcp_stream& b) -> task_of<bool> {
            const auto moved = AWAIT(bf::copy_bidirectional(a, b));
            RETURN static_cast<bool>(moved);
        },
        std::ref(client.far), std::ref(server.near));
    (void)AWAIT(client.near.write_all(bytes_of("request")));
    CHECK(client.near.shutdown_write().has_value());
    const std::string asked = CALL(read_all(server.far));
    CHECK(asked == "request");
    (void)AWAIT(server.far.write_all(bytes_of("the answer comes after the end")));
    CHECK(server.far.shutdown_write().has_value());
    const std::string answer = CALL(read_all(client.near));
    CHECK(answer == "the answer comes after the end");
    const bool well = AWAIT(relay);
    CHECK(well);
    RETURN;
}

PORT_OF_IO("Tokio io_write_all_buf vectored: buffers in turn arrive as one") {
    auto ends = CALL(connected());
    std::array<std::string, 3> parts{"he", "llo ", "world"};
    std::array<iovec, 3> pieces{};
    for (std::size_t n = 0; n < 3; ++n) pieces[n] = iovec{parts[n].data(), parts[n].size()};
    const auto sent = AWAIT(ends.near.write_all_vectored(pieces));
    CHECK(sent.has_value());
    std::array<std::byte, 11> got{};
    (void)AWAIT(ends.far.read_exact(got));
    CHECK(text_of(got) == "hello world");
    RETURN;
}

PORT_OF_IO("Tokio tcp_peek peek: what was looked at is still there") {
    auto ends = CALL(connected());
    (void)AWAIT(ends.near.write_all(bytes_of("1234")));
    std::array<std::byte, 2> two{};
    for (int n = 0; n < 3; ++n) {
        const auto seen = AWAIT(ends.far.peek(two));
        CHECK(seen.value() == 2);
        CHECK(text_of(two) == "12");
    }
    std::array<std::byte, 4> four{};
    const auto got = AWAIT(ends.far.read_exact(four));
    CHECK(got.value() == 4);
    RETURN;
}

PORT_OF_IO(
    "Tokio tcp_split, tcp_into_split split: the halves work in different tasks; the writer's end is the peer's end") {
    auto ends = CALL(connected());
    auto halves = std::move(ends.near).split();
    auto writer = go(
        [](bf::socket_write_half half) -> task_of<> {
            (void)AWAIT(half.write_all(bytes_of("from the half")));
            RETURN;
        },
        std::move(halves.second));
    const std::string all = CALL(read_all(ends.far));
    CHECK(all == "from the half");
    AWAIT(writer);
    (void)AWAIT(ends.far.write_all(bytes_of("x")));
    std::array<std::byte, 1> got{};
    const auto read = AWAIT(halves.first.read_exact(got));
    CHECK(read.has_value());
    RETURN;
}

PORT_OF_IO("Tokio tcp_accept no_extra_poll, drop_accept: an accept that is given up loses no connection") {
    auto listener = bf::tcp_listener::bind("127.0.0.1:0").value();
    for (int n = 0; n < 10; ++n) {
        const auto none = AWAIT(bf::try_race(listener.accept()));
        CHECK_FALSE(none.has_value());
    }
    auto near = AWAIT(bf::tcp_stream::connect(address_of(listener)));
    auto far = AWAIT(listener.accept());
    CHECK(far.has_value());
    RETURN;
}

PORT_OF_IO("Tokio tcp_stream try_read_write, epollhup: a peer that is gone ends the read") {
    auto ends = CALL(connected());
    { const auto closes = std::move(ends.far); }
    std::array<std::byte, 8> buffer{};
    const auto got = AWAIT(ends.near.read(buffer));
    CHECK(got.value() == 0);
    RETURN;
}

PORT_OF_IO("Tokio tcp_shutdown shutdown_after_tcp_reset: the end of one's side after a reset is an error or nothing") {
    auto ends = CALL(connected());
    CHECK(ends.far.set_linger(std::chrono::seconds{0}).has_value());
    { const auto resets = std::move(ends.far); }
    std::array<std::byte, 8> buffer{};
    const auto got = AWAIT(ends.near.read(buffer));
    CHECK(got.error() == std::errc::connection_reset);
    (void)ends.near.shutdown_write();
    RETURN;
}

PORT_OF_IO("Tokio uds_stream pair, accept_read_write: what one end sends the other reads, and the end is told") {
    auto ends = bf::unix_stream::pair().value();
    (void)AWAIT(ends.first.write_all(bytes_of("hello")));
    { const auto closes = std::move(ends.first); }
    const std::string all = CALL(read_all(ends.second));
    CHECK(all == "hello");
    RETURN;
}

PORT_OF_IO("Tokio uds_cred test_socket_pair: the peer's credentials are this process's") {
    auto ends = bf::unix_stream::pair().value();
    const auto who = ends.first.credentials();
    CHECK(who.has_value());
    AWAIT(bf::yield_now());
    RETURN;
}

PORT_OF_IO("Tokio uds_datagram echo: datagrams of a pair keep their edges") {
    auto ends = bf::unix_datagram::pair().value();
    (void)AWAIT(ends.first.send(bytes_of("one")));
    (void)AWAIT(ends.first.send(bytes_of("two!")));
    std::array<std::byte, 16> buffer{};
    const auto first = AWAIT(ends.second.recv(buffer));
    CHECK(first->bytes == 3);
    const auto second = AWAIT(ends.second.recv(buffer));
    CHECK(second->bytes == 4);
    RETURN;
}

PORT_OF_IO("Tokio io_async_fd initially_writable, readable: another's descriptor is waited for") {
    auto pipe = bf::make_pipe().value();
    auto watch = bf::watched_descriptor::duplicate(pipe.first.descriptor()).value();
    const auto early = AWAIT(bf::timeout(watch.readable(), 1ms));
    CHECK_FALSE(early.has_value());
    (void)AWAIT(pipe.second.write_all(bytes_of("x")));
    const auto ready = AWAIT(watch.readable());
    CHECK(ready.has_value());
    RETURN;
}
