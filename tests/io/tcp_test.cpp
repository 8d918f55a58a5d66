// TCP over whichever driver BIFILAR_DRIVER names: values, ends, failures, and cancellation at every moment.
#include "both/in_each_model.hpp"
#include "bytes.hpp"
#include "descriptors.hpp"
#include "environment.hpp"
#include "io/ports.hpp"
#include "io/stream_pair.hpp"
#include "resource_limits.hpp"
#include <bifilar/drivers/contract/detail/driver.hpp>

#include <array>
#include <atomic>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace bf = bifilar;
using namespace std::chrono_literals;
using both::small_runtime;
using tests::bytes_of;
using tests::open_descriptors;

namespace {

std::string address_of(const bf::tcp_listener& listener) { return listener.local_address().value().to_string(); }

bf::tcp_listener listen_anywhere() {
    auto listener = bf::tcp_listener::bind("127.0.0.1:0");
    REQUIRE(listener.has_value());
    return std::move(*listener);
}

}  // namespace

TEST_CASE("bytes_arrive_and_the_end_is_a_value") {
    bf::runtime rt{small_runtime()};
    rt.run([]() -> bf::task<> {
        auto pair = co_await tests::tcp_pair();
        const std::string text = "over the wire";
        const auto wrote = co_await pair.near.write_all(bytes_of(text));
        CHECK(wrote.value() == text.size());
        std::array<std::byte, 64> buffer{};
        const auto got = co_await pair.far.read_exact(std::span{buffer}.first(text.size()));
        CHECK(got.value() == text.size());
        CHECK(std::memcmp(buffer.data(), text.data(), text.size()) == 0);
        CHECK(pair.near.shutdown_write().has_value());
        const auto end = co_await pair.far.read(buffer);
        CHECK(end.value() == 0);
        const auto short_read = co_await pair.far.read_exact(buffer);
        CHECK(short_read.error() == std::errc::no_message_available);
    });
}

TEST_CASE("bytes_with_more_to_come_leave_together_with_it") {
    bf::runtime rt{small_runtime()};
    rt.run([]() -> bf::task<> {
        auto pair = co_await tests::tcp_pair();
        const auto began = std::chrono::steady_clock::now();
        const auto head = co_await pair.near.write_all_more(bytes_of("a head"));
        CHECK(head.value() == 6);
        int waiting = 0;
        ::ioctl(pair.far.descriptor(), FIONREAD, &waiting);
        // The kernel waits for 200 ms. Loopback delivers within the call.
        if (std::chrono::steady_clock::now() - began < 150ms) CHECK(waiting == 0);
        const auto body = co_await pair.near.write_all(bytes_of(", a body"));
        CHECK(body.value() == 8);
        std::array<std::byte, 14> buffer{};
        const auto got = co_await pair.far.read_exact(buffer);
        CHECK(got.value() == buffer.size());
        CHECK(std::memcmp(buffer.data(), "a head, a body", buffer.size()) == 0);
    });
}

