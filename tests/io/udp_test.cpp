// UDP over whichever driver BIFILAR_DRIVER names, each wait in a coroutine, a fiber and on a plain thread.
#include <bifilar/io/net/udp_socket.hpp>
#include "both/in_each_model.hpp"
#include "bytes.hpp"
#include "descriptors.hpp"
#include "last_words.hpp"

#include <array>
#include <cstring>
#include <net/if.h>
#include <string>
#include <vector>

namespace bf = bifilar;
using both::await_in;
using both::in_each_model;
using both::model;
using tests::bytes_of;
using tests::text_of;
using namespace std::chrono_literals;

namespace {

bf::udp_socket anywhere(const bf::udp_options& options = {}) {
    auto made = bf::udp_socket::bind(bf::socket_address::loopback_ipv4(), options);
    REQUIRE(made.has_value());
    return std::move(*made);
}

bf::socket_address address_of(const bf::udp_socket& socket) { return socket.local_address().value(); }

std::uint32_t loopback_index() { return ::if_nametoindex("lo"); }

}  // namespace

TEST_CASE("datagrams_arrive_whole_with_their_sender") {
    in_each_model([](model m, bf::runtime& rt) {
        auto near = anywhere();
        auto far = anywhere();
        for (const std::string text : {"one", "", "another"}) {
            const auto to = address_of(far);
            CHECK(await_in(m, rt, [&] { return near.send_to(bytes_of(text), to); }).value() == text.size());
            std::array<std::byte, 64> buffer{};
            const auto got = await_in(m, rt, [&] { return far.recv_from(buffer); }).value();
            CHECK(text_of(std::span{buffer}.first(got.bytes)) == text);
            CHECK(got.from == address_of(near));
            CHECK_FALSE(got.truncated);
            CHECK(got.segment_bytes == 0);
        }
    });
}

TEST_CASE("a_datagram_too_long_for_the_buffer_is_cut_and_the_answer_says_so") {
    in_each_model([](model m, bf::runtime& rt) {
        auto near = anywhere();
        auto far = anywhere();
        const auto to = address_of(far);
        for (const char* const text : {"0123456789", "0123"})
            REQUIRE(await_in(m, rt, [&] { return near.send_to(bytes_of(text), to); }).has_value());
        std::array<std::byte, 4> buffer{};
        const auto peeked = await_in(m, rt, [&] { return far.peek_from(buffer); }).value();
        CHECK(peeked.bytes == 4);
        CHECK(peeked.truncated);
        CHECK(peeked.from == address_of(near));
        const auto cut = await_in(m, rt, [&] { return far.recv_from(buffer); }).value();
        CHECK(cut.bytes == 4);
        CHECK(cut.truncated);
        const auto whole = await_in(m, rt, [&] { return far.recv(buffer); }).value();
        CHECK(text_of(buffer) == "0123");
        CHECK_FALSE(whole.truncated);
        CHECK(whole.from == bf::socket_address{});
    });
}

TEST_CASE("a_refused_datagram_is_answered_by_a_later_operation_once") {
    in_each_model([](model m, bf::runtime& rt) {
        auto near = anywhere();
        auto elsewhere = anywhere();
        auto silent = anywhere();  // Keeps its port, and is connected, so it takes nothing from others.
        REQUIRE(silent.connect(address_of(elsewhere)).has_value());
        REQUIRE(near.connect(address_of(silent)).has_value());
        CHECK(near.peer_address().value() == address_of(silent));
        REQUIRE(await_in(m, rt, [&] { return near.send(bytes_of("anybody?")); }).has_value());
        std::array<std::byte, 8> buffer{};
        const auto refused = await_in(m, rt, [&] { return near.recv(buffer); });
        CHECK(refused.error() == std::errc::connection_refused);

        REQUIRE(near.connect(address_of(elsewhere)).has_value());
        REQUIRE(await_in(m, rt, [&] { return near.send(bytes_of("you")); }).has_value());
        CHECK(await_in(m, rt, [&] { return elsewhere.recv(buffer); })->bytes == 3);
        const auto back = address_of(near);
        REQUIRE(await_in(m, rt, [&] { return elsewhere.send_to(bytes_of("me"), back); }).has_value());
        CHECK(await_in(m, rt, [&] { return near.recv(buffer); })->bytes == 2);
        REQUIRE(near.disconnect().has_value());
        CHECK(near.peer_address().error() == std::errc::not_connected);
        const auto nowhere = await_in(m, rt, [&] { return near.send(bytes_of("?")); });
        CHECK(nowhere.error() == std::errc::destination_address_required);
    });
}

