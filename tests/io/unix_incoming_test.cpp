// Incoming connections of a Unix listener, over whichever driver BIFILAR_DRIVER names.
#include <bifilar/io/net/unix_listener.hpp>
#include "both/in_each_model.hpp"
#include "bytes.hpp"
#include "io/scratch_directory.hpp"
#include "last_words.hpp"

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

namespace bf = bifilar;
using both::await_in;
using both::in_each_model;
using both::model;
using tests::bytes_of;
using namespace std::chrono_literals;

TEST_CASE("the_file_of_a_unix_listener_goes_with_its_incoming_connections_and_not_before") {
    const tests::scratch_directory in;
    const std::string path = in / "socket";
    in_each_model([&](model m, bf::runtime& rt) {
        auto all = std::optional{bf::unix_listener::bind(path).value().incoming()};
        for (int n = 0; n < 3; ++n) {
            auto near = await_in(m, rt, [&] { return bf::unix_stream::connect(path); }).value();
            auto far = await_in(m, rt, [&] { return all->accept(); }).value();
            CHECK(far.credentials()->process == ::getpid());
            CHECK(await_in(m, rt, [&] { return near.write_all(bytes_of("hello")); }).has_value());
            std::array<std::byte, 5> buffer{};
            CHECK(await_in(m, rt, [&] { return far.read_exact(buffer); }).value() == 5);
        }
        auto moved = std::move(*all);
        all.reset();
        CHECK(in.entries() == 1);
        CHECK(moved.local_address()->path() == path);
    });
    CHECK(in.entries() == 0);
}

// To whoever polls such a socket it is readable, for ever.
TEST_CASE("a_first_accept_of_a_unix_listener_that_was_shut_down_fails") {
    in_each_model([](model m, bf::runtime& rt) {
        auto listener = bf::unix_listener::bind(bf::socket_address::unix_unnamed()).value();
        REQUIRE(::shutdown(listener.descriptor(), SHUT_RDWR) == 0);
        const auto answer = await_in(m, rt, [&] { return bf::timeout(listener.accept(), 10s); });
        REQUIRE(answer.has_value());
        CHECK(answer->error() == std::errc::invalid_argument);
    });
}

TEST_CASE("a_unix_listener_that_gave_its_connections_away_aborts") {
    tests::check_aborts("a unix_listener was used after it was moved from", [] {
        const auto name = bf::socket_address::unix_abstract("bifilar-moved-" + std::to_string(::getpid())).value();
        auto listener = bf::unix_listener::bind(name).value();
        const auto taken = std::move(listener).incoming();
        (void)std::move(listener).incoming();
    });
}
