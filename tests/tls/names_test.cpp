// Which certificate a server shows to those who ask for a name, and that nothing else depends on the name.
#include "tls_pair.hpp"
#include "uninterrupted_tls.hpp"

#include <openssl/ssl.h>
#include <thread>

namespace {

using namespace tests;

constexpr auto versions = {bf::tls_version::tls12, bf::tls_version::tls13};

// Asks clients for certificates, and has the say on everything; the shop has its own trust, protocols and rules.
class guarded_shop {
public:
    guarded_shop() {
        wanted named;
        named.name = "shop.example";
        bf::tls_options shop = options_with(house().issue(named));
        shop.trust.push_back(bf::tls_pem::text(outside.root()));
        shop.verify = bf::tls_verify::required;
        shop.alpn = {"gopher"};
        shop.resume_sessions = false;
        options = server_options();
        options.trust.push_back(bf::tls_pem::text(inside.root()));
        options.verify = bf::tls_verify::required;
        options.alpn = {"h2"};
        options.names.emplace_back("shop.example", bf::tls_context::server(shop));
    }

    const authority inside{"inside"};
    const authority outside{"outside"};
    bf::tls_options options;
};

// A client with a certificate of that authority.
bf::tls_options client_of(const authority& issuer, bf::tls_version newest) {
    wanted who;
    who.name = "alice";
    bf::tls_options options = options_with(issuer.issue(who));
    options.trust = client_options().trust;
    options.alpn = {"gopher", "h2"};
    options.max_version = newest;
    return options;
}

// A byte from the server, behind which a client of TLS 1.3 has the tickets.
bf::task<bool> pass_byte(tls_ends& ends) {
    const std::string text = "x";
    (void)co_await ends.server->write_all(bytes_of(text));
    std::array<std::byte, 1> buffer{};
    const auto got = co_await ends.client->read(buffer);
    co_return got.value_or(0) == 1;
}

// The first authority that the server names to a client which asks for `name`, by OpenSSL itself.
std::string first_authority(bf::tcp_stream over, const char* name) {
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context{SSL_CTX_new(TLS_client_method()), &SSL_CTX_free};
    const std::unique_ptr<SSL, decltype(&SSL_free)> ssl{SSL_new(context.get()), &SSL_free};
    SSL_set_fd(ssl.get(), over.descriptor());
    SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(name));
    (void)uninterrupted(ssl.get(), [&] { return SSL_connect(ssl.get()); });
    const STACK_OF(X509_NAME)* const names = SSL_get0_peer_CA_list(ssl.get());
    if (names == nullptr || sk_X509_NAME_num(names) == 0) return "none";
    char text[64];
    return X509_NAME_oneline(sk_X509_NAME_value(names, 0), text, sizeof text);
}

}  // namespace

TEST_CASE("names_choose_certificates") {
    in_both([](bf::backend model) -> bf::task<> {
        wanted exact;
        exact.name = "shop.example";
        wanted many;
        many.name = "*.cloud.example";
        bf::tls_options options = server_options();
        options.names.emplace_back("Shop.Example", bf::tls_context::server(options_with(house().issue(exact))));
        options.names.emplace_back("*.cloud.example", bf::tls_context::server(options_with(house().issue(many))));
        const auto server = bf::tls_context::server(options);
        const auto client = bf::tls_context::client(client_options());
        tls_ends shop = co_await shake(model, client, server, "SHOP.example");
        REQUIRE(shop.client.has_value());
        CHECK(shop.client->peer_subject() == "CN=shop.example");
        tls_ends cloud = co_await shake(model, client, server, "a.cloud.example");
        REQUIRE(cloud.client.has_value());
        CHECK(cloud.client->peer_subject() == "CN=*.cloud.example");
        tls_ends deep = co_await shake(model, client, server, "b.a.cloud.example");
        CHECK(deep.client.error() == bf::tls_errc::bad_certificate);
        tls_ends other = co_await shake(model, client, server);
        REQUIRE(other.client.has_value());
        CHECK(other.client->peer_subject() == "CN=localhost");
    });
}

