// Which text is a numeric address, and which is one of the old forms that a C library still takes for one.
#include <bifilar/bifilar.hpp>
#include "names.hpp"

#include <string>

namespace bf = bifilar;

namespace {

// All of 127.0.0.1.
constexpr const char* old_forms[] = {"2130706433", "0177.1",      "0x7f.1",     "0x7f000001", "017700000001",
                                     "127.1",      "127.0.1",     "127.0.0.01", "0177.0.0.1", "0x7F.0.0.1",
                                     "127.0.0.1.", "2130706433.", "127.1.",     "00127.0.0.1"};

auto resolved(const bf::resolver_options& options, const std::string& host, const std::string& service = "80") {
    bf::resolver resolver{options};
    return bf::block_on(resolver.resolve(host, service));
}

}  // namespace

// Who checks the text of an address against a list, and then connects, was led past the list by its old forms.
TEST_CASE("an_old_form_of_an_address_is_neither_an_address_nor_a_name") {
    const tests::names names;
    for (const std::string host : old_forms)
        for (const std::string service : {"80", "http", ""}) {
            INFO("host: " << host << ", service: " << service);
            CHECK(resolved(names.options(), host, service).error() == bf::resolve_errc::old_address);
            CHECK(resolved({}, host, service).error() == bf::resolve_errc::old_address);
        }
    CHECK(names.lookups() == 0);
    CHECK(bf::make_error_code(bf::resolve_errc::old_address) == std::errc::invalid_argument);
}

TEST_CASE("nobody_is_connected_to_by_an_old_form") {
    auto listener = bf::tcp_listener::bind("127.0.0.1:0").value();
    const std::string port = std::to_string(listener.local_address().value().port());
    bf::runtime rt{bf::runtime_options{}};
    for (const std::string host : old_forms) {
        INFO("host: " << host);
        CHECK(rt.run(bf::connect(host, port)).error() == bf::resolve_errc::old_address);
        CHECK(rt.run(bf::connect(host + ":" + port)).error() == bf::resolve_errc::old_address);
    }
}

TEST_CASE("old_forms_of_addresses_are_taken_where_they_are_wanted") {
    const tests::names names;
    bf::resolver_options options = names.options();
    options.old_addresses = true;
    for (const std::string host : {"2130706433", "0177.1", "0x7f.1", "127.1"}) {
        INFO("host: " << host);
        const auto found = resolved(options, host);
        REQUIRE(found.has_value());
        CHECK(found->front().to_string() == "127.0.0.1:80");
    }
    CHECK(names.lookups() == 0);
}

TEST_CASE("addresses_are_taken_and_names_with_digits_are_asked_for") {
    const tests::names names;
    for (const std::string host : {"127.0.0.1", "::1", "::ffff:127.0.0.1", "fe80::1%1"}) {
        INFO("host: " << host);
        CHECK(resolved(names.options(), host).has_value());
    }
    CHECK(names.lookups() == 0);
    for (const std::string host : {"1.example", "0x7f.example", "4.3.2.1.in-addr.arpa", "123a", "1.2.3.4.5",
                                   "256.0.0.1", "::ffff:127.1", "::1::", "1:2"}) {
        INFO("host: " << host);
        CHECK(resolved(names.options(), host).error() == bf::resolve_errc::no_such_host);
    }
    CHECK(names.lookups() == 9);
}

// RFC 3986 has addresses of IPv6 in brackets, and nothing else.
TEST_CASE("only_an_address_of_ipv6_is_in_brackets") {
    for (const std::string text : {"[127.0.0.1]:80", "[localhost]:80", "[2130706433]:80", "[]:80"}) {
        INFO("text: " << text);
        CHECK(bf::block_on(bf::connect(text)).error() == bf::resolve_errc::bad_text);
    }
}
