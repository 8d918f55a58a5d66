// A TLS echo server: one task per connection, on either backend, over either driver. A request of HTTP is answered with
// one fixed page, so that curl and browsers see something.
//   tls_echo --certificate PEM --key PEM [--host H] [--port P] [--backend stackless|stackful] [--driver
//   best|uring|epoll]
#include <bifilar/bifilar.hpp>
#include <bifilar/tls/tls_stream.hpp>

#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

namespace bf = bifilar;

namespace {

using tls_stream = bf::tls_stream<bf::tcp_stream>;

constexpr std::chrono::seconds handshake_limit{10};

struct options {
    std::string host = "127.0.0.1";
    std::uint16_t port = 7778;
    bf::backend on = bf::backend::stackless;
    bf::runtime_options runtime;
    bf::tls_options tls;
};

// Counted by the connections, read at the end. Plain counts in atomics: connections run on several workers.
struct totals {
    std::atomic<std::uint64_t> connections{0};
    std::atomic<std::uint64_t> failures{0};
    std::atomic<std::uint64_t> bytes{0};
};

constexpr std::string_view page =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 16\r\nConnection: close\r\n\r\nhello over TLS!\n";

bool is_http(std::span<const std::byte> bytes) {
    return std::string_view{reinterpret_cast<const char*>(bytes.data()), bytes.size()}.starts_with("GET /");
}

// Told to whoever runs the server; a client that fails is no reason to end.
void report(totals& served, const std::error_code& error) {
    served.failures.fetch_add(1, std::memory_order_relaxed);
    std::fprintf(stderr, "tls_echo: handshake: %s\n", error.message().c_str());
}

bf::task<void> serve(bf::tcp_stream connection, bf::tls_context context, totals& served) {
    auto shaken = co_await bf::timeout(bf::tls_accept(std::move(connection), context), handshake_limit);
    if (!shaken) co_return report(served, std::make_error_code(std::errc::timed_out));
    if (!*shaken) co_return report(served, shaken->error());
    tls_stream stream = std::move(**shaken);
    served.connections.fetch_add(1, std::memory_order_relaxed);
    std::array<std::byte, 16 * 1024> buffer;
    while (const std::size_t count = (co_await stream.read(buffer)).value_or(0)) {
        std::span<const std::byte> answer = std::span{buffer}.first(count);
        const bool http = is_http(answer);
        if (http) answer = std::as_bytes(std::span{page});
        const auto written = co_await stream.write_all(answer);
        if (!written) co_return;
        served.bytes.fetch_add(answer.size(), std::memory_order_relaxed);
        if (http) break;
    }
    (void)co_await stream.shutdown_write();
}

void serve_in_fiber(bf::tcp_stream connection, bf::tls_context context, totals& served) {
    auto shaken = bf::await(bf::timeout(bf::tls_accept(std::move(connection), context), handshake_limit));
    if (!shaken) return report(served, std::make_error_code(std::errc::timed_out));
    if (!*shaken) return report(served, shaken->error());
    tls_stream stream = std::move(**shaken);
    served.connections.fetch_add(1, std::memory_order_relaxed);
    std::array<std::byte, 16 * 1024> buffer;
    while (const std::size_t count = bf::await(stream.read(buffer)).value_or(0)) {
        std::span<const std::byte> answer = std::span{buffer}.first(count);
        const bool http = is_http(answer);
        if (http) answer = std::as_bytes(std::span{page});
        if (!bf::await(stream.write_all(answer))) return;
        served.bytes.fetch_add(answer.size(), std::memory_order_relaxed);
        if (http) break;
    }
    (void)bf::await(stream.shutdown_write());
}

bf::task<void> accept_all(bf::tcp_listener& listener, const bf::tls_context& context, bf::backend on, totals& served) {
    for (;;) {
        auto connection = co_await listener.accept();
        if (!connection) {
            // Out of descriptors, most likely: connections must end before more can be served.
            std::fprintf(stderr, "tls_echo: accept: %s\n", connection.error().message().c_str());
            co_await bf::sleep_for(std::chrono::milliseconds{50});
            continue;
        }
        if (on == bf::backend::stackful)
            bf::spawn(on, serve_in_fiber, std::move(*connection), context, std::ref(served)).detach();
        else
            bf::spawn(on, serve, std::move(*connection), context, std::ref(served)).detach();
    }
}

bf::task<void> run_server(bf::tcp_listener& listener, const bf::tls_context& context, bf::backend on, totals& served) {
    auto accepting = bf::spawn(accept_all, std::ref(listener), std::cref(context), on, std::ref(served));
    co_await bf::ctrl_c();
    accepting.cancel();
    (void)co_await accepting.outcome();
}

std::uint16_t port_of(const std::string& text) {
    std::uint16_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size())
        throw std::invalid_argument{"--port is '" + text + "'; give a number from 0 to 65535"};
    return value;
}

options parse(int count, char** arguments) {
    options given;
    for (int at = 1; at < count; at += 2) {
        const std::string name = arguments[at];
        if (name == "--help" || name == "-h") {
            std::puts(
                "tls_echo --certificate PEM --key PEM [--client-roots PEM] [--host ADDRESS] [--port P]\n"
                "         [--backend stackless|stackful] [--driver best|uring|epoll]");
            std::exit(0);
        }
        if (at + 1 == count) throw std::invalid_argument{name + " needs a value"};
        const std::string value = arguments[at + 1];
        if (name == "--host") {
            given.host = value;
        } else if (name == "--port") {
            given.port = port_of(value);
        } else if (name == "--certificate") {
            given.tls.certificate = bf::tls_pem::file(value);
        } else if (name == "--key") {
            given.tls.key = bf::tls_pem::file(value);
        } else if (name == "--client-roots") {
            given.tls.trust.push_back(bf::tls_pem::file(value));
            given.tls.verify = bf::tls_verify::required;
        } else if (name == "--backend") {
            const auto on = bf::parse_backend(value);
            if (!on) throw std::invalid_argument{"--backend is '" + value + "'; use stackless or stackful"};
            given.on = *on;
        } else if (name == "--driver") {
            const auto driver = bf::parse_driver(value);
            if (!driver) throw std::invalid_argument{"--driver is '" + value + "'; use best, uring or epoll"};
            given.runtime.driver = *driver;
        } else {
            throw std::invalid_argument{name + " is no option; see --help"};
        }
    }
    given.tls.alpn = {"http/1.1"};
    return given;
}

}  // namespace

int main(int count, char** arguments) try {
    const options given = parse(count, arguments);
    const auto context = bf::tls_context::server(given.tls);
    const std::string address = given.host + ":" + std::to_string(given.port);
    auto listener = bf::tcp_listener::bind(address);
    if (!listener)
        throw std::invalid_argument{"cannot listen on " + address + ": " + listener.error().message() +
                                    "; choose another --host or --port"};
    totals served;
    {
        bf::runtime runtime{given.runtime};
        std::printf("listening on %s\n", listener->local_address().value().to_string().c_str());
        std::fflush(stdout);
        runtime.run(run_server, std::ref(*listener), std::cref(context), given.on, std::ref(served));
    }  // Connections that are still open are cancelled here.
    std::printf("served %llu connections, %llu bytes, %llu handshakes failed\n",
                static_cast<unsigned long long>(served.connections.load()),
                static_cast<unsigned long long>(served.bytes.load()),
                static_cast<unsigned long long>(served.failures.load()));
    return 0;
} catch (const std::exception& error) {
    std::fprintf(stderr, "tls_echo: %s\n", error.what());
    return 2;
}
