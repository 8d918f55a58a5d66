// Operations that are given up at every moment: what was on its way stays whole, and nothing leaks.
#include "descriptors.hpp"
#include "resource_limits.hpp"
#include "tls_pair.hpp"

#include <atomic>
#include <vector>

namespace {

using namespace tests;
using namespace std::chrono_literals;

bf::task<> turns(int count) {
    for (int n = 0; n < count; ++n) co_await bf::yield_now();
}

std::byte at(std::size_t position) { return static_cast<std::byte>((position * 2654435761U) >> 11); }

bf::task<bool> send_pattern(tls& to, std::size_t bytes) {
    std::vector<std::byte> data(bytes);
    for (std::size_t n = 0; n < bytes; ++n) data[n] = at(n);
    const auto wrote = co_await to.write_all(data);
    co_return wrote.value_or(0) == bytes;
}

// Reads with a reader that gives up over and over. How many bytes came as they were sent.
bf::task<std::size_t> read_impatiently(tls& from, std::size_t bytes) {
    std::array<std::byte, 1000> buffer;
    std::size_t good = 0;
    for (int round = 0; good < bytes; ++round) {
        auto first = co_await bf::race(from.read(buffer), turns(round % 7));
        if (first.index() != 0) continue;
        const auto& got = std::get<0>(first.value());
        if (got.value_or(0) == 0) break;
        for (std::size_t n = 0; n < *got; ++n)
            if (buffer[n] != at(good++)) co_return 0;
    }
    co_return good;
}

}  // namespace

TEST_CASE("a_read_given_up_at_any_moment_loses_nothing") {
    in_both([](bf::backend model) -> bf::task<> {
        tls_ends ends = co_await shake(model);
        constexpr std::size_t bytes = 400'000;
        auto sending = bf::spawn(model, send_pattern, std::ref(*ends.client), bytes);
        auto reading = bf::spawn(model, read_impatiently, std::ref(*ends.server), bytes);
        const bool good1 = co_await reading == bytes;
        CHECK(good1);
        const bool good2 = co_await sending;
        CHECK(good2);
    });
}

