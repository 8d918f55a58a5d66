// Bytes over TLS: whole, in both directions at once, in pieces, cut off, and ended.
#include "openssl_peer.hpp"

#include <cerrno>
#include <cstring>
#include <thread>
#include <vector>

namespace {

using namespace tests;

std::vector<std::byte> pattern(std::size_t bytes, unsigned seed) {
    std::vector<std::byte> made(bytes);
    for (std::size_t n = 0; n < bytes; ++n) made[n] = static_cast<std::byte>((n * 2654435761U + seed) >> 13);
    return made;
}

// Passes one byte at a time in each direction: what a slow network does to record headers.
class dribble {
public:
    explicit dribble(bf::tcp_stream over) : over_{std::move(over)} {}
    [[nodiscard]] bf::stream_read_future read(std::span<std::byte> into) noexcept { return over_.read(into.first(1)); }
    [[nodiscard]] bf::stream_write_future write(std::span<const std::byte> from) noexcept {
        return over_.write(from.first(1));
    }

private:
    bf::tcp_stream over_;
};

template <class Stream>
bf::task<bool> send_all(bf::tls_stream<Stream>& to, const std::vector<std::byte>& data) {
    const auto wrote = co_await to.write_all(data);
    co_return wrote.value_or(0) == data.size();
}

template <class Stream>
bf::task<bool> expect(bf::tls_stream<Stream>& from, const std::vector<std::byte>& data) {
    std::vector<std::byte> got(data.size());
    const auto count = co_await from.read_exact(got);
    co_return count.value_or(0) == data.size() && got == data;
}

}  // namespace

TEST_CASE("bytes_arrive_and_close_notify_is_the_end") {
    in_both([](bf::backend model) -> bf::task<> {
        tls_ends ends = co_await shake(model);
        const std::string text = "over the wire";
        const auto wrote = co_await ends.client->write_all(bytes_of(text));
        CHECK(wrote.value() == text.size());
        std::array<std::byte, 64> buffer{};
        // In two reads, the second of which needs no transfer.
        const auto first = co_await ends.server->read(std::span{buffer}.first(4));
        CHECK(first.value() == 4);
        const auto rest = co_await ends.server->read(std::span{buffer}.subspan(4));
        CHECK(rest.value() == text.size() - 4);
        CHECK(std::memcmp(buffer.data(), text.data(), text.size()) == 0);

        const bool good1 = (co_await ends.client->shutdown_write()).has_value();
        CHECK(good1);
        const bool good2 = (co_await ends.client->shutdown_write()).has_value();
        CHECK(good2);
        const auto end = co_await ends.server->read(buffer);
        CHECK(end.value() == 0);
        const auto again = co_await ends.server->read_exact(buffer);
        CHECK(again.error() == std::errc::no_message_available);
        const auto late = co_await ends.client->write(bytes_of(text));
        CHECK(late.error() == std::errc::broken_pipe);
        // The other direction goes on.
        (void)co_await ends.server->write_all(bytes_of(text));
        const auto back = co_await ends.client->read(buffer);
        CHECK(back.value() == text.size());
        const std::span<std::byte> none;
        const bool good3 = (co_await ends.client->read(none)).value() == 0;
        CHECK(good3);
        const bool good4 = (co_await ends.client->write(none)).value() == 0;
        CHECK(good4);
    });
}

TEST_CASE("an_end_without_close_notify_is_told_apart") {
    in_both([](bf::backend model) -> bf::task<> {
        tls_ends ends = co_await shake(model);
        const std::string text = "half of";
        (void)co_await ends.client->write_all(bytes_of(text));
        // Not close(): the client has not read its tickets, so that would be a reset.
        CHECK(ends.client->transport().shutdown_write().has_value());
        std::array<std::byte, 64> buffer{};
        const auto first = co_await ends.server->read(buffer);
        CHECK(first.value() == text.size());
        const auto cut = co_await ends.server->read(buffer);
        CHECK(cut.error() == bf::tls_errc::truncated);
        const auto after = co_await ends.server->write(bytes_of(text));
        CHECK_FALSE(after.has_value());
        CHECK(cut.error() != bf::tls_errc::alert);
        CHECK_THAT(cut.error().message(), Catch::Contains("close_notify"));
    });
}

TEST_CASE("a_broken_record_ends_the_connection_on_both_sides") {
    in_both([](bf::backend model) -> bf::task<> {
        tls_ends ends = co_await shake(model);
        // A record of the right kind and length, encrypted with no key.
        const std::string forged = std::string{"\x17\x03\x03\x00\x20", 5} + std::string(32, 'x');
        (void)co_await ends.client->transport().write_all(bytes_of(forged));
        std::array<std::byte, 8> buffer{};
        const auto got = co_await ends.server->read(buffer);
        CHECK(got.error() == bf::tls_errc::protocol);
        CHECK_THAT(got.error().message(), Catch::Contains("bad record mac"));
        const auto told = co_await ends.client->read(buffer);
        CHECK(told.error() == bf::tls_errc::alert);
        const auto later = co_await ends.server->read(buffer);
        CHECK(later.error() == bf::tls_errc::protocol);
    });
}

