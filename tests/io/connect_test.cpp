// Connections by name: attempts one after the other and side by side, the first wins, and nothing is left behind.
#include "../simulated_runtime.hpp"
#include "descriptors.hpp"
#include "names.hpp"
#include "ports.hpp"
#include <bifilar/bifilar.hpp>
#include <bifilar/drivers/contract/detail/driver.hpp>
#include <bifilar/io/net/connect.hpp>

#include <array>
#include <cerrno>
#include <span>
#include <stdexcept>
#include <sys/resource.h>
#include <thread>
#include <utility>

namespace bf = bifilar;
using namespace std::chrono_literals;
using tests::open_descriptors;
using tests::wait_until;

namespace {

using connection = bf::io_result<bf::tcp_stream>;

bf::tcp_listener listen_at(const std::string& host) {
    auto listener = bf::tcp_listener::bind(host + ":0");
    REQUIRE(listener.has_value());
    return std::move(*listener);
}

std::string address_of(const bf::tcp_listener& listener) { return listener.local_address().value().to_string(); }

bool has_ipv6() { return bf::tcp_listener::bind("[::1]:0").has_value(); }

std::string peer_of(const bf::tcp_stream& stream) {
    return bf::socket_address::peer(stream.descriptor()).value().to_string();
}

// One host with these addresses, and how it is connected to. Attempts follow failures alone, unless it is told
// otherwise.
class host {
public:
    explicit host(const std::vector<std::string>& addresses) : resolver_{asking(addresses)} {
        options.attempt_delay = 1h;
        options.resolver = &resolver_;
    }

    auto connect() { return bf::connect("host", "ignored", options); }
    auto connect_in(bf::runtime& rt, bf::backend on) {
        return rt.spawn(on, [this] { return connect(); });
    }

    bf::connect_options options;
    tests::names names;

private:
    bf::resolver_options asking(const std::vector<std::string>& addresses) {
        names.add("host", addresses);
        return names.options();
    }

    bf::resolver resolver_;
};

std::vector<std::string> order_of(const std::vector<std::string>& found, const bf::connect_options& options) {
    std::vector<bf::socket_address> addresses;
    for (const std::string& one : found) addresses.push_back(tests::address(one));
    std::vector<std::string> order;
    for (const bf::socket_address& one : bf::detail::attempt_order(addresses, options))
        order.push_back(one.to_string());
    return order;
}

}  // namespace

TEST_CASE("families_take_turns") {
    using list = std::vector<std::string>;
    bf::connect_options options;
    const list found{"[::1]:1", "[::2]:1", "[::3]:1", "1.0.0.1:1", "1.0.0.2:1"};
    CHECK(order_of(found, options) == list{"[::1]:1", "1.0.0.1:1", "[::2]:1", "1.0.0.2:1", "[::3]:1"});
    options.prefer = bf::family_preference::ipv4;
    CHECK(order_of(found, options) == list{"1.0.0.1:1", "[::1]:1", "1.0.0.2:1", "[::2]:1", "[::3]:1"});
    options.max_addresses = 3;
    CHECK(order_of(found, options) == list{"1.0.0.1:1", "[::1]:1", "1.0.0.2:1"});
    options.prefer = bf::family_preference::ipv6;
    CHECK(order_of({"1.0.0.1:1", "[::1]:1"}, options) == list{"[::1]:1", "1.0.0.1:1"});
    CHECK(order_of({"1.0.0.1:1", "1.0.0.2:1"}, options) == list{"1.0.0.1:1", "1.0.0.2:1"});
    options.prefer = bf::family_preference::as_resolved;
    CHECK(order_of({"1.0.0.1:1", "[::1]:1"}, options) == list{"1.0.0.1:1", "[::1]:1"});
    CHECK(order_of({}, options).empty());
}

TEST_CASE("host_and_service_may_be_one_text") {
    both::in_each_model([](both::model m, bf::runtime& rt) {
        std::vector<std::string> hosts{"127.0.0.1"};
        if (has_ipv6()) hosts.emplace_back("[::1]");
        for (const std::string& at : hosts) {
            const bf::tcp_listener listener = listen_at(at);
            const std::string to = address_of(listener);
            const connection made = both::await_in(m, rt, [to] { return bf::connect(to); });
            REQUIRE(made.has_value());
            CHECK(peer_of(*made) == to);
        }
        for (const char* const bad :
             {"", ":", "host", "host:", ":80", "[]:80", "::1:80", "[::1:80", "::1]:80", "[::1]"})
            CHECK(both::await_in(m, rt, [bad] { return bf::connect(bad); }).error() == bf::resolve_errc::bad_text);
    });
}

