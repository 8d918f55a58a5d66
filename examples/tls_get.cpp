// Asks an HTTPS server for a page and prints what it answers, on either backend, over either driver.
//   tls_get --address A:P [--name HOST] [--roots PEM] [--path /] [--backend stackless|stackful]
//           [--driver best|uring|epoll]
#include "server.hpp"

#include <bifilar/tls/tls_error.hpp>
#include <bifilar/tls/tls_stream.hpp>

#include <array>
#include <chrono>
#include <span>

namespace bf = bifilar;

namespace {

constexpr std::chrono::seconds connect_limit{10};

// Which page of which server.
struct target {
    std::string address;
    std::string name;
    std::string path;
};

int say(const char* what, const std::error_code& error) {
    std::fprintf(stderr, "tls_get: %s: %s\n", what, error.message().c_str());
    return 1;
}

bf::task<bf::io_result<bf::tls_stream<>>> open(const target& of, const bf::tls_context& context) {
    auto connection = co_await bf::tcp_stream::connect(of.address);
    if (!connection) co_return std::unexpected{connection.error()};
    co_return co_await bf::tls_connect(std::move(*connection), context, of.name);
}

bf::task<int> get(const target& of, const bf::tls_context& context) {
    auto opened = co_await bf::timeout(open(of, context), connect_limit);
    if (!opened) co_return say("connect", std::make_error_code(std::errc::timed_out));
    if (!*opened) co_return say("connect", opened->error());
    bf::tls_stream<> stream = std::move(**opened);
    std::fprintf(stderr, "%s, %s, %s\n", stream.version().c_str(), stream.cipher().c_str(),
                 stream.peer_subject().c_str());
    const std::string request = "GET " + of.path + " HTTP/1.1\r\nHost: " + of.name + "\r\nConnection: close\r\n\r\n";
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

}  // namespace

int main(int count, char** arguments) {
    return run_example("tls_get", [&] {
        const options given{
            count, arguments, "tls_get", {"--address", "--name", "--path", "--roots", "--backend", "--driver"}};
        if (!given.has("--address")) throw std::invalid_argument{"give --address, such as 127.0.0.1:443"};
        const target of{given.text("--address", ""), given.text("--name", "localhost"), given.text("--path", "/")};
        bf::tls_options how;
        if (given.has("--roots")) how.trust.push_back(bf::tls_pem::file(given.text("--roots", "")));
        how.alpn = {"http/1.1"};
        const auto context = bf::tls_context::client(how);
        bf::runtime_options machine;
        machine.driver = given.driver();
        machine.workers = 1;
        bf::runtime runtime{machine};
        return runtime.spawn(given.backend(), get, std::cref(of), std::cref(context)).join();
    });
}
