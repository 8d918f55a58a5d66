// serve() over sockets: shards, a shortage of descriptors that is real, and nothing left behind.
#include "descriptors.hpp"
#include "one_worker.hpp"
#include "uninterrupted.hpp"
#include <bifilar/runtime/serve.hpp>

#include <array>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace bf = bifilar;
using namespace std::chrono_literals;
using tests::open_descriptors;

namespace {

bf::task<> echo(bf::tcp_stream stream) {
    std::array<std::byte, 64> buffer;
    while (const std::size_t count = (co_await stream.read(buffer)).value_or(0))
        if (!co_await stream.write_all(std::span{buffer}.first(count))) break;
}
void echo_on_a_fiber(bf::tcp_stream stream) {
    std::array<std::byte, 64> buffer;
    while (const std::size_t count = bf::await(stream.read(buffer)).value_or(0))
        if (!bf::await(stream.write_all(std::span{buffer}.first(count)))) break;
}

template <class Listener>
bf::task<bf::serve_report> serve_echo(std::vector<Listener> from, bf::serve_options options, bf::event& stop) {
    if (options.on == bf::backend::stackful)
        return bf::serve(std::move(from), std::move(options), echo_on_a_fiber, stop.wait());
    return bf::serve(std::move(from), std::move(options), echo, stop.wait());
}

bf::task<bf::tcp_stream> connect(std::string to) {
    auto made = co_await bf::tcp_stream::connect(to);
    co_return std::move(made.value());
}

bf::task<bool> is_echoed(bf::tcp_stream& by) {
    std::array<std::byte, 5> sent{};
    sent.fill(std::byte{7});
    std::array<std::byte, 5> got{};
    const auto wrote = co_await by.write_all(sent);
    const auto read = co_await by.read_exact(got);
    co_return wrote&& read&& got == sent;
}

void serve_shards(bf::backend on) {
    auto listeners = bf::tcp_listener::bind_shards("127.0.0.1:0", 2).value();
    const std::string address = listeners.front().local_address().value().to_string();
    bf::event stop;
    bf::serve_options options;
    options.on = on;
    options.drain = 0s;
    auto server = bf::spawn(serve_echo(std::move(listeners), options, stop));
    std::vector<bf::tcp_stream> clients;
    for (int n = 0; n < 20; ++n) clients.push_back(bf::await(connect(address)));
    for (auto& client : clients) CHECK(bf::await(is_echoed(client)));
    for (int n = 0; n < 10; ++n) clients.pop_back();
    stop.set();
    const bf::serve_report report = bf::await(server);
    CHECK(report.accepted == 20);
    CHECK(report.ended + report.cancelled == 20);
    CHECK(report.cancelled >= 10);
    CHECK(report.left.size() >= report.cancelled);  // One that was about to end may have been asked as well.
    // Nobody listens any more.
    CHECK(bf::await(bf::tcp_stream::connect(address)).error() == std::errc::connection_refused);
}

template <class Listener>
void serve_without_descriptors(bf::backend on, Listener from) {
    tests::few_descriptors few{24};
    const std::string address = from.local_address().value().to_string();
    std::vector<Listener> listeners;
    listeners.push_back(std::move(from));
    bf::event stop;
    bf::event told;
    bf::serve_options options;
    options.on = on;
    options.max_connections = 1'000;  // More than there are descriptors for.
    options.on_exhausted = [&told](std::error_code error) {
        CHECK(error == std::errc::too_many_files_open);
        told.set();
    };
    auto server = bf::spawn(serve_echo(std::move(listeners), options, stop));
    auto first = bf::await(connect(address));
    CHECK(bf::await(is_echoed(first)));
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto to = bf::socket_address::parse(address).value();
    const auto before = std::chrono::steady_clock::now();
    few.take_all();
    REQUIRE(tests::connect_uninterrupted(socket, to) == 0);  // The kernel answers, not the server.
    bf::await(told.wait());
    // Others are served meanwhile.
    CHECK(bf::await(is_echoed(first)));
    bf::await(bf::sleep_for(50ms));
    few.give_back_all();
    bf::tcp_stream second{socket};
    CHECK(bf::await(is_echoed(second)));
    const auto took = std::chrono::steady_clock::now() - before;
    {
        const bf::tcp_stream ends = std::move(first);
        const bf::tcp_stream ends_too = std::move(second);
    }
    stop.set();
    const bf::serve_report report = bf::await(server);
    CHECK(report.ended == 2);
    // Each attempt but the first came after a pause of at least 10 ms.
    CHECK(report.exhausted >= 1);
    CHECK(report.exhausted <= 1 + static_cast<std::uint64_t>(took / 10ms));
}

template <class Body>
void without_a_leak(Body body) {
    for (const bf::backend on : tests::both_backends) {
        INFO(bf::to_string(on));
        const std::size_t before = open_descriptors();
        {
            bf::runtime rt{both::small_runtime()};
            rt.run(body, on);
        }
        CHECK(open_descriptors() == before);
    }
}

}  // namespace

TEST_CASE("shards_are_served_and_leave_nothing_behind") { without_a_leak(serve_shards); }

TEST_CASE("a_server_without_descriptors_waits_and_recovers") {
    without_a_leak(
        [](bf::backend on) { serve_without_descriptors(on, bf::tcp_listener::bind("127.0.0.1:0").value()); });
}

TEST_CASE("a_server_of_incoming_connections_without_descriptors_waits_and_recovers") {
    without_a_leak([](bf::backend on) {
        serve_without_descriptors(on, bf::tcp_listener::bind("127.0.0.1:0").value().incoming());
    });
}

TEST_CASE("a_cancelled_server_closes_its_sockets") {
    without_a_leak([](bf::backend on) {
        auto listeners = bf::tcp_listener::bind_shards("127.0.0.1:0", 2).value();
        const std::string address = listeners.front().local_address().value().to_string();
        bf::event stop;
        bf::serve_options options;
        options.on = on;
        auto server = bf::spawn(serve_echo(std::move(listeners), options, stop));
        auto client = bf::await(connect(address));
        CHECK(bf::await(is_echoed(client)));
        server.cancel();
        CHECK(bf::await(server.outcome()).error().is_cancelled());
        std::array<std::byte, 1> buffer{};
        CHECK(bf::await(client.read(buffer)).value_or(0) == 0);
    });
}