TEST_CASE("udp_failures_keep_the_systems_codes") {
    CHECK(bf::udp_socket::bind("nonsense").error() == std::errc::invalid_argument);
    CHECK(bf::udp_socket::bind("192.0.2.1:0").error() == std::errc::address_not_available);
    CHECK(bf::udp_socket::bind(bf::socket_address::unix_unnamed()).error() == std::errc::address_family_not_supported);
    auto near = anywhere();
    CHECK(bf::udp_socket::bind(address_of(near)).error() == std::errc::address_in_use);
    bf::runtime rt{both::small_runtime()};
    for (const model m : {model::coroutine, model::fiber}) {
        const std::vector<std::byte> much(70'000);
        const auto self = address_of(near);
        const auto too_long = await_in(m, rt, [&] { return near.send_to(much, self); });
        CHECK(too_long.error() == std::errc::message_size);
        const auto everybody = bf::socket_address::ipv4({255, 255, 255, 255}, 9);
        CHECK(await_in(m, rt, [&] { return near.send_to(bytes_of("!"), everybody); }).error() ==
              std::errc::permission_denied);
    }
}

TEST_CASE("udp_options_do_what_they_say") {
    bf::udp_options shared;
    shared.reuse_port = true;
    auto first = anywhere(shared);
    CHECK(bf::udp_socket::bind(address_of(first), shared).has_value());
    bf::udp_options several;
    several.reuse_address = several.broadcast = true;
    auto near = anywhere(several);
    CHECK(bf::udp_socket::bind(address_of(near), several).has_value());
    CHECK(near.set_ttl(7).has_value());
    CHECK(near.set_multicast_ttl(3).has_value());
    CHECK(near.set_multicast_loop(false).has_value());
    CHECK(near.set_ttl(1'000).error() == std::errc::invalid_argument);
    REQUIRE(near.set_receive_buffer(16'384).has_value());
    REQUIRE(near.set_send_buffer(8'192).has_value());
    CHECK(near.receive_buffer().value() == 32'768);
    CHECK(near.send_buffer().value() == 16'384);
    auto six = bf::udp_socket::bind("[::1]:0").value();
    CHECK(six.set_ttl(7).has_value());
    CHECK(six.set_multicast_ttl(3).has_value());
    CHECK(six.set_multicast_loop(true).has_value());
    near.close();
    CHECK(near.descriptor() == -1);
}

TEST_CASE("one_socket_takes_both_families") {
    in_each_model([](model m, bf::runtime& rt) {
        auto server = bf::udp_socket::bind("[::]:0").value();
        const std::uint16_t port = address_of(server).port();
        auto four = anywhere();
        auto six = bf::udp_socket::bind("[::1]:0").value();
        std::array<std::byte, 8> buffer{};
        const auto at_four = bf::socket_address::loopback_ipv4(port);
        REQUIRE(await_in(m, rt, [&] { return four.send_to(bytes_of("4"), at_four); }).has_value());
        const auto from_four = await_in(m, rt, [&] { return server.recv_from(buffer); }).value();
        CHECK(from_four.from.to_string() == "[::ffff:127.0.0.1]:" + std::to_string(address_of(four).port()));
        CHECK(await_in(m, rt, [&] { return server.send_to(bytes_of("back"), from_four.from); }).value() == 4);
        CHECK(await_in(m, rt, [&] { return four.recv(buffer); })->bytes == 4);
        const auto at_six = bf::socket_address::loopback_ipv6(port);
        REQUIRE(await_in(m, rt, [&] { return six.send_to(bytes_of("6"), at_six); }).has_value());
        CHECK(await_in(m, rt, [&] { return server.recv_from(buffer); })->from == address_of(six));
    });
    bf::udp_options alone;
    alone.only_ipv6 = true;
    auto six = bf::udp_socket::bind("[::]:0", alone).value();
    CHECK(bf::udp_socket::bind(bf::socket_address::any_ipv4(address_of(six).port())).has_value());
}

TEST_CASE("many_datagrams_move_with_one_call") {
    in_each_model([](model m, bf::runtime& rt) {
        auto near = anywhere();
        auto far = anywhere();
        bf::datagram_batch out{60, 16};
        for (int n = 0; n < 60; ++n) REQUIRE(out.add(bytes_of("no. " + std::to_string(n)), address_of(far)));
        CHECK_FALSE(out.add(bytes_of("full"), address_of(far)));
        CHECK(await_in(m, rt, [&] { return near.send_many(out); }).value() == 60);
        CHECK(await_in(m, rt, [&] { return near.send_many(out, 60); }).value() == 0);
        bf::datagram_batch in{25, 5};
        int seen = 0;
        while (seen < 60) {
            const std::size_t count = await_in(m, rt, [&] { return far.recv_many(in); }).value();
            REQUIRE(count == in.size());
            REQUIRE(count > 0);
            for (std::size_t n = 0; n < count; ++n, ++seen) {
                CHECK(text_of(in[n].bytes) == ("no. " + std::to_string(seen)).substr(0, 5));
                CHECK(in[n].truncated == (seen > 9));
                CHECK(in[n].address == address_of(near));
            }
        }
        // The same batch sends, connected.
        REQUIRE(near.connect(address_of(far)).has_value());
        out.clear();
        REQUIRE(out.add(bytes_of("direct")));
        CHECK(await_in(m, rt, [&] { return near.send_many(out); }).value() == 1);
        CHECK(await_in(m, rt, [&] { return far.recv_many(in); }).value() == 1);
    });
}

TEST_CASE("sending_many_stops_before_the_one_that_fails_and_then_tells_why") {
    in_each_model([](model m, bf::runtime& rt) {
        auto near = anywhere();
        auto far = anywhere();
        bf::datagram_batch out{4, 16};
        REQUIRE(out.add(bytes_of("good"), address_of(far)));
        REQUIRE(out.add(bytes_of("bad"), bf::socket_address::ipv4({255, 255, 255, 255}, 9)));
        REQUIRE(out.add(bytes_of("good as well"), address_of(far)));
        CHECK(await_in(m, rt, [&] { return near.send_many(out); }).value() == 1);
        CHECK(await_in(m, rt, [&] { return near.send_many(out, 1); }).error() == std::errc::permission_denied);
        CHECK(await_in(m, rt, [&] { return near.send_many(out, 2); }).value() == 1);
    });
    CHECK_THROWS_AS(bf::datagram_batch(0, 16), std::invalid_argument);
    CHECK_THROWS_AS(bf::datagram_batch(1'025, 16), std::invalid_argument);
    CHECK_THROWS_AS(bf::datagram_batch(1, 0), std::invalid_argument);
    bf::datagram_batch small{1, 4};
    CHECK_FALSE(small.add(bytes_of("12345")));
    CHECK(small.size() == 0);
}

TEST_CASE("the_kernel_cuts_a_send_into_segments_and_puts_them_together") {
    in_each_model([](model m, bf::runtime& rt) {
        auto near = anywhere();
        auto far = anywhere();
        const auto to = address_of(far);
        REQUIRE(near.set_segment_bytes(1'000).has_value());
        const std::vector<std::byte> sent(2'500, std::byte{7});
        REQUIRE(await_in(m, rt, [&] { return near.send_to(sent, to); }).value() == sent.size());
        std::vector<std::byte> buffer(65'535);
        for (const std::size_t bytes : {1'000, 1'000, 500})
            CHECK(await_in(m, rt, [&] { return far.recv(buffer); })->bytes == bytes);

        REQUIRE(far.set_coalescing(true).has_value());
        REQUIRE(await_in(m, rt, [&] { return near.send_to(sent, to); }).value() == sent.size());
        std::size_t sum = 0;
        while (sum < sent.size()) {
            const auto got = await_in(m, rt, [&] { return far.recv_from(buffer); }).value();
            sum += got.bytes;
            if (got.bytes > 1'000) CHECK(got.segment_bytes == 1'000);
        }
        CHECK(sum == sent.size());
        REQUIRE(await_in(m, rt, [&] { return near.send_to(sent, to); }).value() == sent.size());
        bf::datagram_batch in{4, 65'535};
        sum = 0;
        while (sum < sent.size()) {
            REQUIRE(await_in(m, rt, [&] { return far.recv_many(in); }).has_value());
            for (std::size_t n = 0; n < in.size(); ++n) {
                sum += in[n].bytes.size();
                if (in[n].bytes.size() > 1'000) CHECK(in[n].segment_bytes == 1'000);
            }
        }
        CHECK(sum == sent.size());
    });
}

TEST_CASE("groups_are_joined_and_left") {
    const std::uint32_t lo = loopback_index();
    REQUIRE(lo != 0);
    const auto group_four = bf::socket_address::ipv4({239, 1, 2, 3}, 0);
    const auto group_six = bf::socket_address::parse("[ff01::7]:0").value();
    in_each_model([&](model m, bf::runtime& rt) {
        for (const auto& group : {group_four, group_six}) {
            INFO(group.to_string());
            auto member = bf::udp_socket::bind(group.is_ipv4() ? "0.0.0.0:0" : "[::]:0").value();
            auto sender = bf::udp_socket::bind(group.is_ipv4() ? "127.0.0.1:0" : "[::1]:0").value();
            REQUIRE(sender.set_multicast_interface(lo).has_value());
            REQUIRE(member.join_group(group, lo).has_value());
            CHECK(member.join_group(group, lo).error() == std::errc::address_in_use);
            const auto to = group.with_port(address_of(member).port());
            const auto sent = await_in(m, rt, [&] { return sender.send_to(bytes_of("all"), to); });
            std::array<std::byte, 8> buffer{};
            if (sent)
                CHECK(await_in(m, rt, [&] { return member.recv_from(buffer); })->bytes == 3);
            else  // Not every machine has a route for groups of IPv6 that stays inside.
                CHECK((group.is_ipv6() && sent.error() == std::errc::network_unreachable));
            CHECK(member.leave_group(group, lo).has_value());
            CHECK(member.leave_group(group, lo).error() == std::errc::address_not_available);
            CHECK(member.join_group(bf::socket_address::loopback_ipv4(), lo).error() == std::errc::invalid_argument);
        }
    });
}

TEST_CASE("receives_that_end_early_leave_the_socket_as_it_was") {
    (void)bf::block_on(bf::timeout(bf::ctrl_c(), 1ms));  // Opens what stays open.
    in_each_model([](model m, bf::runtime& rt) {
        auto near = anywhere();
        auto far = anywhere();
        const auto to = address_of(far);
        const std::size_t before = tests::open_descriptors();
        std::array<std::byte, 8> buffer{};
        bf::datagram_batch in{4, 8};
        for (int round = 0; round < 20; ++round) {
            CHECK_FALSE(await_in(m, rt, [&] { return bf::timeout(far.recv_from(buffer), 100us); }).has_value());
            CHECK_FALSE(await_in(m, rt, [&] { return bf::timeout(far.recv_many(in), 100us); }).has_value());
            CHECK_FALSE(await_in(m, rt, [&] { return bf::timeout(far.peek_from(buffer), 100us); }).has_value());
            REQUIRE(await_in(m, rt, [&] { return near.send_to(bytes_of("next"), to); }).has_value());
            CHECK(await_in(m, rt, [&] { return far.recv_from(buffer); })->bytes == 4);
        }
        CHECK(tests::open_descriptors() <= before + 2);  // Each worker's driver may open its own things late.
    });
}

TEST_CASE("udp_misuse_ends_the_process_with_the_remedy") {
    tests::check_aborts("after close() or after it was moved from", [] {
        auto near = bf::udp_socket::bind("127.0.0.1:0").value();
        near.close();
        std::array<std::byte, 4> buffer{};
        (void)near.recv(buffer);
    });
}
