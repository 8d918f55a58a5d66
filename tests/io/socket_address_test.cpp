// Addresses: from text, numbers and the kernel, back to text, and when they are equal.
#include <bifilar/io/address/socket_address.hpp>
#include "catch.hpp"

#include <array>
#include <netinet/in.h>
#include <string>
#include <sys/un.h>
#include <unordered_set>

namespace bf = bifilar;
using bf::socket_address;

namespace {

std::string round_trip(const std::string& text) {
    const auto parsed = socket_address::parse(text);
    return parsed ? parsed->to_string() : parsed.error().message();
}

}  // namespace

TEST_CASE("addresses_read_back_as_they_were_written") {
    for (const char* const text : {"127.0.0.1:80", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:443", "[::]:0",
                                   "[2001:db8::7]:8080", "[::ffff:10.0.0.1]:53", "[fe80::1%lo]:80"})
        CHECK(round_trip(text) == text);
    CHECK(round_trip("[fe80::1%1]:80") == "[fe80::1%lo]:80");
    CHECK(socket_address::parse("[fe80::1%lo]:80")->scope() == 1);
    CHECK(socket_address{}.to_string().empty());
    CHECK(socket_address{}.family() == AF_UNSPEC);
}

TEST_CASE("text_that_is_no_address_says_what_to_write") {
    using Catch::Matchers::Contains;
    for (const std::string text :
         {"", ":", "80", "localhost:80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:80 ",
          "1.2.3:80", "1.2.3.4.5:80", "::1:80", "[::1]", "[::1:80", "[]:80", "[%lo]:80", "[127.0.0.1]:80"}) {
        INFO(text);
        const auto parsed = socket_address::parse(text);
        REQUIRE_FALSE(parsed.has_value());
        CHECK(parsed.error() == std::errc::invalid_argument);
        CHECK_THAT(parsed.error().message(), Contains("127.0.0.1:80"));
    }
    CHECK_FALSE(socket_address::parse(std::string_view{"127.0.0.1\0x:80", 14}).has_value());
    for (const char* const text :
         {"[fe80::1%nowhere0]:80", "[fe80::1%]:80", "[fe80::1%an_interface_of_a_long_name]:80"}) {
        const auto parsed = socket_address::parse(text);
        CHECK(parsed.error() == std::errc::invalid_argument);
        CHECK_THAT(parsed.error().message(), Contains("interface"));
    }
}

TEST_CASE("addresses_are_made_of_numbers") {
    CHECK(socket_address::ipv4({10, 1, 2, 3}, 53) == socket_address::parse("10.1.2.3:53").value());
    CHECK(socket_address::any_ipv4().to_string() == "0.0.0.0:0");
    CHECK(socket_address::any_ipv6(7).to_string() == "[::]:7");
    CHECK(socket_address::loopback_ipv4(80).to_string() == "127.0.0.1:80");
    CHECK(socket_address::loopback_ipv6(80).to_string() == "[::1]:80");
    CHECK(socket_address::loopback_ipv6(80).with_port(81).to_string() == "[::1]:81");
    CHECK(socket_address::loopback_ipv4().is_ip());
    CHECK_FALSE(socket_address::loopback_ipv4().is_ipv6());
    CHECK_FALSE(socket_address::unix_unnamed().is_ip());
    CHECK(socket_address::unix_unnamed().port() == 0);
    CHECK(socket_address::unix_unnamed().with_port(5) == socket_address::unix_unnamed());
}

TEST_CASE("unix_addresses_are_paths_names_or_nothing") {
    const auto path = socket_address::unix_path("/tmp/a socket").value();
    CHECK(path.to_string() == "unix:/tmp/a socket");
    CHECK(path.path() == "/tmp/a socket");
    CHECK(path.abstract_name().empty());
    CHECK(path.is_unix());
    const auto name = socket_address::unix_abstract("bus").value();
    CHECK(name.to_string() == "unix:@bus");
    CHECK(name.abstract_name() == "bus");
    CHECK(name.path().empty());
    CHECK(socket_address::unix_abstract(std::string_view{"a\0\x7f", 3})->to_string() == "unix:@a\\x00\\x7f");
    CHECK(socket_address::unix_unnamed().to_string() == "unix:");
}