TEST_CASE("a_write_given_up_at_any_moment_leaves_whole_records") {
    in_both([](bf::backend model) -> bf::task<> {
        tls_ends ends = co_await shake(model);
        struct body {
            // Blocks of one letter each, given up after a few turns.
            static bf::task<> write(tls& to) {
                for (int round = 0; round < 200; ++round) {
                    const std::vector<std::byte> block(20'000, static_cast<std::byte>(round));
                    auto first = co_await bf::race(to.write_all(block), turns(round % 5));
                    if (first.index() == 0) CHECK(std::get<0>(first.value()).has_value());
                }
                const bool good3 = (co_await to.shutdown_write()).has_value();
                CHECK(good3);
            }
        };
        auto writing = bf::spawn(model, body::write, std::ref(*ends.client));
        std::vector<std::byte> buffer(10'000);
        std::byte last{0};
        std::size_t total = 0;
        for (;;) {
            const auto got = co_await ends.server->read(buffer);
            REQUIRE(got.has_value());  // A record that was lost or sent in part would be an error.
            if (*got == 0) break;
            total += *got;
            for (std::size_t n = 0; n < *got; ++n) {
                if (buffer[n] < last) FAIL_CHECK("a block came after a later one");
                last = buffer[n];
            }
        }
        co_await writing;
        CHECK(total > 0);
    });
}

TEST_CASE("handshakes_given_up_at_any_moment_leave_no_descriptor") {
    in_both([](bf::backend model) -> bf::task<> {
        const auto client = bf::tls_context::client(client_options());
        const auto server = bf::tls_context::server(server_options());
        (void)co_await shake(model, client, server);
        const std::size_t before = open_descriptors();
        struct body {
            static bf::task<> accept(bf::tcp_stream over, bf::tls_context context, int patience) {
                (void)co_await bf::race(bf::tls_accept(std::move(over), context), turns(patience));
            }
        };
        for (int patience = 0; patience < 60; ++patience) {
            narrow_pair sockets;
            auto accepting = bf::spawn(model, body::accept, std::move(sockets.far), server, patience);
            auto connecting =
                bf::spawn(model, connect_tls<bf::tcp_stream>, std::move(sockets.near), client, "localhost");
            if (patience % 3 == 0) connecting.cancel();
            (void)co_await connecting.outcome();
            co_await accepting;
        }
        // Sources wait for their driver's next look.
        for (int n = 0; n < 10'000 && open_descriptors() != before; ++n) co_await bf::sleep_for(1ms);
        CHECK(open_descriptors() == before);
    });
}

TEST_CASE("a_cancelled_task_leaves_the_stream_to_others") {
    in_both([](bf::backend model) -> bf::task<> {
        tls_ends ends = co_await shake(model);
        struct body {
            static bf::task<> read(tls& from, std::atomic<bool>& begun) {
                begun = true;
                std::array<std::byte, 8> buffer;
                (void)co_await from.read(buffer);
            }
        };
        std::atomic<bool> begun{false};
        auto reader = bf::spawn(model, body::read, std::ref(*ends.server), std::ref(begun));
        while (!begun) co_await bf::yield_now();
        co_await turns(10);  // Parked by now, as a rule.
        // A second reader waits for its turn, and gets it.
        std::array<std::byte, 4> buffer{};
        auto next = ends.server->read_exact(buffer);
        auto turn = bf::yield_now();
        (void)co_await bf::select(next, turn);
        reader.cancel();
        const bool good4 = !(co_await reader.outcome()).has_value();
        CHECK(good4);
        const std::string text = "late";
        (void)co_await ends.client->write_all(bytes_of(text));
        const auto got = co_await next;
        CHECK(got.value() == 4);
    });
}

TEST_CASE("operations_destroyed_in_flight_lose_nothing_either") {
    bf::runtime rt{both::small_runtime(1)};
    rt.run([]() -> bf::task<> {
        tls_ends ends = co_await shake(bf::backend::stackless);
        {
            std::array<std::byte, 8> buffer;
            auto reading = ends.server->read(buffer);
            auto turn = bf::yield_now();
            (void)co_await bf::select(reading, turn);
        }
        const std::vector<std::byte> much(100'000, std::byte{7});
        std::size_t taken = 0;
        {
            auto writing = ends.client->write_all(much);
            auto turn = bf::yield_now();
            (void)co_await bf::select(writing, turn);  // The socket's buffer is smaller.
            writing.end();
            const auto went = writing.finished();
            taken = went ? went->value() : 0;
        }
        CHECK(taken > 0);
        CHECK(taken < much.size());
        struct body {
            static bf::task<> end(tls& of) { (void)co_await of.shutdown_write(); }
        };
        auto ending = bf::spawn(body::end, std::ref(*ends.client));
        std::vector<std::byte> got(much.size());
        std::size_t total = 0;
        for (;;) {
            const auto count = co_await ends.server->read(got);
            REQUIRE(count.has_value());
            if (*count == 0) break;
            total += *count;
        }
        CHECK(total == taken);
        co_await ending;
    });
}

TEST_CASE("an_error_is_told_although_the_peer_does_not_read_the_alert") {
    in_both([](bf::backend model) -> bf::task<> {
        tls_ends ends = co_await shake(model);
        struct body {
            static bf::task<> flood(tls& to) {
                const std::vector<std::byte> much(200'000);
                (void)co_await to.write_all(much);
            }
        };
        // The server's socket is full, and its writer waits, when garbage comes.
        auto flooding = bf::spawn(model, body::flood, std::ref(*ends.server));
        co_await turns(50);
        const std::string forged = std::string{"\x17\x03\x03\x00\x20", 5} + std::string(32, 'x');
        (void)co_await ends.client->transport().write_all(bytes_of(forged));
        std::array<std::byte, 8> buffer{};
        const auto got = co_await ends.server->read(buffer);
        CHECK(got.error() == bf::tls_errc::protocol);
        flooding.cancel();
        (void)co_await flooding.outcome();
    });
}

TEST_CASE("two_hundred_handshakes_at_once") {
    if (!tests::descriptors_suffice(500)) return;
    in_both([](bf::backend model) -> bf::task<> {
        struct body {
            static bf::task<> serve(bf::tcp_stream over, bf::tls_context context) {
                auto stream = co_await bf::tls_accept(std::move(over), context);
                std::array<std::byte, 64> buffer;
                while (stream) {
                    const auto count = co_await stream->read(buffer);
                    if (count.value_or(0) == 0) break;
                    (void)co_await stream->write_all(std::span{buffer}.first(*count));
                }
            }
            static bf::task<bool> call(std::string to, bf::tls_context context, int number) {
                auto over = co_await bf::tcp_stream::connect(to);
                auto stream = co_await bf::tls_connect(std::move(over.value()), context, "localhost");
                const std::string text = "message " + std::to_string(number);
                (void)co_await stream.value().write_all(bytes_of(text));
                std::string back(text.size(), '\0');
                const auto got = co_await stream->read_exact(std::as_writable_bytes(std::span{back}));
                (void)co_await stream->shutdown_write();
                co_return got.has_value() && back == text;
            }
        };
        const auto client = bf::tls_context::client(client_options());
        const auto server = bf::tls_context::server(server_options());
        auto listener = bf::tcp_listener::bind("127.0.0.1:0").value();
        const std::string address = listener.local_address().value().to_string();
        constexpr int calls = 200;
        std::vector<bf::join_handle<bool>> calling;
        for (int n = 0; n < calls; ++n) calling.push_back(bf::spawn(model, body::call, address, client, n));
        std::vector<bf::join_handle<void>> serving;
        for (int n = 0; n < calls; ++n) {
            auto over = co_await listener.accept();
            serving.push_back(bf::spawn(model, body::serve, std::move(over.value()), server));
        }
        int good = 0;
        for (auto& call : calling) good += co_await call ? 1 : 0;
        for (auto& serve : serving) co_await serve;
        CHECK(good == calls);
    });
}
