// Copying streams: counts, sides, limits, half-close, idle limits, and ends at every moment.
#include <bifilar/io/streams/buffered_reader.hpp>
#include <bifilar/io/streams/copy_bidirectional.hpp>
#include "io/scripted_stream.hpp"
#include "io/stream_pair.hpp"
#include "one_worker.hpp"
#include "simulated_runtime.hpp"

#include <atomic>

namespace bf = bifilar;
using namespace std::chrono_literals;
using tests::bytes_of;
using tests::scripted_stream;

static_assert(bf::cancellable_future<bf::copy_future<bf::tcp_stream, bf::tcp_stream>>);
static_assert(bf::cancellable_future<bf::copy_bidirectional_future<bf::tcp_stream, scripted_stream>>);

namespace {

// A body of each model reads to the end and gives how many bytes came.
bf::task<std::size_t> drain(bf::tcp_stream& from) {
    std::vector<std::byte> buffer(16'384);
    std::size_t sum = 0;
    for (;;) {
        const auto count = co_await from.read(buffer);
        if (!count || *count == 0) co_return sum;
        sum += *count;
    }
}

bf::task<> fill(bf::tcp_stream& to, std::size_t bytes) {
    const std::vector<std::byte> all(bytes, std::byte{7});
    (void)co_await to.write_all(all);
    (void)to.shutdown_write();
}

}  // namespace

TEST_CASE("copy_moves_everything_through_waits_and_short_writes") {
    for (std::size_t buffer_bytes = 1; buffer_bytes < 9; ++buffer_bytes) {
        scripted_stream from;
        scripted_stream to;
        from.give("abc").wait().give("defgh").wait().give("i");
        for (int n = 0; n < 5; ++n) to.take(1).wait_to_write().take(2);
        bf::copy_options options;
        options.buffer_bytes = buffer_bytes;
        const bf::copy_result result = bf::await(bf::copy(from, to, options));
        CHECK(result);
        CHECK(result.bytes == 9);
        CHECK(result.side == bf::copy_side::none);
        CHECK(to.written == "abcdefghi");
        CHECK(to.shutdowns == 0);
    }
}

TEST_CASE("copy_stops_at_its_limit") {
    for (std::uint64_t limit = 0; limit < 8; ++limit) {
        scripted_stream from;
        scripted_stream to;
        from.give("ab").give("cdef");
        bf::copy_options options;
        options.limit = limit;
        const bf::copy_result result = bf::await(bf::copy(from, to, options));
        CHECK(result);
        CHECK(result.bytes == std::min<std::uint64_t>(limit, 6));
        CHECK(to.written == std::string{"abcdef"}.substr(0, static_cast<std::size_t>(limit)));
        std::byte next{};
        CHECK(bf::await(from.read(std::span{&next, 1})).value() == (limit < 6 ? 1 : 0));
    }
}

TEST_CASE("copy_tells_whose_failure_it_was_and_how_far_it_came") {
    const auto copied = [](scripted_stream& from, scripted_stream& to) { return bf::await(bf::copy(from, to)); };
    {
        scripted_stream from;
        scripted_stream to;
        from.give("abc").fail(ECONNRESET);
        const bf::copy_result result = copied(from, to);
        CHECK_FALSE(result);
        CHECK(result.bytes == 3);
        CHECK(result.error == std::errc::connection_reset);
        CHECK(result.side == bf::copy_side::reader);
    }
    for (const bool takes_nothing : {false, true}) {
        scripted_stream from;
        scripted_stream to;
        from.give("abc");
        to.take(2);
        takes_nothing ? to.take(0) : to.fail_to_write(EPIPE);
        const bf::copy_result result = copied(from, to);
        CHECK(result.bytes == 2);
        CHECK(result.error == (takes_nothing ? std::errc::io_error : std::errc::broken_pipe));
        CHECK(result.side == bf::copy_side::writer);
    }
}

TEST_CASE("copy_refuses_a_buffer_of_nothing_and_no_idle_time") {
    scripted_stream a;
    scripted_stream b;
    bf::copy_options options;
    options.buffer_bytes = 0;
    CHECK_THROWS_WITH(bf::copy(a, b, options), Catch::Contains("buffer_bytes"));
    bf::bidirectional_copy_options both_ways;
    both_ways.idle_timeout = 0ns;
    CHECK_THROWS_WITH(bf::copy_bidirectional(a, b, both_ways), Catch::Contains("idle_timeout"));
}

TEST_CASE("copies_that_are_given_up_are_at_rest") {
    scripted_stream from;
    scripted_stream to;
    from.give("abc").give_late("def").give("ghi");
    to.take(2).take_late(1).take(100);
    for (int n = 0; n < 2; ++n) CHECK_FALSE(bf::await(bf::timeout(bf::copy(from, to), 0ns)).has_value());
    CHECK(to.written == "abc");
    CHECK(bf::await(bf::copy(from, to)).bytes == 3);
    CHECK(to.written == "abcghi");
}

TEST_CASE("a_buffered_reader_can_be_copied") {
    scripted_stream from;
    scripted_stream to;
    from.give("head\nbo").give("dy");
    bf::buffered_reader<scripted_stream&> reader{from};
    CHECK(bf::await(reader.read_line()).value() == "head");
    CHECK(bf::await(bf::copy(reader, to)).bytes == 4);
    CHECK(to.written == "body");
}

TEST_CASE("both_ways_each_end_is_passed_on") {
    scripted_stream a;
    scripted_stream b;
    a.give("from a");
    b.wait().wait().give("from").wait().give(" b").wait();
    const bf::bidirectional_copy_result result = bf::await(bf::copy_bidirectional(a, b));
    CHECK(result);
    CHECK(result.a_to_b.bytes == 6);
    CHECK(result.b_to_a.bytes == 6);
    CHECK(b.written == "from a");
    CHECK(a.written == "from b");
    CHECK(a.shutdowns == 1);
    CHECK(b.shutdowns == 1);
}

TEST_CASE("both_ways_a_failure_ends_the_other_direction") {
    scripted_stream a;
    scripted_stream b;
    a.give("ab").wait().fail(ECONNRESET);
    b.give("x").give_late("lost");
    const bf::bidirectional_copy_result result = bf::await(bf::copy_bidirectional(a, b));
    CHECK_FALSE(result);
    CHECK(result.a_to_b.bytes == 2);
    CHECK(result.a_to_b.error == std::errc::connection_reset);
    CHECK(result.a_to_b.side == bf::copy_side::reader);
    CHECK(result.b_to_a.bytes == 1);
    CHECK(result.b_to_a.error == std::errc::operation_canceled);
    CHECK(result.b_to_a.side == bf::copy_side::none);
    CHECK(a.shutdowns + b.shutdowns == 0);
}

TEST_CASE("both_ways_a_half_close_may_fail") {
    for (const int error : {ENOTCONN, EIO}) {
        scripted_stream a;
        scripted_stream b;
        b.shutdown_error = error;
        a.give("ab");
        b.wait().wait().wait().give("c");
        const bf::bidirectional_copy_result result = bf::await(bf::copy_bidirectional(a, b));
        CHECK(result.a_to_b.bytes == 2);
        CHECK(static_cast<bool>(result) == (error == ENOTCONN));
        CHECK(result.a_to_b.side == (error == ENOTCONN ? bf::copy_side::none : bf::copy_side::writer));
    }
}

// On a clock that goes forward when nothing else happens.
TEST_CASE("both_ways_silence_ends_after_the_idle_time") {
    tests::on_simulated_time(bf::simulated_clock::mode::automatic, [](bf::simulated_clock&, bf::runtime& rt,
                                                                      bf::backend on) {
        rt.run(
            [](bf::backend model) -> bf::task<> {
                tests::stream_pair left;
                tests::stream_pair right;
                struct body {
                    static bf::task<> talk(bf::tcp_stream& to) {
                        const std::string text = "x";
                        for (int n = 0; n < 5; ++n) {
                            co_await bf::sleep_for(6s);
                            (void)co_await to.write_all(bytes_of(text));
                        }
                    }
                };
                const auto begin = bf::now();
                auto talking = bf::spawn(model, body::talk, std::ref(left.near));
                bf::bidirectional_copy_options options;
                options.idle_timeout = 10s;
                const auto result = co_await bf::copy_bidirectional(left.far, right.near, options);
                CHECK(result.a_to_b.error == std::errc::timed_out);
                CHECK(result.b_to_a.error == std::errc::timed_out);
                CHECK(result.a_to_b.side == bf::copy_side::none);
                CHECK(result.b_to_a.bytes == 0);
                CHECK(bf::now() - begin >= 10s);
                co_await talking;
            },
            on);
    });
}

TEST_CASE("both_ways_traffic_in_one_direction_keeps_both_alive") {
    for (const bf::backend model : tests::each_backend) {
        bf::simulated_clock clock{bf::simulated_clock::mode::manual, tests::noon};
        bf::runtime rt{tests::on_clock(clock, 1)};
        rt.run(
            [&clock](bf::backend on) {
                tests::stream_pair left;
                tests::stream_pair right;
                struct body {
                    static bf::task<bf::bidirectional_copy_result> proxy(bf::tcp_stream& a, bf::tcp_stream& b) {
                        bf::bidirectional_copy_options options;
                        options.idle_timeout = 10s;
                        co_return co_await bf::copy_bidirectional(a, b, options);
                    }
                };
                auto proxy = bf::spawn(on, body::proxy, std::ref(left.far), std::ref(right.near));
                tests::let_others_park();
                const std::string text = "x";
                for (int n = 0; n < 5; ++n) {
                    clock.advance(6s);
                    tests::let_others_park();
                    CHECK(bf::await(right.far.write_all(bytes_of(text))).value() == 1);
                    std::byte got{};
                    CHECK(bf::await(left.near.read(std::span{&got, 1})).value() == 1);
                    tests::let_others_park();
                    CHECK_FALSE(proxy.done());
                }
                clock.advance(11s);
                const bf::bidirectional_copy_result result = bf::await(std::move(proxy));
                CHECK(result.a_to_b.error == std::errc::timed_out);
                CHECK(result.b_to_a.error == std::errc::timed_out);
                CHECK(result.b_to_a.bytes == 5);
            },
            model);
    }
}

TEST_CASE("a_proxy_passes_both_directions_and_their_ends_in_both_models") {
    for (const bf::backend on : tests::each_backend) {
        bf::runtime rt{both::small_runtime()};
        rt.run(
            [](bf::backend model) -> bf::task<> {
                tests::stream_pair left;
                tests::stream_pair right;
                struct body {
                    static bf::task<bool> proxy(bf::tcp_stream& a, bf::tcp_stream& b) {
                        bf::bidirectional_copy_options options;
                        options.idle_timeout = 1h;
                        const auto result = co_await bf::copy_bidirectional(a, b, options);
                        co_return result&& result.a_to_b.bytes == 3'000'000 && result.b_to_a.bytes == 1'000'000;
                    }
                };
                auto proxy = bf::spawn(model, body::proxy, std::ref(left.far), std::ref(right.near));
                auto there = bf::spawn(model, fill, std::ref(left.near), std::size_t{3'000'000});
                const std::size_t arrived = co_await drain(right.far);
                CHECK(arrived == 3'000'000);
                co_await there;
                // One direction has ended; the other goes on.
                auto back = bf::spawn(model, fill, std::ref(right.far), std::size_t{1'000'000});
                const std::size_t came_back = co_await drain(left.near);
                CHECK(came_back == 1'000'000);
                co_await back;
                const bool good = co_await proxy;
                CHECK(good);
            },
            on);
    }
}

TEST_CASE("a_proxy_is_cancelled_while_both_directions_wait") {
    for (const bf::backend on : tests::each_backend) {
        bf::runtime rt{both::small_runtime()};
        rt.run(
            [](bf::backend model) -> bf::task<> {
                for (int round = 0; round < 20; ++round) {
                    tests::stream_pair left;
                    tests::stream_pair right;
                    struct body {
                        static bf::task<> proxy(bf::tcp_stream& a, bf::tcp_stream& b) {
                            (void)co_await bf::copy_bidirectional(a, b);
                        }
                    };
                    auto proxy = bf::spawn(model, body::proxy, std::ref(left.far), std::ref(right.near));
                    for (int n = 0; n < round; ++n) co_await bf::yield_now();
                    proxy.cancel();
                    const auto outcome = co_await proxy.outcome();
                    CHECK_FALSE(outcome.has_value());
                    // The streams work still.
                    const std::string text = "x";
                    (void)co_await left.near.write_all(bytes_of(text));
                    std::byte got{};
                    const auto count = co_await left.far.read(std::span{&got, 1});
                    CHECK(count.value() == 1);
                }
            },
            on);
    }
}

// A peer that resets ends the other direction, which waits.
TEST_CASE("a_proxy_ends_when_a_peer_is_gone") {
    for (const bf::backend on : tests::each_backend) {
        bf::runtime rt{both::small_runtime()};
        rt.run(
            [](bf::backend model) -> bf::task<> {
                tests::stream_pair left;
                tests::stream_pair right;
                struct body {
                    static bf::task<bf::bidirectional_copy_result> proxy(bf::tcp_stream& a, bf::tcp_stream& b) {
                        co_return co_await bf::copy_bidirectional(a, b);
                    }
                };
                right.far.close();
                const std::string text = "nobody reads this";
                (void)co_await left.near.write_all(bytes_of(text));
                auto proxy = bf::spawn(model, body::proxy, std::ref(left.far), std::ref(right.near));
                const bf::bidirectional_copy_result result = co_await proxy;
                CHECK(result.a_to_b.error == std::errc::broken_pipe);
                CHECK(result.a_to_b.side == bf::copy_side::writer);
            },
            on);
    }
}
