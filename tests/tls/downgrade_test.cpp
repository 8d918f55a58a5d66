// Peers that want less than this library gives: versions that are broken, another handshake within a connection.
#include "openssl_peer.hpp"

#include <thread>
#include <utility>

namespace {

using namespace tests;

// The first flight of a server that cares for nothing the client has offered. Its random number ends in `mark`.
std::string forged_hello(int version, const std::string& mark, const std::string& suite) {
    const auto byte = [](std::size_t value) { return static_cast<char>(value & 255U); };
    std::string body{byte(static_cast<std::size_t>(version) >> 8U), byte(static_cast<std::size_t>(version))};
    body += std::string(32 - mark.size(), 'r') + mark;
    body += '\0';  // No session.
    body += suite;
    body += '\0';  // No compression.
    const std::string message = std::string{'\2', '\0', '\0', byte(body.size())} + body;
    return std::string{'\x16', '\3', '\1', '\0', byte(message.size())} + message;
}

// What the client says of such a hello, and the alert that the server gets.
bf::task<std::pair<std::error_code, int>> answer_to(bf::backend model, std::string hello) {
    narrow_pair sockets;
    (void)co_await sockets.far.write_all(bytes_of(hello));
    const auto context = bf::tls_context::client(client_options());
    auto connecting = bf::spawn(model, connect_tls<bf::tcp_stream>, std::move(sockets.near), context, "localhost");
    const auto near = co_await connecting;
    std::string said;
    std::array<std::byte, 512> buffer{};
    while (const std::size_t count = (co_await sockets.far.read(buffer)).value_or(0))
        said.append(reinterpret_cast<const char*>(buffer.data()), count);
    const std::error_code error = near ? std::error_code{} : near.error();
    co_return std::pair{error, said.empty() ? 0 : static_cast<int>(said.back())};
}

}  // namespace

TEST_CASE("servers_refuse_clients_of_tls_1_0_and_1_1") {
    in_both([](bf::backend model) -> bf::task<> {
        const auto server = bf::tls_context::server(server_options());
        for (const int version : {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION}) {
            INFO("version: " << version);
            narrow_pair sockets;
            int reason = 0;
            std::thread peer{[&] { reason = openssl_peer{TLS_client_method(), sockets.near, version}.shake(); }};
            auto accepting = bf::spawn(model, accept_tls<bf::tcp_stream>, std::move(sockets.far), server);
            const auto far = co_await accepting;
            peer.join();
            CHECK(far.has_value() == (version == TLS1_2_VERSION));
            CHECK(reason == (version == TLS1_2_VERSION ? 0 : SSL_R_TLSV1_ALERT_PROTOCOL_VERSION));
            if (far) continue;
            CHECK(far.error() == bf::tls_errc::protocol);
            CHECK_THAT(far.error().message(), Catch::Contains("unsupported protocol"));
        }
    });
}

TEST_CASE("clients_refuse_servers_that_go_back_to_old_versions") {
    in_both([](bf::backend model) -> bf::task<> {
        const std::string cbc{"\xc0\x09", 2};
        for (const int version : {SSL3_VERSION, TLS1_VERSION, TLS1_1_VERSION}) {
            INFO("version: " << version);
            const auto [error, alert] = co_await answer_to(model, forged_hello(version, "", cbc));
            CHECK(error == bf::tls_errc::protocol);
            CHECK_THAT(error.message(), Catch::Contains("unsupported protocol"));
            CHECK(alert == SSL_AD_PROTOCOL_VERSION);
        }
        // A server that knows TLS 1.3 marks its random number when it is made to speak 1.2 (RFC 8446, 4.1.3).
        const std::string gcm{"\xc0\x2b", 2};
        const auto [error, alert] = co_await answer_to(model, forged_hello(TLS1_2_VERSION, "DOWNGRD\x01", gcm));
        CHECK(error == bf::tls_errc::protocol);
        CHECK_THAT(error.message(), Catch::Contains("inappropriate fallback"));
        CHECK(alert == SSL_AD_ILLEGAL_PARAMETER);
    });
}

// The other way round is in stream_test: requests_for_new_keys_are_answered_and_renegotiation_is_refused.
TEST_CASE("clients_refuse_to_renegotiate") {
    in_both([](bf::backend model) -> bf::task<> {
        narrow_pair sockets;
        bool good = false;
        int reason = 0;
        std::thread peer{[&] {
            openssl_peer server{TLS_server_method(), sockets.far, TLS1_2_VERSION};
            good = server.shake() == 0 && server.read(4) == 0 && server.renegotiate() == 0 && server.write("pong") == 0;
            reason = good ? server.read(4) : 0;
            ::shutdown(sockets.far.descriptor(), SHUT_RDWR);
        }};
        const auto context = bf::tls_context::client(client_options());
        auto connecting = bf::spawn(model, connect_tls<bf::tcp_stream>, std::move(sockets.near), context, "localhost");
        auto near = co_await connecting;
        const std::string ping = "ping";
        std::array<std::byte, 4> buffer{};
        std::error_code last;
        if (near) {
            (void)co_await near->write_all(bytes_of(ping));
            // What comes behind the request is read; there is no second handshake.
            const auto got = co_await near->read_exact(buffer);
            CHECK(got.has_value());
            const auto end = co_await near->read(buffer);
            if (!end) last = end.error();
        }
        peer.join();
        CHECK(near.has_value());
        CHECK(good);
        CHECK(reason == SSL_R_NO_RENEGOTIATION);
        CHECK(last == bf::tls_errc::alert);
    });
}