TEST_CASE("failures_keep_the_systems_codes") {
    bf::runtime rt{small_runtime()};
    CHECK(bf::tcp_listener::bind("nonsense").error() == std::errc::invalid_argument);
    CHECK(bf::tcp_listener::bind("127.0.0.1:99999").error() == std::errc::invalid_argument);
    rt.run([]() -> bf::task<> {
        auto listener = listen_anywhere();
        CHECK(bf::tcp_listener::bind(address_of(listener)).error() == std::errc::address_in_use);
        const tests::silent_port silent;
        const std::string nobody = silent.address();
        auto refused = co_await bf::tcp_stream::connect(nobody);
        CHECK(refused.error() == std::errc::connection_refused);
        auto bad = co_await bf::tcp_stream::connect("localhost:80");
        CHECK(bad.error() == std::errc::invalid_argument);
        auto pair = co_await tests::tcp_pair();
        const ::linger reset{1, 0};
        ::setsockopt(pair.near.descriptor(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        pair.near.close();
        std::array<std::byte, 8> buffer{};
        auto gone = co_await pair.far.read(buffer);
        CHECK(gone.error() == std::errc::connection_reset);
    });
}

// It was cut down to an int.
TEST_CASE("a_time_to_linger_beyond_what_the_kernel_counts_is_the_longest") {
    const tests::stream_pair pair;
    bf::tcp_stream stream{::dup(pair.near.descriptor())};
    for (const std::chrono::seconds wait : {std::chrono::seconds::max(), std::chrono::seconds{1LL << 32}}) {
        CHECK(stream.set_linger(wait).has_value());
        ::linger kept{};
        socklen_t bytes = sizeof kept;
        REQUIRE(::getsockopt(stream.descriptor(), SOL_SOCKET, SO_LINGER, &kept, &bytes) == 0);
        CHECK(kept.l_onoff == 1);
        CHECK(kept.l_linger == std::numeric_limits<int>::max());
    }
    CHECK(stream.set_linger(std::nullopt).has_value());
}

TEST_CASE("large_transfers_cross_partial_reads_and_writes") {
    bf::runtime rt{small_runtime()};
    rt.run([]() -> bf::task<> {
        auto pair = co_await tests::tcp_pair();
        std::vector<std::byte> sent(4'000'000);
        for (std::size_t n = 0; n < sent.size(); ++n) sent[n] = static_cast<std::byte>(n * 7);
        auto writer = bf::spawn(
            [](bf::tcp_stream& to, const std::vector<std::byte>& data) -> bf::task<std::size_t> {
                const auto wrote = co_await to.write_all(data);
                co_return wrote.value_or(0);
            },
            std::ref(pair.near), std::cref(sent));
        std::vector<std::byte> received(sent.size());
        const auto got = co_await pair.far.read_exact(received);
        CHECK(got.value() == sent.size());
        CHECK(received == sent);
        const std::size_t wrote = co_await std::move(writer);
        CHECK(wrote == sent.size());
    });
}

TEST_CASE("sockets_work_from_a_plain_thread") {
    auto listener = listen_anywhere();
    std::thread client{[to = address_of(listener)] {
        auto stream = bf::await(bf::tcp_stream::connect(to)).value();
        const std::string text = "ping";
        (void)bf::await(stream.write_all(bytes_of(text)));
    }};
    auto stream = bf::block_on(listener.accept()).value();
    std::array<std::byte, 4> buffer{};
    CHECK(bf::block_on(stream.read_exact(buffer)).value() == 4);
    client.join();
}

TEST_CASE("a_cancelled_read_ends_at_once_and_the_stream_still_works") {
    for (const bf::backend on : {bf::backend::stackless, bf::backend::stackful}) {
        bf::runtime rt{small_runtime()};
        rt.run(
            [](bf::backend model) -> bf::task<> {
                auto pair = co_await tests::tcp_pair();
                struct body {
                    static bf::task<> read(bf::tcp_stream& from, std::atomic<bool>& begun) {
                        begun = true;
                        std::array<std::byte, 8> buffer;
                        (void)co_await from.read(buffer);
                    }
                };
                std::atomic<bool> begun{false};
                auto reader = bf::spawn(model, body::read, std::ref(pair.far), std::ref(begun));
                while (!begun) co_await bf::yield_now();
                for (int n = 0; n < 10; ++n) co_await bf::yield_now();  // Parked by now, as a rule.
                reader.cancel();
                const auto outcome = co_await reader.outcome();
                CHECK_FALSE(outcome.has_value());
                const std::string text = "late";
                (void)co_await pair.near.write_all(bytes_of(text));
                std::array<std::byte, 4> buffer{};
                const auto got = co_await pair.far.read_exact(buffer);
                CHECK(got.value() == 4);
            },
            on);
    }
}

TEST_CASE("timeout_of_an_accept_brings_it_to_rest") {
    bf::runtime rt{small_runtime()};
    rt.run([]() -> bf::task<> {
        auto listener = listen_anywhere();
        for (int n = 0; n < 20; ++n) {
            const auto late = co_await bf::timeout(listener.accept(), 200us);
            CHECK_FALSE(late.has_value());
        }
    });
}

TEST_CASE("descriptors_are_conserved_over_cancel_races") {
    (void)bf::block_on(bf::timeout(bf::ctrl_c(), 1ms));  // Opens what stays open.
    bf::runtime rt{small_runtime()};
    rt.run([]() -> bf::task<> { (void)co_await tests::tcp_pair(); });
    const std::size_t before = open_descriptors();
    for (int round = 0; round < 500; ++round) {
        rt.run([]() -> bf::task<> {
            auto listener = listen_anywhere();
            auto accepting =
                bf::spawn([](bf::tcp_listener& on) -> bf::task<> { (void)co_await on.accept(); }, std::ref(listener));
            auto connecting = bf::spawn(
                [](std::string to) -> bf::task<> { (void)co_await bf::tcp_stream::connect(to); }, address_of(listener));
            accepting.cancel();
            (void)co_await accepting.outcome();
            (void)co_await connecting.outcome();
        });
    }
    // Sources wait for their driver's next look, and drivers may open their own things late.
    while (open_descriptors() > before + 4) rt.run([]() -> bf::task<> { co_await bf::sleep_for(1ms); });
}

TEST_CASE("destroying_an_operation_in_flight_is_safe_and_counted") {
    bf::runtime rt{small_runtime(1)};
    rt.run([]() -> bf::task<> {
        auto pair = co_await tests::tcp_pair();
        const auto before = bf::drivers::destroyed_in_flight();
        {
            std::array<std::byte, 8> buffer;
            auto reading = pair.far.read(buffer);
            auto turn = bf::yield_now();
            (void)co_await bf::select(reading, turn);
        }
        CHECK(bf::drivers::destroyed_in_flight() == before + 1);
        const std::string text = "next";
        (void)co_await pair.near.write_all(bytes_of(text));
        std::array<std::byte, 4> buffer{};
        const auto got = co_await pair.far.read_exact(buffer);
        CHECK(got.value() == 4);
    });
}

TEST_CASE("a_hundred_connections_echo_on_both_backends") {
    if (!tests::descriptors_suffice(300)) return;
    for (const bf::backend on : {bf::backend::stackless, bf::backend::stackful}) {
        bf::runtime rt{small_runtime()};
        rt.run(
            [](bf::backend model) -> bf::task<> {
                struct body {
                    static bf::task<> echo(bf::tcp_stream stream) {
                        std::array<std::byte, 256> buffer;
                        while (const std::size_t count = (co_await stream.read(buffer)).value_or(0))
                            (void)co_await stream.write_all(std::span{buffer}.first(count));
                    }
                    static bf::task<int> client(std::string to) {
                        auto stream = (co_await bf::tcp_stream::connect(to)).value();
                        int good = 0;
                        for (int n = 0; n < 20; ++n) {
                            const std::string text = "message " + std::to_string(n);
                            (void)co_await stream.write_all(bytes_of(text));
                            std::string back(text.size(), '\0');
                            const auto got = co_await stream.read_exact(std::as_writable_bytes(std::span{back}));
                            if (got && back == text) ++good;
                        }
                        co_return good;
                    }
                };
                auto listener = listen_anywhere();
                std::vector<bf::join_handle<int>> clients;
                for (int n = 0; n < 100; ++n) clients.push_back(bf::spawn(model, body::client, address_of(listener)));
                for (int n = 0; n < 100; ++n) {
                    auto stream = co_await listener.accept();
                    bf::spawn(model, body::echo, std::move(stream.value())).detach();
                }
                int good = 0;
                for (auto& client : clients) good += co_await client;
                CHECK(good == 2000);
            },
            on);
    }
}

TEST_CASE("a_refused_ring_falls_back_and_a_demanded_one_is_an_error") {
    const tests::environment_variable any_driver{"BIFILAR_DRIVER", std::nullopt};
    {
        const tests::environment_variable refused{"BIFILAR_PROBE_FAIL", "EPERM"};
        CHECK(bf::drivers::choose_driver(bf::driver_kind::best) == bf::driver_kind::epoll);
        CHECK_THROWS_AS(bf::drivers::choose_driver(bf::driver_kind::uring), std::runtime_error);
    }
    const tests::environment_variable unknown_driver{"BIFILAR_DRIVER", "kqueue"};
    CHECK_THROWS_WITH(bf::drivers::choose_driver(bf::driver_kind::best), Catch::Contains("kqueue"));
}

// Where a stream first waits must not be where its events go for ever.
TEST_CASE("a_stream_goes_on_in_another_thread_and_in_another_runtime") {
    auto listener = listen_anywhere();
    const std::string at = address_of(listener);
    std::optional<bf::tcp_stream> far;
    std::atomic<bool> reads{false};
    // This thread connects, waits for a first byte in a driver of its own, and ends.
    std::thread first{[&] {
        far.emplace(bf::block_on(bf::tcp_stream::connect(at)).value());
        std::array<std::byte, 1> one{};
        reads = true;
        far.emplace(bf::block_on([](bf::tcp_stream stream, std::span<std::byte> into) -> bf::task<bf::tcp_stream> {
            (void)co_await stream.read_exact(into);
            co_return stream;
        }(std::move(*far), one)));
    }};
    auto near = bf::block_on(listener.accept()).value();
    while (!reads) std::this_thread::yield();
    std::this_thread::sleep_for(10ms);  // Parked by now, as a rule.
    CHECK(bf::block_on(near.write_all(bytes_of("1"))).value() == 1);
    first.join();
    // This thread has waited on `near` by now, stays alive, and does not look at its driver any more.
    std::array<std::byte, 1> got{};
    CHECK(bf::block_on(bf::timeout(near.read(got), 1ms)).has_value() == false);
    for (int round = 0; round < 2; ++round) {
        bf::runtime rt{small_runtime()};
        const auto sum = rt.run(
            [](bf::tcp_stream& a, bf::tcp_stream& b) -> bf::task<std::size_t> {
                auto reader = bf::spawn(
                    [](bf::tcp_stream& from) -> bf::task<std::size_t> {
                        std::array<std::byte, 2> buffer{};
                        const auto result = co_await from.read_exact(buffer);
                        co_return result.value();
                    },
                    std::ref(a));
                co_await bf::sleep_for(5ms);
                (void)co_await b.write_all(bytes_of("23"));
                co_return co_await reader;
            },
            std::ref(round == 0 ? near : *far), std::ref(round == 0 ? *far : near));
        CHECK(sum == 2);
    }
}
