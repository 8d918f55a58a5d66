// Who is let in, and what those hear who are not.
#include "tls_pair.hpp"

#include <cerrno>
#include <stdexcept>

namespace {

using namespace tests;
using namespace std::chrono_literals;

using ends_task = bf::task<tls_ends>;

// One byte from the server: a client of TLS 1.3 hears only then whether its certificate was taken.
bf::task<std::error_code> first_read(tls& from) {
    std::array<std::byte, 1> buffer{};
    const auto got = co_await from.read(buffer);
    co_return got ? std::error_code{} : got.error();
}

// Both sides fail, the client because of the server's certificate.
void check_refused(const tls_ends& ends, const std::string& reason) {
    REQUIRE_FALSE(ends.client.has_value());
    CHECK(ends.client.error() == bf::tls_errc::bad_certificate);
    CHECK_THAT(ends.client.error().message(), Catch::Contains(reason));
    REQUIRE_FALSE(ends.server.has_value());
    CHECK(ends.server.error() == bf::tls_errc::alert);
}

// Whether a connection to the listener's port takes up an earlier one. It waits for the tickets of TLS 1.3, which come
// behind the handshake.
bf::task<bool> resumes_at(bf::backend model, bf::tcp_listener& listener, const bf::tls_context& client,
                          const bf::tls_context& server) {
    const auto at = listener.local_address().value();
    auto connecting = bf::spawn(bf::tcp_stream::connect(at));
    auto far = co_await listener.accept();
    auto near = co_await connecting;
    tls_ends ends =
        co_await shake_over(model, stream_pair{std::move(near.value()), std::move(far.value())}, client, server);
    if (!ends.client || !ends.server) throw std::runtime_error{"the handshake failed"};
    const std::string text = "x";
    (void)co_await ends.server->write_all(bytes_of(text));
    (void)co_await first_read(*ends.client);
    co_return ends.client->resumed();
}

}  // namespace

TEST_CASE("a_handshake_agrees_on_the_newest_version") {
    in_both([](bf::backend model) -> bf::task<> {
        tls_ends ends = co_await shake(model);
        REQUIRE(ends.client.has_value());
        REQUIRE(ends.server.has_value());
        CHECK(ends.client->version() == "TLSv1.3");
        CHECK(ends.client->cipher() == ends.server->cipher());
        CHECK(ends.client->peer_subject() == "CN=localhost");
        CHECK(ends.server->peer_subject().empty());
        CHECK(ends.server->server_name() == "localhost");
        CHECK(ends.client->alpn().empty());
        CHECK_FALSE(ends.client->resumed());
    });
}

TEST_CASE("bad_certificates_are_refused_with_their_reason") {
    in_both([](bf::backend model) -> bf::task<> {
        const auto client = bf::tls_context::client(client_options());
        wanted expired;
        expired.from_s = -7200;
        expired.until_s = -3600;
        tls_ends late = co_await shake(model, client, bf::tls_context::server(options_with(house().issue(expired))));
        check_refused(late, "certificate has expired");
        wanted early;
        early.from_s = 3600;
        early.until_s = 7200;
        tls_ends soon = co_await shake(model, client, bf::tls_context::server(options_with(house().issue(early))));
        check_refused(soon, "certificate is not yet valid");
        wanted other;
        other.name = "elsewhere.example";
        tls_ends wrong = co_await shake(model, client, bf::tls_context::server(options_with(house().issue(other))));
        check_refused(wrong, "hostname mismatch");
        const authority stranger{"stranger"};
        tls_ends unknown = co_await shake(model, client, bf::tls_context::server(options_with(stranger.issue())));
        check_refused(unknown, "unable to get local issuer certificate");
    });
}

// A common name is free text, which authorities need not check.
TEST_CASE("a_common_name_is_no_host_name") {
    in_both([](bf::backend model) -> bf::task<> {
        wanted bare;
        bare.has_alternatives = false;
        const tls_ends ends = co_await shake(model, bf::tls_context::client(client_options()),
                                             bf::tls_context::server(options_with(house().issue(bare))));
        check_refused(ends, "hostname mismatch");
    });
}