TEST_CASE("a_connection_by_name_carries_bytes") {
    both::in_each_model([](both::model m, bf::runtime& rt) {
        bf::tcp_listener listener = listen_at("127.0.0.2");
        host to{{address_of(listener)}};
        connection near = both::await_in(m, rt, [&] { return to.connect(); });
        REQUIRE(near.has_value());
        CHECK(near->nodelay().value());
        connection far = both::await_in(m, rt, [&] { return listener.accept(); });
        REQUIRE(far.has_value());
        const std::array<std::byte, 3> sent{std::byte{1}, std::byte{2}, std::byte{3}};
        std::array<std::byte, 3> got{};
        CHECK(both::await_in(m, rt, [&] { return near->write_all(sent); }).value() == 3);
        CHECK(both::await_in(m, rt, [&] { return far->read_exact(got); }).value() == 3);
        CHECK(got == sent);
    });
}

TEST_CASE("the_next_address_follows_a_failure_at_once") {
    both::in_each_model([](both::model m, bf::runtime& rt) {
        const tests::silent_port silent;
        const bf::tcp_listener listener = listen_at("127.0.0.2");
        // Multicast: no connection goes there from anywhere.
        host to{{"224.0.0.1:80", silent.address(), address_of(listener)}};
        const connection made = both::await_in(m, rt, [&] { return to.connect(); });
        REQUIRE(made.has_value());
        CHECK(peer_of(*made) == address_of(listener));
    });
}

TEST_CASE("the_preferred_family_is_first") {
    if (!has_ipv6()) return;
    both::in_each_model([](both::model m, bf::runtime& rt) {
        const bf::tcp_listener v4 = listen_at("127.0.0.1");
        const bf::tcp_listener v6 = listen_at("[::1]");
        host to{{address_of(v4), address_of(v6)}};
        const auto peer = [&] { return peer_of(both::await_in(m, rt, [&] { return to.connect(); }).value()); };
        CHECK(peer() == address_of(v4));
        to.options.prefer = bf::family_preference::ipv6;
        CHECK(peer() == address_of(v6));
    });
}

TEST_CASE("the_error_that_tells_most_is_told") {
    both::in_each_model([](both::model m, bf::runtime& rt) {
        const tests::silent_port silent;
        CHECK(both::await_in(m, rt, [&] { return bf::connect(silent.address()); }).error() ==
              std::errc::connection_refused);
        host unreachable{{"224.0.0.1:80"}};
        CHECK(both::await_in(m, rt, [&] { return unreachable.connect(); }).error() == std::errc::network_unreachable);
        host one{{"224.0.0.1:80", silent.address()}};
        CHECK(both::await_in(m, rt, [&] { return one.connect(); }).error() == std::errc::connection_refused);
        host other{{silent.address(), "224.0.0.1:80"}};
        CHECK(both::await_in(m, rt, [&] { return other.connect(); }).error() == std::errc::connection_refused);
        other.names.add_answer("host", std::unexpected{make_error_code(bf::resolve_errc::try_again)});
        CHECK(both::await_in(m, rt, [&] { return other.connect(); }).error() == bf::resolve_errc::try_again);
    });
}

TEST_CASE("attempts_begin_one_delay_after_the_other") {
    for (const bf::backend on : tests::each_backend) {
        const tests::full_port first;
        const tests::full_port second{"127.0.0.2"};
        const bf::tcp_listener third = listen_at("127.0.0.3");
        bf::simulated_clock clock{tests::clock_mode::manual, tests::noon};
        bf::runtime rt{tests::on_clock(clock, 2)};
        host to{{first.address(), second.address(), address_of(third)}};
        to.options.attempt_delay = 250ms;
        const std::size_t before = open_descriptors("socket:");
        auto connecting = to.connect_in(rt, on);
        wait_until([&] { return open_descriptors("socket:") == before + 1; });
        rt.settle();
        clock.advance(250ms - 1ns);
        rt.settle();
        CHECK(open_descriptors("socket:") == before + 1);
        clock.advance(1ns);
        wait_until([&] { return open_descriptors("socket:") == before + 2; });
        rt.settle();
        clock.advance(250ms - 1ns);
        rt.settle();
        CHECK(open_descriptors("socket:") == before + 2);
        CHECK_FALSE(connecting.done());
        clock.advance(1ns);
        {
            const connection made = connecting.join();
            CHECK(peer_of(made.value()) == address_of(third));
        }
        wait_until([&] { return open_descriptors("socket:") == before; });
    }
}

TEST_CASE("without_a_delay_all_addresses_are_tried_at_once") {
    both::in_each_model([](both::model m, bf::runtime& rt) {
        const tests::full_port full;
        const tests::silent_port silent;
        const bf::tcp_listener listener = listen_at("127.0.0.2");
        host to{{full.address(), silent.address(), address_of(listener)}};
        to.options.attempt_delay = 0s;
        const connection made = both::await_in(m, rt, [&] { return to.connect(); });
        CHECK(peer_of(made.value()) == address_of(listener));
        to.options.max_addresses = 2;
        const auto late = both::await_in(m, rt, [&] { return bf::timeout(to.connect(), 5ms); });
        CHECK_FALSE(late.has_value());
    });
}