// They were once checked by the named context's trust: who was refused without the name got in with it.
TEST_CASE("a_name_changes_nothing_about_whom_a_server_lets_in") {
    in_both([](bf::backend model) -> bf::task<> {
        const guarded_shop shop;
        const auto server = bf::tls_context::server(shop.options);
        for (const bf::tls_version version : versions)
            for (const std::string host : {"localhost", "shop.example"}) {
                INFO("version: " << static_cast<int>(version) << ", host: " << host);
                const auto stranger = bf::tls_context::client(client_of(shop.outside, version));
                const tls_ends refused = co_await shake(model, stranger, server, host);
                CHECK(refused.server.error() == bf::tls_errc::bad_certificate);
                const auto friendly = bf::tls_context::client(client_of(shop.inside, version));
                const tls_ends good = co_await shake(model, friendly, server, host);
                REQUIRE(good.server.has_value());
                CHECK(good.server->peer_subject() == "CN=alice");
                REQUIRE(good.client.has_value());
                CHECK(good.client->peer_subject() == "CN=" + host);
                // Nor about the protocols.
                CHECK(good.server->alpn() == "h2");
                CHECK(good.client->alpn() == "h2");
            }
    });
}

TEST_CASE("a_server_names_its_own_authorities_whatever_name_it_is_asked_for") {
    const guarded_shop shop;
    const auto server = bf::tls_context::server(shop.options);
    for (const char* const host : {"localhost", "shop.example"}) {
        narrow_pair sockets;
        std::string named;
        std::thread client{[&] { named = first_authority(std::move(sockets.near), host); }};
        const auto far = bf::block_on(bf::tls_accept(std::move(sockets.far), server));
        client.join();
        CHECK_FALSE(far.has_value());
        CHECK(named == "/CN=inside");
    }
}

TEST_CASE("connections_by_a_name_resume_as_others_do") {
    in_both([](bf::backend model) -> bf::task<> {
        const guarded_shop shop;
        const auto server = bf::tls_context::server(shop.options);
        for (const bf::tls_version version : versions) {
            const auto client = bf::tls_context::client(client_of(shop.inside, version));
            for (int round = 0; round < 3; ++round)
                for (const std::string host : {"localhost", "shop.example"}) {
                    INFO("version: " << static_cast<int>(version) << ", round: " << round << ", host: " << host);
                    tls_ends ends = co_await shake(model, client, server, host);
                    REQUIRE(ends.server.has_value());
                    REQUIRE(ends.client.has_value());
                    CHECK(ends.client->resumed() == (round != 0));
                    CHECK(ends.client->peer_subject() == "CN=" + host);
                    CHECK(ends.server->peer_subject() == "CN=alice");
                    CHECK(ends.server->alpn() == "h2");
                    const bool passed = co_await pass_byte(ends);
                    CHECK(passed);
                }
        }
    });
}

// With its chain, and although clients would rather have the other's kind of key.
TEST_CASE("a_name_has_the_certificate_of_another_kind_of_key") {
    in_both([](bf::backend model) -> bf::task<> {
        const authority between{house(), "between"};
        wanted named;
        named.name = "shop.example";
        named.rsa_bits = 2048;
        bf::tls_options options = server_options();
        options.names.emplace_back("shop.example", bf::tls_context::server(options_with(between.issue(named))));
        const auto server = bf::tls_context::server(options);
        for (const bf::tls_version version : versions) {
            bf::tls_options newest = client_options();
            newest.max_version = version;
            const auto client = bf::tls_context::client(newest);
            for (const std::string host : {"localhost", "shop.example"}) {
                const tls_ends ends = co_await shake(model, client, server, host);
                REQUIRE(ends.client.has_value());
                CHECK(ends.client->peer_subject() == "CN=" + host);
            }
        }
    });
}

TEST_CASE("a_name_whose_certificate_the_servers_rules_refuse_is_refused") {
    wanted weak;
    weak.name = "shop.example";
    weak.rsa_bits = 1024;
    bf::tls_options lax = options_with(house().issue(weak));
    lax.ciphers = "DEFAULT@SECLEVEL=0";
    bf::tls_options options = server_options();
    options.ciphers = "DEFAULT@SECLEVEL=2";
    options.names.emplace_back("shop.example", bf::tls_context::server(lax));
    CHECK_THROWS_WITH(bf::tls_context::server(options), Catch::Contains("names has 'shop.example'") &&
                                                            Catch::Contains("key too small") &&
                                                            Catch::Contains("ciphers allow"));
}