TEST_CASE("chains_and_self_signed_certificates") {
    in_both([](bf::backend model) -> bf::task<> {
        const auto client = bf::tls_context::client(client_options());
        const authority between{house(), "between"};
        const authority lower{between, "lower"};
        tls_ends chained = co_await shake(model, client, bf::tls_context::server(options_with(lower.issue())));
        CHECK(chained.client.has_value());
        // With a root of its own at its end, the chain is complete and still nobody's.
        const authority stranger{"stranger"};
        issued whole = stranger.issue();
        whole.certificate += stranger.root();
        tls_ends self = co_await shake(model, client, bf::tls_context::server(options_with(whole)));
        check_refused(self, "self-signed certificate in certificate chain");
        const authority lonely{"localhost"};
        tls_ends alone = co_await shake(model, client, bf::tls_context::server(options_with(lonely.self())));
        check_refused(alone, "self-signed certificate");
        bf::tls_options careless;
        careless.verify = bf::tls_verify::none;
        tls_ends any = co_await shake(model, bf::tls_context::client(careless),
                                      bf::tls_context::server(options_with(whole)), "any.example");
        CHECK(any.client.has_value());
        bf::tls_options no_host = client_options();
        no_host.verify_host = false;
        tls_ends other = co_await shake(model, bf::tls_context::client(no_host),
                                        bf::tls_context::server(server_options()), "any.example");
        CHECK(other.client.has_value());
    });
}

TEST_CASE("hosts_may_be_addresses_and_must_be_something") {
    in_both([](bf::backend model) -> bf::task<> {
        const auto client = bf::tls_context::client(client_options());
        wanted both;
        both.address = "127.0.0.1";
        const auto server = bf::tls_context::server(options_with(house().issue(both)));
        tls_ends good = co_await shake(model, client, server, "127.0.0.1");
        REQUIRE(good.client.has_value());
        CHECK(good.server->server_name().empty());
        tls_ends bad = co_await shake(model, client, server, "127.0.0.2");
        check_refused(bad, "IP address mismatch");
        tls_ends none = co_await shake(model, client, server, "");
        CHECK(none.client.error() == std::errc::invalid_argument);
        CHECK(none.server.error() == bf::tls_errc::truncated);
    });
}

// The dot went into the server's name as it was, which RFC 6066 forbids, and into the comparison with the certificate.
TEST_CASE("the_dot_that_ends_a_host_is_the_resolvers_alone") {
    in_both([](bf::backend model) -> bf::task<> {
        const auto client = bf::tls_context::client(client_options());
        wanted both;
        both.address = "127.0.0.1";
        const auto server = bf::tls_context::server(options_with(house().issue(both)));
        const tls_ends ends = co_await shake(model, client, server, "localhost.");
        REQUIRE(ends.client.has_value());
        REQUIRE(ends.server.has_value());
        CHECK(ends.server->server_name() == "localhost");
        for (const std::string host : {".", "localhost..", "127.0.0.1."}) {
            INFO("host: " << host);
            const tls_ends none = co_await shake(model, client, server, host);
            CHECK(none.client.error() == std::errc::invalid_argument);
        }
    });
}

TEST_CASE("client_certificates_are_asked_for_and_checked") {
    in_both([](bf::backend model) -> bf::task<> {
        bf::tls_options strict = server_options();
        strict.trust.push_back(bf::tls_pem::text(house().root()));
        strict.verify = bf::tls_verify::required;
        const auto server = bf::tls_context::server(strict);
        wanted who;
        who.name = "alice";
        bf::tls_options with = options_with(house().issue(who));
        with.trust = client_options().trust;
        tls_ends good = co_await shake(model, bf::tls_context::client(with), server);
        REQUIRE(good.server.has_value());
        CHECK(good.server->peer_subject() == "CN=alice");

        tls_ends without = co_await shake(model, bf::tls_context::client(client_options()), server);
        REQUIRE_FALSE(without.server.has_value());
        CHECK(without.server.error() == bf::tls_errc::bad_certificate);
        REQUIRE(without.client.has_value());
        const bool good1 = co_await first_read(*without.client) == bf::tls_errc::alert;
        CHECK(good1);

        const authority stranger{"stranger"};
        bf::tls_options forged = options_with(stranger.issue(who));
        forged.trust = client_options().trust;
        tls_ends bad = co_await shake(model, bf::tls_context::client(forged), server);
        CHECK(bad.server.error() == bf::tls_errc::bad_certificate);

        bf::tls_options lenient = strict;
        lenient.verify = bf::tls_verify::if_given;
        tls_ends optional =
            co_await shake(model, bf::tls_context::client(client_options()), bf::tls_context::server(lenient));
        CHECK(optional.server.has_value());
    });
}

