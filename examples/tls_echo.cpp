// A TLS echo server: one task per connection, on either backend, over either driver. A request of HTTP is answered with
// one fixed page, so that curl and browsers see something. With --client-roots, clients must have a certificate of it.
//   tls_echo --certificate PEM --key PEM [--client-roots PEM] [--idle MS] and the options of echo
// A client that sends nothing, or reads nothing, for --idle milliseconds is left.
#include "server.hpp"

#include <bifilar/tls/tls_stream.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <span>

namespace bf = bifilar;

namespace {

using tls_stream = bf::tls_stream<bf::tcp_stream>;

constexpr std::chrono::seconds handshake_limit{10};

// What all connections are served by.
struct terms {
    bf::tls_context context;
    std::chrono::milliseconds idle_time;
};

// Counted by the connections, read at the end. Plain counts in atomics: connections run on several workers.
struct totals {
    std::atomic<std::uint64_t> connections{0};
    std::atomic<std::uint64_t> failures{0};
    std::atomic<std::uint64_t> idle{0};
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

void count_idle(totals& served) { served.idle.fetch_add(1, std::memory_order_relaxed); }

bf::task<void> serve(bf::tcp_stream connection, const terms& how, totals& served) {
    auto shaken = co_await bf::timeout(bf::tls_accept(std::move(connection), how.context), handshake_limit);
    if (!shaken) co_return report(served, std::make_error_code(std::errc::timed_out));
    if (!*shaken) co_return report(served, shaken->error());
    tls_stream stream = std::move(**shaken);
    served.connections.fetch_add(1, std::memory_order_relaxed);
    std::array<std::byte, 16 * 1024> buffer;
    for (;;) {
        const auto got = co_await bf::timeout(stream.read(buffer), how.idle_time);
        if (!got) co_return count_idle(served);
        const std::size_t count = got->value_or(0);
        if (count == 0) break;
        std::span<const std::byte> answer = std::span{buffer}.first(count);
        const bool http = is_http(answer);
        if (http) answer = std::as_bytes(std::span{page});
        const auto written = co_await bf::timeout(stream.write_all(answer), how.idle_time);
        if (!written) co_return count_idle(served);
        if (!*written) co_return;
        served.bytes.fetch_add(answer.size(), std::memory_order_relaxed);
        if (http) break;
    }
    (void)co_await bf::timeout(stream.shutdown_write(), how.idle_time);
}

void serve_in_fiber(bf::tcp_stream connection, const terms& how, totals& served) {
    auto shaken = bf::await(bf::timeout(bf::tls_accept(std::move(connection), how.context), handshake_limit));
    if (!shaken) return report(served, std::make_error_code(std::errc::timed_out));
    if (!*shaken) return report(served, shaken->error());
    tls_stream stream = std::move(**shaken);
    served.connections.fetch_add(1, std::memory_order_relaxed);
    std::array<std::byte, 16 * 1024> buffer;
    for (;;) {
        const auto got = bf::await(bf::timeout(stream.read(buffer), how.idle_time));
        if (!got) return count_idle(served);
        const std::size_t count = got->value_or(0);
        if (count == 0) break;
        std::span<const std::byte> answer = std::span{buffer}.first(count);
        const bool http = is_http(answer);
        if (http) answer = std::as_bytes(std::span{page});
        const auto written = bf::await(bf::timeout(stream.write_all(answer), how.idle_time));
        if (!written) return count_idle(served);
        if (!*written) return;
        served.bytes.fetch_add(answer.size(), std::memory_order_relaxed);
        if (http) break;
    }
    (void)bf::await(bf::timeout(stream.shutdown_write(), how.idle_time));
}

bf::tls_options tls_of(const options& given) {
    bf::tls_options how;
    if (given.has("--certificate")) how.certificate = bf::tls_pem::file(given.text("--certificate", ""));
    if (given.has("--key")) how.key = bf::tls_pem::file(given.text("--key", ""));
    if (given.has("--client-roots")) {
        how.trust.push_back(bf::tls_pem::file(given.text("--client-roots", "")));
        how.verify = bf::tls_verify::required;
    }
    how.alpn = {"http/1.1"};
    return how;
}

}  // namespace

int main(int count, char** arguments) {
    return run_example("tls_echo", [&] {
        const options given{count, arguments, "tls_echo",
                            server_options({"--certificate", "--key", "--client-roots", "--idle"})};
        const terms on{bf::tls_context::server(tls_of(given)),
                       std::chrono::milliseconds{given.number("--idle", 300'000, 1, 86'400'000)}};
        totals served;
        bf::serve_options how;
        how.drain = {};  // Nobody is waited for.
        const bf::serve_report report = serve_until_ctrl_c(
            given, 7778, std::move(how),
            [&](bf::tcp_stream connection) { return serve(std::move(connection), on, served); },
            [&](bf::tcp_stream connection) { serve_in_fiber(std::move(connection), on, served); });
        std::printf("served %llu connections, %llu bytes, %llu handshakes failed, %llu idle\n",
                    static_cast<unsigned long long>(served.connections.load()),
                    static_cast<unsigned long long>(served.bytes.load()),
                    static_cast<unsigned long long>(served.failures.load()),
                    static_cast<unsigned long long>(served.idle.load()));
        return report.error ? 1 : 0;
    });
}
