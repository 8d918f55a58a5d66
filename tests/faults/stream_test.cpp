// Connections, datagrams, names, servers and TLS where memory is refused.
#include "bytes.hpp"
#include "faults/each_allocation.hpp"
#include "tls/tls_pair.hpp"
#include <bifilar/tls/tls_error.hpp>

#include <array>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace bf = bifilar;
using namespace std::chrono_literals;
using faults::in_a_runtime;
using faults::promise;
using faults::taken;

namespace {

bf::task<void> echo_lines(bf::tcp_stream over) {
    bf::buffered_reader<bf::tcp_stream> client{std::move(over)};
    while (const auto line = taken(co_await client.read_line())) {
        const std::string back = *line + '\n';
        taken(co_await client.stream().write_all(std::as_bytes(std::span{back})));
    }
}

bf::task<void> ask(bf::socket_address at) {
    bf::buffered_reader<bf::tcp_stream> server{taken(co_await bf::tcp_stream::connect(at))};
    for (int i = 0; i != 3; ++i) {
        const std::string said = std::string(100, static_cast<char>('a' + i));
        const std::string line = said + '\n';
        taken(co_await server.stream().write_all(std::as_bytes(std::span{line})));
        const auto back = taken(co_await server.read_line());
        if (!back) throw std::bad_alloc{};  // The server's task found no memory and ended.
        promise(*back == said, "the line comes back");
    }
}

}  // namespace

TEST_CASE("lines_are_echoed_where_memory_is_refused") {
    in_a_runtime("lines over TCP", [](bf::backend on) -> bf::task<void> {
        auto listener = taken(bf::tcp_listener::bind("127.0.0.1:0"));
        const bf::socket_address at = taken(listener.local_address());
        co_await bf::with_scope([&](bf::task_scope& scope) -> bf::task<void> {
            scope.spawn(on, ask, at);
            scope.spawn(on, [&]() -> bf::task<void> { co_await echo_lines(taken(co_await listener.accept())); });
            co_return;
        });
    });
}

TEST_CASE("a_server_stops_in_order_where_memory_is_refused") {
    in_a_runtime("a server", [](bf::backend on) -> bf::task<void> {
        auto listener = taken(bf::tcp_listener::bind("127.0.0.1:0"));
        const bf::socket_address at = taken(listener.local_address());
        bf::event stop;
        bf::serve_options how;
        how.on = on;
        how.drain = 1s;
        how.on_error = [](std::exception_ptr) {};
        how.on_exhausted = [](std::error_code) {};
        auto serving = bf::spawn(bf::serve(std::move(listener), how, echo_lines, stop.wait()));
        std::exception_ptr error;
        try {
            co_await ask(at);
            co_await ask(at);
        } catch (...) {
            error = std::current_exception();
        }
        stop.set();
        const bf::serve_report report = co_await serving;
        promise(report.accepted == report.ended + report.failed + report.cancelled, "each connection is counted");
        if (error) std::rethrow_exception(error);
    });
}

TEST_CASE("datagrams_are_sent_where_memory_is_refused") {
    in_a_runtime("datagrams", [](bf::backend) -> bf::task<void> {
        auto one = taken(bf::udp_socket::bind("127.0.0.1:0"));
        auto other = taken(bf::udp_socket::bind("127.0.0.1:0"));
        taken(co_await one.send_to(tests::bytes_of("hello"), taken(other.local_address())));
        std::array<std::byte, 16> buffer;
        promise(taken(co_await other.recv_from(buffer)).bytes == 5, "its size");
    });
}

TEST_CASE("a_name_is_resolved_where_memory_is_refused") {
    in_a_runtime("a name", [](bf::backend on) -> bf::task<void> {
        bf::resolver_options options;
        options.look_up = [](const std::string&, const std::string&) -> bf::lookup_result {
            return std::vector<bf::socket_address>{bf::socket_address::parse("127.0.0.1:7").value()};
        };
        bf::resolver names{options};
        const auto resolve = [&]() -> bf::task<std::size_t> {
            co_return taken(co_await names.resolve("somewhere", "7")).size();
        };
        std::size_t found = 0;
        co_await bf::with_scope([&](bf::task_scope& scope) -> bf::task<void> {
            auto other = scope.spawn(on, std::ref(resolve));
            found = taken(co_await names.resolve("somewhere", "7")).size();
            found += co_await other;
        });
        promise(found == 2, "both found it");
    });
}

namespace {

// OpenSSL's memory is refused as well, and then its errors say so in many ways.
template <class T>
T taken_of_tls(bf::io_result<T> from) {
    if (!from && from.error().category() == bf::tls_category()) throw std::bad_alloc{};
    return taken(std::move(from));
}

// Where OpenSSL finds no memory it says so, or nothing, or names what it would have needed the memory for: "decode
// error", "ee key too small". All of it is an exception.
bf::tls_context context(bf::tls_context (*make)(const bf::tls_options&), const bf::tls_options& options) {
    try {
        return make(options);
    } catch (const std::exception&) {
        throw std::bad_alloc{};
    }
}

bf::task<void> talk_over_tls(bf::backend on) {
    auto ends = co_await tests::shake(on, context(bf::tls_context::client, tests::client_options()),
                                      context(bf::tls_context::server, tests::server_options()));
    auto client = taken_of_tls(std::move(ends.client));
    auto server = taken_of_tls(std::move(ends.server));
    co_await bf::with_scope([&](bf::task_scope& scope) -> bf::task<void> {
        scope.spawn(on, [&]() -> bf::task<void> {
            taken_of_tls(co_await client.write_all(tests::bytes_of("hello")));
            taken_of_tls(co_await client.shutdown_write());
        });
        std::array<std::byte, 16> buffer;
        promise(taken_of_tls(co_await server.read(buffer)) == 5, "what was written");
    });
}

}  // namespace

// By day at each 101st allocation: a handshake makes thousands.
TEST_CASE("tls_works_where_memory_is_refused") {
    REQUIRE(faults::refuses_openssl());
    bf::runtime_options options = both::small_runtime();
    options.stack_bytes = 256 * 1024;
    in_a_runtime("TLS", talk_over_tls, options, 101);
}
TEST_CASE("tls_works_where_any_allocation_is_refused", "[.][nightly]") {
    bf::runtime_options options = both::small_runtime();
    options.stack_bytes = 256 * 1024;
    in_a_runtime("TLS, each allocation", talk_over_tls, options);
}