TEST_CASE("versions_that_do_not_meet_are_refused") {
    in_both([](bf::backend model) -> bf::task<> {
        bf::tls_options old = client_options();
        old.max_version = bf::tls_version::tls12;
        bf::tls_options modern = server_options();
        modern.min_version = bf::tls_version::tls13;
        tls_ends ends = co_await shake(model, bf::tls_context::client(old), bf::tls_context::server(modern));
        CHECK(ends.client.error() == bf::tls_errc::alert);
        CHECK_THAT(ends.client.error().message(), Catch::Contains("protocol version"));
        CHECK(ends.server.error() == bf::tls_errc::protocol);
        CHECK_THAT(ends.server.error().message(), Catch::Contains("unsupported protocol"));
        tls_ends both = co_await shake(model, bf::tls_context::client(old), bf::tls_context::server(server_options()));
        REQUIRE(both.client.has_value());
        CHECK(both.client->version() == "TLSv1.2");
    });
}

// Without forward secrecy whoever gets the key reads all that was recorded; without AEAD there are oracles of padding.
TEST_CASE("tls_1_2_has_suites_with_forward_secrecy_and_aead_alone") {
    in_both([](bf::backend model) -> bf::task<> {
        wanted rsa;
        rsa.rsa_bits = 2048;
        const issued own = house().issue(rsa);
        const auto modern = bf::tls_context::server(options_with(own));
        for (const std::string suite : {"AES256-GCM-SHA384", "AES128-SHA", "ECDHE-RSA-AES256-SHA384"}) {
            INFO("suite: " << suite);
            bf::tls_options old = client_options();
            old.max_version = bf::tls_version::tls12;
            old.ciphers = suite;
            const tls_ends offered = co_await shake(model, bf::tls_context::client(old), modern);
            REQUIRE_FALSE(offered.client.has_value());
            CHECK(offered.client.error() == bf::tls_errc::alert);
            CHECK_THAT(offered.server.error().message(), Catch::Contains("no shared cipher"));
            bf::tls_options wants = options_with(own);
            wants.max_version = bf::tls_version::tls12;
            wants.ciphers = suite;
            const tls_ends wanted_by_server =
                co_await shake(model, bf::tls_context::client(client_options()), bf::tls_context::server(wants));
            REQUIRE_FALSE(wanted_by_server.client.has_value());
            CHECK(wanted_by_server.client.error() == bf::tls_errc::alert);
            // Who names it gets it.
            const tls_ends named = co_await shake(model, bf::tls_context::client(old), bf::tls_context::server(wants));
            REQUIRE(named.client.has_value());
            CHECK(named.client->cipher() == suite);
        }
        bf::tls_options old = client_options();
        old.max_version = bf::tls_version::tls12;
        const tls_ends both = co_await shake(model, bf::tls_context::client(old), modern);
        REQUIRE(both.client.has_value());
        CHECK_THAT(both.client->cipher(), Catch::StartsWith("ECDHE-RSA-"));
    });
}

TEST_CASE("application_protocols_are_agreed_on_in_the_servers_order") {
    in_both([](bf::backend model) -> bf::task<> {
        bf::tls_options offer = client_options();
        offer.alpn = {"http/1.1", "h2"};
        bf::tls_options prefer = server_options();
        prefer.alpn = {"h2", "http/1.1"};
        const auto client = bf::tls_context::client(offer);
        const auto server = bf::tls_context::server(prefer);
        tls_ends ends = co_await shake(model, client, server);
        REQUIRE(ends.server.has_value());
        CHECK(ends.client->alpn() == "h2");
        CHECK(ends.server->alpn() == "h2");
        tls_ends none = co_await shake(model, bf::tls_context::client(client_options()), server);
        REQUIRE(none.server.has_value());
        CHECK(none.server->alpn().empty());
        bf::tls_options strange = client_options();
        strange.alpn = {"gopher"};
        tls_ends apart = co_await shake(model, bf::tls_context::client(strange), server);
        CHECK(apart.client.error() == bf::tls_errc::alert);
        CHECK_THAT(apart.client.error().message(), Catch::Contains("no application protocol"));
        CHECK(apart.server.error() == bf::tls_errc::protocol);
    });
}