TEST_CASE("unix_addresses_that_cannot_be_say_why") {
    using Catch::Matchers::Contains;
    const std::string longest(socket_address::max_path_bytes, 'x');
    CHECK(socket_address::unix_path(longest)->path() == longest);
    CHECK(socket_address::unix_abstract(longest)->abstract_name() == longest);
    for (const auto& tried : {socket_address::unix_path(longest + "x"), socket_address::unix_abstract(longest + "x")}) {
        REQUIRE_FALSE(tried.has_value());
        CHECK(tried.error() == std::errc::filename_too_long);
        CHECK_THAT(tried.error().message(), Contains("107"));
    }
    CHECK(socket_address::unix_path("").error() == std::errc::invalid_argument);
    CHECK(socket_address::unix_abstract("").error() == std::errc::invalid_argument);
    CHECK(socket_address::unix_path(std::string_view{"a\0b", 3}).error() == std::errc::invalid_argument);
}

TEST_CASE("addresses_are_equal_when_they_mean_the_same") {
    const auto base = socket_address::loopback_ipv4(80);
    CHECK(base == socket_address::ipv4({127, 0, 0, 1}, 80));
    CHECK(base != socket_address::loopback_ipv4(81));
    CHECK(base != socket_address::ipv4({127, 0, 0, 2}, 80));
    CHECK(base != socket_address::loopback_ipv6(80));
    CHECK(base != socket_address{});
    std::array<std::uint8_t, 16> local{0xfe, 0x80};
    CHECK(socket_address::ipv6(local, 1, 1) != socket_address::ipv6(local, 1, 2));
    sockaddr_in6 labelled{};
    labelled.sin6_family = AF_INET6;
    labelled.sin6_flowinfo = 77;
    labelled.sin6_port = htons(9);
    const auto from_kernel = socket_address::copy_of(reinterpret_cast<const sockaddr*>(&labelled), sizeof labelled);
    CHECK(from_kernel.value() == socket_address::any_ipv6(9));
    CHECK(socket_address::unix_path("a").value() == socket_address::unix_path("a").value());
    CHECK(socket_address::unix_path("a").value() != socket_address::unix_abstract("a").value());
    CHECK(socket_address::unix_path("a").value() != socket_address::unix_path("ab").value());
    // The kernel may count the 0 behind a path, or not.
    sockaddr_un bare{};
    bare.sun_family = AF_UNIX;
    bare.sun_path[0] = 'a';
    const auto short_one =
        socket_address::copy_of(reinterpret_cast<const sockaddr*>(&bare), offsetof(sockaddr_un, sun_path) + 1);
    CHECK(short_one.value() == socket_address::unix_path("a").value());

    std::unordered_set<socket_address> seen;
    seen.insert(base);
    seen.insert(from_kernel.value());
    seen.insert(socket_address::any_ipv6(9));
    seen.insert(short_one.value());
    seen.insert(socket_address::unix_path("a").value());
    CHECK(seen.size() == 3);
}

TEST_CASE("what_the_kernel_gives_is_checked") {
    const sockaddr odd{AF_APPLETALK, {}};
    CHECK(socket_address::copy_of(&odd, sizeof odd).error() == std::errc::address_family_not_supported);
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    const auto* const as = reinterpret_cast<const sockaddr*>(&v4);
    CHECK(socket_address::copy_of(as, sizeof v4).has_value());
    CHECK_FALSE(socket_address::copy_of(as, sizeof v4 - 1).has_value());
    CHECK_FALSE(socket_address::copy_of(as, 0).has_value());
    CHECK(socket_address::local(-1).error() == std::errc::bad_file_descriptor);
    CHECK(socket_address::peer(-1).error() == std::errc::bad_file_descriptor);
}
