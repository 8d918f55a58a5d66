// Asks an HTTPS server for a page and prints what it answers, on either backend, over either driver.
//   tls_get --address A:P [--name HOST] [--roots PEM] [--path /] [--backend stackless|stackful]
//           [--driver best|uring|epoll]
#include "server.hpp"

#include <bifilar/tls/tls_error.hpp>
#include <bifilar/tls/tls_stream.hpp>

#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <span>
#include <string_view>

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

// How much of an answer's body has come, and how much its Content-Length announces.
class answer_length {
public:
    void take(std::string_view part) {
        if (!in_body_) {
            head_ += part;
            const std::size_t end = head_.find("\r\n\r\n");
            if (end == std::string::npos) return;
            in_body_ = true;
            part.remove_prefix(part.size() - (head_.size() - end - 4));
            head_.resize(end);
            announced_ = read_length();
        }
        body_bytes_ += part.size();
    }
    // Whether it has no end of its own, and only that of the connection tells.
    [[nodiscard]] bool is_open() const { return in_body_ && !announced_; }
    [[nodiscard]] bool is_whole() const { return in_body_ && announced_ && body_bytes_ >= *announced_; }

private:
    [[nodiscard]] std::optional<std::size_t> read_length() {
        for (char& c : head_)
            if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        constexpr std::string_view name = "\r\ncontent-length:";
        const std::size_t at = head_.find(name);
        // What a chunked answer says about its length is not true.
        if (at == std::string::npos || head_.find("\r\ntransfer-encoding:") != std::string::npos) return std::nullopt;
        const std::size_t digits = head_.find_first_not_of(" \t", at + name.size());
        std::size_t bytes = 0;
        if (digits == std::string::npos) return std::nullopt;
        const auto [end, error] = std::from_chars(head_.data() + digits, head_.data() + head_.size(), bytes);
        return error == std::errc{} ? std::optional{bytes} : std::nullopt;
    }

    std::string head_;
    std::optional<std::size_t> announced_;
    std::size_t body_bytes_ = 0;
    bool in_body_ = false;
};

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
    answer_length length;
    for (;;) {
        const auto count = co_await stream.read(buffer);
        if (!count && count.error() != bf::tls_errc::truncated) co_return say("read", count.error());
        const bool ended_by_peer = count && *count == 0;
        if (!count || ended_by_peer) {
            // Many servers close without close_notify, and so can anybody in between: the length tells them apart.
            if (length.is_whole() || (ended_by_peer && length.is_open())) break;
            std::fputs("tls_get: the answer was cut off: the connection ended before all of it had come\n", stderr);
            co_return 1;
        }
        const auto written = co_await bf::standard_output().write_all(std::span{buffer}.first(*count));
        if (!written) co_return say("the standard output", written.error());
        length.take({reinterpret_cast<const char*>(buffer.data()), *count});
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
