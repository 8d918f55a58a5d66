// Asks an HTTPS server for a page and prints what it answers, on either backend, over either driver.
//   tls_get --address A:P --name HOST [--roots PEM] [--path /] [--backend stackless|stackful] [--driver
//   best|uring|epoll]
#include <bifilar/bifilar.hpp>
#include <bifilar/tls/tls_error.hpp>
#include <bifilar/tls/tls_stream.hpp>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace bf = bifilar;

namespace {

constexpr std::chrono::seconds connect_limit{10};

struct options {
    std::string address;
    std::string name = "localhost";
    std::string path = "/";
    bf::backend on = bf::backend::stackless;
    bf::runtime_options runtime;
    bf::tls_options tls;
};

int say(const char* what, const std::error_code& error) {
    std::fprintf(stderr, "tls_get: %s: %s\n", what, error.message().c_str());
    return 1;
}

bf::task<bf::io_result<bf::tls_stream<>>> open(const options& given, const bf::tls_context& context) {
    auto connection = co_await bf::tcp_stream::connect(given.address);
    if (!connection) co_return std::unexpected{connection.error()};
    co_return co_await bf::tls_connect(std::move(*connection), context, given.name);
}

bf::task<int> get(const options& given, const bf::tls_context& context) {
    auto opened = co_await bf::timeout(open(given, context), connect_limit);
    if (!opened) co_return say("connect", std::make_error_code(std::errc::timed_out));
    if (!*opened) co_return say("connect", opened->error());
    bf::tls_stream<> stream = std::move(**opened);
    std::fprintf(stderr, "%s, %s, %s\n", stream.version().c_str(), stream.cipher().c_str(),
                 stream.peer_subject().c_str());
    const std::string request =
        "GET " + given.path + " HTTP/1.1\r\nHost: " + given.name + "\r\nConnection: close\r\n\r\n";
    const auto asked = co_await stream.write_all(std::as_bytes(std::span{request}));
    if (!asked) co_return say("write", asked.error());
    std::array<std::byte, 16 * 1024> buffer;
    for (;;) {
        const auto count = co_await stream.read(buffer);
        // Many servers close without a word; Content-Length tells whether something is missing.
        if (!count && count.error() != bf::tls_errc::truncated) co_return say("read", count.error());
        if (!count || *count == 0) break;
        std::fwrite(buffer.data(), 1, *count, stdout);
    }
    co_return 0;
}

options parse(int count, char** arguments) {
    options given;
    for (int at = 1; at < count; at += 2) {
        const std::string name = arguments[at];
        if (at + 1 == count) throw std::invalid_argument{name + " needs a value"};
        const std::string value = arguments[at + 1];
        if (name == "--address") {
            given.address = value;
        } else if (name == "--name") {
            given.name = value;
        } else if (name == "--path") {
            given.path = value;
        } else if (name == "--roots") {
            given.tls.trust.push_back(bf::tls_pem::file(value));
        } else if (name == "--backend") {
            const auto on = bf::parse_backend(value);
            if (!on) throw std::invalid_argument{"--backend is '" + value + "'; use stackless or stackful"};
            given.on = *on;
        } else if (name == "--driver") {
            const auto driver = bf::parse_driver(value);
            if (!driver) throw std::invalid_argument{"--driver is '" + value + "'; use best, uring or epoll"};
            given.runtime.driver = *driver;
        } else {
            throw std::invalid_argument{name +
                                        " is no option; use --address, --name, --path, --roots, --backend, --driver"};
        }
    }
    given.tls.alpn = {"http/1.1"};
    return given;
}

}  // namespace

int main(int count, char** arguments) try {
    const options given = parse(count, arguments);
    const auto context = bf::tls_context::client(given.tls);
    bf::runtime runtime{given.runtime};
    return runtime.spawn(given.on, get, std::cref(given), std::cref(context)).join();
} catch (const std::exception& error) {
    std::fprintf(stderr, "tls_get: %s\n", error.what());
    return 2;
}