TEST_CASE("no_addresses_to_try_is_refused") {
    bf::connect_options options;
    options.max_addresses = 0;
    CHECK_THROWS_AS(bf::connect("127.0.0.1:80", options), std::invalid_argument);
}

TEST_CASE("a_connect_cancelled_at_any_moment_leaves_no_socket") {
    for (const bf::backend on : tests::each_backend) {
        const tests::full_port first;
        const tests::full_port second{"127.0.0.2"};
        const bf::tcp_listener good = listen_at("127.0.0.3");
        const std::size_t before = open_descriptors("socket:");
        {
            bf::runtime rt{both::small_runtime()};
            host to{{first.address(), second.address()}};
            to.options.attempt_delay = 0s;
            const auto cancel = [&](auto moment) {
                auto connecting = to.connect_in(rt, on);
                wait_until(moment);
                connecting.cancel();
                CHECK_FALSE(bf::block_on(connecting.outcome()).has_value());
                wait_until([&] { return open_descriptors("socket:") == before; });
            };
            cancel([&] { return open_descriptors("socket:") == before + 2; });
            to.names.hold();
            cancel([&] { return to.names.lookups() == 2; });
            to.names.let_all_go();
            // At moments that nobody knows, with a good address among them.
            to.names.add("host", {first.address(), address_of(good)});
            for (int round = 0; round < 100; ++round) {
                auto connecting = to.connect_in(rt, on);
                for (int spin = 0; spin < round % 8; ++spin) std::this_thread::yield();
                if (round % 3 == 0) wait_until([&] { return open_descriptors("socket:") > before; });
                connecting.cancel();
                const auto outcome = bf::block_on(connecting.outcome());
                if (outcome) CHECK(outcome->has_value());
            }
        }
        CHECK(open_descriptors("socket:") == before);
    }
}

TEST_CASE("a_timeout_of_a_connect_leaves_no_socket") {
    const tests::full_port full;
    const std::size_t before = open_descriptors("socket:");
    both::in_each_model([&](both::model m, bf::runtime& rt) {
        host to{{full.address()}};
        for (int round = 0; round < 10; ++round) {
            const auto late = both::await_in(
                m, rt, [&] { return bf::timeout(to.connect(), std::chrono::microseconds{round * 100}); });
            CHECK_FALSE(late.has_value());
        }
        wait_until([&] { return open_descriptors("socket:") == before; });
    });
}

TEST_CASE("a_connect_destroyed_in_flight_leaves_no_socket") {
    for (const bf::backend on : tests::each_backend) {
        const tests::full_port full;
        const tests::full_port other;
        const std::size_t before = open_descriptors("socket:");
        const std::uint64_t destroyed = bf::drivers::destroyed_in_flight();
        {
            host to{{full.address(), other.address()}};
            to.options.attempt_delay = 0s;
            bf::runtime rt{both::small_runtime(1)};
            const auto both_fly = [&] { return open_descriptors("socket:") == before + 2; };
            if (on == bf::backend::stackless)
                rt.run(
                    [](host& from, auto& fly) -> bf::task<> {
                        auto connecting = from.connect();
                        while (!fly()) {
                            auto turn = bf::sleep_for(100us);
                            (void)co_await bf::select(connecting, turn);
                        }
                    },
                    std::ref(to), std::cref(both_fly));
            else
                rt.run([&] {
                    auto connecting = to.connect();
                    while (!both_fly()) {
                        auto turn = bf::sleep_for(100us);
                        (void)bf::await(bf::select(connecting, turn));
                    }
                });
        }
        CHECK(open_descriptors("socket:") == before);
        CHECK(bf::drivers::destroyed_in_flight() == destroyed + 2);
    }
}

TEST_CASE("a_connect_outlives_the_resolver_that_it_was_made_with") {
    const bf::tcp_listener listener = listen_at("127.0.0.1");
    std::optional<host> to{std::in_place, std::vector{address_of(listener)}};
    auto connecting = to->connect();
    to.reset();
    CHECK(bf::block_on(std::move(connecting)).has_value());
}

TEST_CASE("a_lack_of_descriptors_is_an_error_of_the_connect") {
    for (const bf::backend on : tests::each_backend) {
        const bf::tcp_listener listener = listen_at("127.0.0.1");
        bf::runtime rt{both::small_runtime(1)};
        const std::string to = address_of(listener);
        rt.run([&] {
            const int next = ::dup(listener.descriptor());
            ::close(next);
            rlimit before{};
            REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
            rlimit none = before;
            none.rlim_cur = static_cast<rlim_t>(next);
            REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
            auto connecting = bf::spawn(on, [&to] { return bf::connect(to); });
            const connection refused = bf::await(std::move(connecting));
            REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
            CHECK(refused.error() == std::errc::too_many_files_open);
        });
    }
}