TEST_CASE("ten_megabytes_go_both_ways_at_once") {
    in_both([](bf::backend model) -> bf::task<> {
        tls_ends ends = co_await shake(model);
        const auto there = pattern(10'000'000, 1);
        const auto back = pattern(10'000'000, 2);
        auto a = bf::spawn(model, send_all<bf::tcp_stream>, std::ref(*ends.client), std::cref(there));
        auto b = bf::spawn(model, send_all<bf::tcp_stream>, std::ref(*ends.server), std::cref(back));
        auto c = bf::spawn(model, expect<bf::tcp_stream>, std::ref(*ends.client), std::cref(back));
        auto d = bf::spawn(model, expect<bf::tcp_stream>, std::ref(*ends.server), std::cref(there));
        const bool good5 = co_await a;
        CHECK(good5);
        const bool good6 = co_await b;
        CHECK(good6);
        const bool good7 = co_await c;
        CHECK(good7);
        const bool good8 = co_await d;
        CHECK(good8);
    });
}

TEST_CASE("small_buffers_carry_large_writes") {
    in_both([](bf::backend model) -> bf::task<> {
        bf::tls_options client = client_options();
        client.buffer_bytes = 2048;
        bf::tls_options server = server_options();
        server.buffer_bytes = 2048;
        tls_ends ends = co_await shake(model, bf::tls_context::client(client), bf::tls_context::server(server));
        const auto data = pattern(300'000, 3);
        auto sending = bf::spawn(model, send_all<bf::tcp_stream>, std::ref(*ends.server), std::cref(data));
        const bool good9 = co_await expect(*ends.client, data);
        CHECK(good9);
        const bool good10 = co_await sending;
        CHECK(good10);
    });
}

TEST_CASE("a_byte_at_a_time_is_enough") {
    in_both([](bf::backend model) -> bf::task<> {
        for (const bf::tls_version version : {bf::tls_version::tls12, bf::tls_version::tls13}) {
            bf::tls_options options = client_options();
            options.max_version = version;
            const auto client = bf::tls_context::client(options);
            const auto server = bf::tls_context::server(server_options());
            narrow_pair sockets;
            auto accepting = bf::spawn(model, accept_tls<dribble>, dribble{std::move(sockets.far)}, server);
            auto connecting =
                bf::spawn(model, connect_tls<dribble>, dribble{std::move(sockets.near)}, client, "localhost");
            auto near = co_await connecting;
            auto far = co_await accepting;
            REQUIRE(near.has_value());
            REQUIRE(far.has_value());
            const auto data = pattern(20'000, 4);
            auto sending = bf::spawn(model, send_all<dribble>, std::ref(*near), std::cref(data));
            const bool good11 = co_await expect(*far, data);
            CHECK(good11);
            const bool good12 = co_await sending;
            CHECK(good12);
        }
    });
}

TEST_CASE("tls_runs_over_tls") {
    in_both([](bf::backend model) -> bf::task<> {
        tls_ends outer = co_await shake(model);
        const auto client = bf::tls_context::client(client_options());
        const auto server = bf::tls_context::server(server_options());
        auto accepting = bf::spawn(model, accept_tls<tls>, std::move(*outer.server), server);
        auto connecting = bf::spawn(model, connect_tls<tls>, std::move(*outer.client), client, "localhost");
        auto near = co_await connecting;
        auto far = co_await accepting;
        REQUIRE(near.has_value());
        REQUIRE(far.has_value());
        const auto data = pattern(100'000, 5);
        auto sending = bf::spawn(model, send_all<tls>, std::ref(*near), std::cref(data));
        const bool good13 = co_await expect(*far, data);
        CHECK(good13);
        const bool good14 = co_await sending;
        CHECK(good14);
    });
}

TEST_CASE("two_writers_take_turns_with_whole_writes") {
    in_both([](bf::backend model) -> bf::task<> {
        tls_ends ends = co_await shake(model);
        const std::vector<std::byte> ones(100'000, std::byte{1});
        const std::vector<std::byte> twos(100'000, std::byte{2});
        auto a = bf::spawn(model, send_all<bf::tcp_stream>, std::ref(*ends.client), std::cref(ones));
        auto b = bf::spawn(model, send_all<bf::tcp_stream>, std::ref(*ends.client), std::cref(twos));
        std::vector<std::byte> got(200'000);
        const bool good15 = (co_await ends.server->read_exact(got)).has_value();
        CHECK(good15);
        int changes = 0;
        for (std::size_t n = 1; n < got.size(); ++n) changes += got[n] != got[n - 1] ? 1 : 0;
        CHECK(changes == 1);
        const bool good16 = co_await a;
        CHECK(good16);
        const bool good17 = co_await b;
        CHECK(good17);
    });
}

TEST_CASE("plain_threads_speak_tls_without_a_runtime") {
    narrow_pair sockets;
    const auto client = bf::tls_context::client(client_options());
    const auto server = bf::tls_context::server(server_options());
    std::thread far_end{[&] {
        auto stream = bf::block_on(bf::tls_accept(std::move(sockets.far), server)).value();
        std::array<std::byte, 4> buffer{};
        (void)bf::block_on(stream.read_exact(buffer));
        (void)bf::block_on(stream.write_all(buffer));
        (void)bf::block_on(stream.shutdown_write());
    }};
    auto stream = bf::block_on(bf::tls_connect(std::move(sockets.near), client, "localhost")).value();
    const std::string text = "ping";
    CHECK(bf::block_on(stream.write_all(bytes_of(text))).value() == 4);
    std::array<std::byte, 8> buffer{};
    CHECK(bf::block_on(stream.read(buffer)).value() == 4);
    CHECK(bf::block_on(stream.read(buffer)).value() == 0);
    far_end.join();
}

// OpenSSL itself at the other end, because this library asks for no new keys and no renegotiation.
TEST_CASE("requests_for_new_keys_are_answered_and_renegotiation_is_refused") {
    for (const bool keys : {true, false}) {
        narrow_pair sockets;
        std::thread peer{[&] {
            SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
            if (!keys) SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
            SSL* const ssl = SSL_new(context);
            SSL_set_fd(ssl, sockets.near.descriptor());
            const auto whole = [ssl](auto call) { return uninterrupted(ssl, call); };
            bool good = whole([&] { return SSL_connect(ssl); }) == 1;
            for (int round = 0; good && round < 40; ++round) {
                if (keys) good = SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED) == 1;
                char back[4];
                good = good && whole([&] { return SSL_write(ssl, "ping", 4); }) == 4;
                good = good && whole([&] { return SSL_read(ssl, back, 4); }) == 4;
            }
            if (!keys) (void)SSL_renegotiate(ssl);
            if (good && !keys) good = whole([&] { return SSL_do_handshake(ssl); }) != 1;
            if (!good) ::shutdown(sockets.near.descriptor(), SHUT_RDWR);
            if (keys) (void)SSL_shutdown(ssl);
            SSL_free(ssl);
            SSL_CTX_free(context);
        }};
        auto stream = bf::block_on(bf::tls_accept(std::move(sockets.far), bf::tls_context::server(server_options())));
        REQUIRE(stream.has_value());
        std::array<std::byte, 4> buffer{};
        int rounds = 0;
        for (; bf::block_on(stream->read_exact(buffer)).has_value(); ++rounds)
            (void)bf::block_on(stream->write_all(buffer));
        CHECK(rounds == 40);
        stream->close();
        peer.join();
    }
}

// OpenSSL at the other end again, with tickets of several records that arrive byte by byte.
TEST_CASE("writes_go_on_while_a_ticket_has_arrived_in_part") {
    narrow_pair sockets;
    const std::string ping = "ping";
    std::thread peer{[&] {
        SSL_CTX* const context = SSL_CTX_new(TLS_server_method());
        use_house_certificate(context);
        SSL_CTX_set_max_send_fragment(context, 512);
        const auto fill = [](SSL* ssl, void*) {
            const std::string much(3000, 'x');
            return SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), much.data(), much.size());
        };
        const auto take = [](SSL*, SSL_SESSION*, const unsigned char*, std::size_t, SSL_TICKET_STATUS,
                             void*) -> SSL_TICKET_RETURN { return SSL_TICKET_RETURN_USE; };
        SSL_CTX_set_session_ticket_cb(context, fill, take, nullptr);
        SSL* const ssl = SSL_new(context);
        SSL_set_fd(ssl, sockets.far.descriptor());
        char back[4];
        const auto whole = [ssl](auto call) { return uninterrupted(ssl, call); };
        bool good = whole([&] { return SSL_accept(ssl); }) == 1;
        good = good && whole([&] { return SSL_read(ssl, back, 4); }) == 4;
        good = good && whole([&] { return SSL_write(ssl, back, 4); }) == 4;
        if (!good) ::shutdown(sockets.far.descriptor(), SHUT_RDWR);
        SSL_free(ssl);
        SSL_CTX_free(context);
    }};
    const auto client = bf::tls_context::client(client_options());
    auto stream = bf::block_on(bf::tls_connect(dribble{std::move(sockets.near)}, client, "localhost"));
    REQUIRE(stream.has_value());
    std::array<std::byte, 4> buffer{};
    auto both = bf::block_on(bf::join_all(stream->read_exact(buffer), stream->write_all(bytes_of(ping))));
    CHECK(std::get<0>(both).has_value());
    CHECK(std::get<1>(both).has_value());
    CHECK(std::memcmp(buffer.data(), ping.data(), ping.size()) == 0);
    peer.join();
}
