// Buffered writers: few large writes, exact accounts of what was sent, errors that stay.
#include <bifilar/io/streams/buffered_writer.hpp>
#include "io/scripted_stream.hpp"
#include "io/stream_pair.hpp"
#include "one_worker.hpp"

namespace bf = bifilar;
using namespace std::chrono_literals;
using tests::bytes_of;
using tests::scripted_stream;
using tests::text_of;

static_assert(bf::byte_writer<bf::buffered_writer<bf::tcp_stream&>>);
static_assert(bf::half_closing<bf::buffered_writer<bf::socket_write_half>>);
static_assert(bf::vectored_writer<bf::tcp_stream> && bf::vectored_writer<bf::socket_write_half>);
static_assert(bf::accountable_transfer<bf::buffered_write_future<bf::tcp_stream>>);

namespace {

using writer = bf::buffered_writer<scripted_stream&>;
using sizes = std::vector<std::size_t>;

std::size_t put(writer& to, const std::string& text) { return bf::await(to.write_all(bytes_of(text))).value(); }

}  // namespace

TEST_CASE("small_writes_become_one") {
    scripted_stream stream;
    writer to{stream, 8};
    CHECK(bf::await(to.write(bytes_of("abc"))).value() == 3);
    CHECK(bf::await(to.write(bytes_of("defghij"))).value() == 5);
    CHECK(text_of(to.buffered()) == "abcdefgh");
    CHECK(stream.written.empty());
    CHECK(bf::await(to.write(bytes_of("ij"))).value() == 2);
    CHECK(stream.written == "abcdefgh");
    CHECK(put(to, "klmnopq") == 7);
    CHECK(bf::await(to.flush()).has_value());
    CHECK(bf::await(to.flush()).has_value());
    CHECK(bf::await(to.write({})).value() == 0);
    CHECK(stream.written == "abcdefghijklmnopq");
    CHECK(stream.writes == sizes{8, 8, 1});
}

TEST_CASE("large_writes_pass_the_buffer_in_their_turn") {
    scripted_stream stream;
    writer to{stream, 4};
    CHECK(put(to, "0123456789") == 10);
    CHECK(put(to, "ab") == 2);
    CHECK(put(to, "cdefgh") == 6);
    CHECK(stream.writes == sizes{10, 2, 6});
    CHECK(put(to, "i") == 1);
    CHECK(bf::await(to.write(bytes_of("jklm"))).value() == 4);
    CHECK(stream.written == "0123456789abcdefghijklm");
    CHECK(to.buffered().empty());
}

TEST_CASE("short_writes_and_waits_are_gone_on_with") {
    for (std::size_t step = 1; step < 6; ++step) {
        scripted_stream stream;
        for (int n = 0; n < 30; ++n) stream.take(step).wait_to_write();
        writer to{stream, 5};
        std::string all;
        for (const char* const part : {"a", "bcd", "efghijklmno", "", "pq", "rstuv", "w"}) {
            CHECK(put(to, part) == std::string{part}.size());
            all += part;
        }
        CHECK(bf::await(to.shutdown_write()).has_value());
        CHECK(stream.written == all);
        CHECK(stream.shutdowns == 1);
    }
}

TEST_CASE("the_first_error_stays") {
    scripted_stream stream;
    stream.take(2).fail_to_write(EPIPE).take(100);
    writer to{stream, 4};
    CHECK(put(to, "abcd") == 4);
    CHECK(text_of(to.buffered()) == "cd");
    CHECK(put(to, "ab") == 2);
    CHECK(bf::await(to.flush()).error() == std::errc::broken_pipe);
    CHECK(bf::await(to.flush()).error() == std::errc::broken_pipe);
    CHECK(bf::await(to.write(bytes_of("x"))).error() == std::errc::broken_pipe);
    CHECK(bf::await(to.write_all(bytes_of("x"))).error() == std::errc::broken_pipe);
    CHECK(bf::await(to.shutdown_write()).error() == std::errc::broken_pipe);
    CHECK(stream.shutdowns == 0);
}

TEST_CASE("a_stream_that_takes_nothing_is_an_error") {
    scripted_stream stream;
    stream.take(0);
    writer to{stream, 4};
    CHECK(bf::await(to.write_all(bytes_of("abcdef"))).error() == std::errc::io_error);
}