TEST_CASE("later_connections_resume_earlier_ones_unless_told_not_to") {
    in_both([](bf::backend model) -> bf::task<> {
        for (const bool resume : {true, false})
            for (const bf::tls_version version : {bf::tls_version::tls12, bf::tls_version::tls13}) {
                INFO("resume: " << resume << ", version: " << static_cast<int>(version));
                bf::tls_options options = client_options();
                options.resume_sessions = resume;
                options.max_version = version;
                const auto client = bf::tls_context::client(options);
                const auto server = bf::tls_context::server(server_options());
                for (int round = 0; round < 3; ++round) {
                    tls_ends ends = co_await shake(model, client, server);
                    REQUIRE(ends.client.has_value());
                    CHECK(ends.client->resumed() == (resume && round != 0));
                    // Tickets of TLS 1.3 come behind the handshake.
                    const std::string text = "x";
                    (void)co_await ends.server->write_all(bytes_of(text));
                    const bool good2 = !co_await first_read(*ends.client);
                    CHECK(good2);
                }
            }
    });
}

// Another port is another server, which learns from a ticket who its neighbour's client is, or takes it for its own.
TEST_CASE("tickets_are_for_one_port_of_a_host_and_for_one_context") {
    in_both([](bf::backend model) -> bf::task<> {
        for (const bf::tls_version version : {bf::tls_version::tls12, bf::tls_version::tls13}) {
            INFO("version: " << static_cast<int>(version));
            bf::tls_options options = client_options();
            options.max_version = version;
            const auto client = bf::tls_context::client(options);
            const auto neighbour = bf::tls_context::client(options);
            const auto server = bf::tls_context::server(server_options());
            auto first = bf::tcp_listener::bind("127.0.0.1:0").value();
            auto second = bf::tcp_listener::bind("127.0.0.1:0").value();
            const bool fresh = co_await resumes_at(model, first, client, server);
            const bool elsewhere = co_await resumes_at(model, second, client, server);
            const bool again = co_await resumes_at(model, first, client, server);
            const bool elsewhere_again = co_await resumes_at(model, second, client, server);
            const bool of_neighbour = co_await resumes_at(model, first, neighbour, server);
            CHECK_FALSE(fresh);
            CHECK_FALSE(elsewhere);
            CHECK(again);
            CHECK(elsewhere_again);
            CHECK_FALSE(of_neighbour);
        }
    });
}

TEST_CASE("garbage_instead_of_a_handshake_is_an_error_and_is_answered") {
    in_both([](bf::backend model) -> bf::task<> {
        const auto server = bf::tls_context::server(server_options());
        narrow_pair sockets;
        const std::string text = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
        (void)co_await sockets.near.write_all(bytes_of(text));
        auto accepting = bf::spawn(model, accept_tls<bf::tcp_stream>, std::move(sockets.far), server);
        auto far = co_await accepting;
        CHECK(far.error() == bf::tls_errc::protocol);
        CHECK_THAT(far.error().message(), Catch::Contains("http request"));
        const auto client = bf::tls_context::client(client_options());
        narrow_pair other;
        const std::string greeting = "SSH-2.0-OpenSSH_9.2p1\r\n";
        (void)co_await other.far.write_all(bytes_of(greeting));
        auto connecting = bf::spawn(model, connect_tls<bf::tcp_stream>, std::move(other.near), client, "localhost");
        auto near = co_await connecting;
        CHECK(near.error() == bf::tls_errc::protocol);
        CHECK_THAT(near.error().message(), Catch::Contains("wrong version number"));
    });
}

TEST_CASE("a_peer_that_leaves_or_stays_silent_ends_the_handshake") {
    in_both([](bf::backend model) -> bf::task<> {
        const auto server = bf::tls_context::server(server_options());
        narrow_pair sockets;
        auto accepting = bf::spawn(model, accept_tls<bf::tcp_stream>, std::move(sockets.far), server);
        sockets.near.close();
        const auto left = co_await accepting;
        CHECK(left.error() == bf::tls_errc::truncated);
        narrow_pair silent;
        const auto late = co_await bf::timeout(bf::tls_accept(std::move(silent.far), server), 2ms);
        CHECK_FALSE(late.has_value());
        std::array<std::byte, 1> buffer{};
        const auto end = co_await silent.near.read(buffer);
        CHECK(end.value() == 0);  // The descriptor went with the future.
    });
}