// The kernel may have sent what a flush that was given up handed to it.
TEST_CASE("a_flush_that_was_given_up_sends_each_byte_once") {
    scripted_stream stream;
    stream.take(1).take_late(2).take_late(1).take(100);
    writer to{stream, 16};
    CHECK(put(to, "abcdefgh") == 8);
    CHECK_FALSE(bf::await(bf::timeout(to.flush(), 0ns)).has_value());
    CHECK(text_of(to.buffered()) == "defgh");
    {
        auto flush = to.flush();
        auto turn = bf::yield_now();
        CHECK(bf::await(bf::select(flush, turn)).index() == 1);
    }
    CHECK(text_of(to.buffered()) == "efgh");
    CHECK(put(to, "i") == 1);
    CHECK(bf::await(to.flush()).has_value());
    CHECK(stream.written == "abcdefghi");
}

TEST_CASE("a_large_write_that_was_given_up_tells_what_was_taken") {
    scripted_stream stream;
    stream.take_late(3).take(100);
    writer to{stream, 4};
    const std::string text = "abcdef";
    auto large = to.write(bytes_of(text));
    auto turn = bf::yield_now();
    CHECK(bf::await(bf::select(large, turn)).index() == 1);
    large.end();
    CHECK(large.finished().value().value() == 3);
    CHECK(stream.written == "abc");
    CHECK(to.buffered().empty());
}

TEST_CASE("a_writer_owns_its_stream_or_uses_one") {
    bf::buffered_writer owner{scripted_stream{}};
    CHECK(bf::await(owner.write(bytes_of("dropped"))).value() == 7);
    bf::buffered_writer moved{std::move(owner)};
    CHECK(text_of(moved.buffered()) == "dropped");
    CHECK(std::move(moved).into_inner().written.empty());
    scripted_stream used;
    {
        (void)put(*std::make_unique<writer>(used), "dropped as well");
    }
    CHECK(used.written.empty());
    CHECK_THROWS_AS((writer{used, 0}), std::invalid_argument);
}

// Over a socket the buffer and a large payload go out in one call.
TEST_CASE("writes_of_all_sizes_arrive_in_order_in_both_models") {
    for (const bf::backend on : tests::both_backends) {
        bf::runtime rt{both::small_runtime()};
        rt.run(
            [](bf::backend model) -> bf::task<> {
                tests::stream_pair pair;
                struct body {
                    static bf::task<> write(bf::tcp_stream& stream) {
                        bf::buffered_writer<bf::tcp_stream&> to{stream, 512};
                        for (std::size_t size = 0; size < 600; ++size) {
                            const std::string part(size * (size % 7 == 0 ? 100 : 1),
                                                   static_cast<char>('a' + size % 26));
                            (void)co_await to.write_all(bytes_of(part));
                        }
                        (void)co_await to.shutdown_write();
                    }
                };
                auto writing = bf::spawn(model, body::write, std::ref(pair.near));
                std::string expected;
                for (std::size_t size = 0; size < 600; ++size)
                    expected.append(size * (size % 7 == 0 ? 100 : 1), static_cast<char>('a' + size % 26));
                std::string all(expected.size(), '\0');
                const auto got = co_await pair.far.read_exact(std::as_writable_bytes(std::span{all}));
                CHECK(got.value() == expected.size());
                CHECK((all == expected));
                std::byte more{};
                const auto end = co_await pair.far.read(std::span{&more, 1});
                CHECK(end.value() == 0);
                co_await writing;
            },
            on);
    }
}

// A peer that reads slowly: the flush is given up again and again while the socket is full.
TEST_CASE("flushes_that_were_given_up_on_a_full_socket_lose_and_repeat_nothing") {
    tests::on_one_worker([](bf::backend model) {
        struct body {
            static bf::task<std::string> read(bf::tcp_stream& from) {
                std::string all;
                std::vector<std::byte> piece(3'000);
                for (;;) {
                    const auto count = co_await from.read(piece);
                    if (!count || *count == 0) co_return all;
                    all += text_of(std::span{piece}.first(*count));
                    co_await bf::yield_now();
                }
            }
        };
        tests::stream_pair pair;
        (void)pair.near.set_send_buffer(4096);
        bf::buffered_writer<bf::tcp_stream&> to{pair.near, 50'000};
        std::string sent;
        std::optional<bf::join_handle<std::string>> reading;
        const auto flush = [&] {
            while (!bf::await(bf::timeout(to.flush(), 0ns))) {
                // Full by now.
                if (!reading) reading.emplace(bf::spawn(model, body::read, std::ref(pair.far)));
                bf::this_fiber::yield();
            }
        };
        for (int number = 0; number < 30'000; ++number) {
            const std::string line = std::to_string(number) + "\n";
            if (to.buffered().size() + line.size() > 50'000) flush();
            if (bf::await(to.write_all(bytes_of(line))).value() == line.size()) sent += line;
        }
        flush();
        (void)pair.near.shutdown_write();
        REQUIRE(reading.has_value());
        const std::string received = bf::await(std::move(*reading));
        CHECK((received == sent));
    });
}
