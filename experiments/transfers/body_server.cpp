// One body from memory for every request of HTTP/1.1, over TCP or TLS 1.3, in either model and with either driver.
// The parser and the heads are those of examples/http.
//   body_server --body FILE [--certificate PEM --key PEM] and the options of the examples' servers
#include "../../examples/server.hpp"

#include <bifilar/tls/tls_stream.hpp>
#include <array>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <span>

#include "../../examples/http/answer.hpp"
#include "../../examples/http/parser.hpp"

namespace bf = bifilar;

namespace {

constexpr std::chrono::seconds idle_time{60};
constexpr std::chrono::seconds write_time{30};
// A body that fits into one record of TLS behind its head is copied there.
constexpr std::size_t copied_bytes = 8 * 1024;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span{text}); }

// One connection without its I/O.
class exchange {
public:
    explicit exchange(const std::string& body) : body_{&body} {}

    [[nodiscard]] std::span<std::byte> room() noexcept {
        if (begin_ == end_) begin_ = end_ = 0;
        return std::as_writable_bytes(std::span{input_}.subspan(end_));
    }
    // False: what came is no request, and there is nothing to answer.
    [[nodiscard]] bool got(std::size_t bytes) {
        end_ += bytes;
        return parse();
    }
    [[nodiscard]] bool is_asked() const noexcept { return parser_.at() == http::progress::complete; }
    [[nodiscard]] bool closes() const noexcept { return closes_; }

    // Head and body, as they lie.
    [[nodiscard]] std::span<iovec> parts() {
        append_head();
        parts_ = {iovec{output_.data(), output_.size()}, iovec{const_cast<char*>(body_->data()), body_->size()}};
        return parts_;
    }
    // The same for streams that take one buffer at a time: the head, with a short body behind it, and then rest().
    [[nodiscard]] std::span<const std::byte> first() {
        append_head();
        if (rest().empty()) output_ += *body_;
        return bytes_of(output_);
    }
    [[nodiscard]] std::span<const std::byte> rest() const noexcept {
        return body_->size() <= copied_bytes ? std::span<const std::byte>{} : bytes_of(*body_);
    }
    [[nodiscard]] bool answered() {
        parser_.reset();
        return parse();
    }

private:
    bool parse() {
        begin_ += parser_.feed({input_.data() + begin_, end_ - begin_});
        return parser_.at() != http::progress::failed && (is_asked() || end_ != input_.size());
    }
    void append_head() {
        http::answer_head head;
        head.type = "application/octet-stream";
        head.bytes = body_->size();
        head.closes = closes_ = !parser_.message().keeps_alive;
        output_.clear();
        http::append_head(output_, head, date_.now());
    }

    const std::string* body_;
    http::request_parser parser_{http::limits{}};
    std::array<char, 16 * 1024> input_;
    std::size_t begin_ = 0;  // Of what was read and not yet parsed.
    std::size_t end_ = 0;
    std::string output_;
    std::array<iovec, 2> parts_{};
    http::date_cache date_;
    bool closes_ = false;
};

bf::task<> serve_plain(bf::tcp_stream stream, const std::string& body) {
    const auto one = std::make_unique<exchange>(body);
    for (;;) {
        const auto got = co_await bf::timeout(stream.read(one->room()), idle_time);
        const std::size_t count = got ? got->value_or(0) : 0;
        if (count == 0 || !one->got(count)) co_return;
        while (one->is_asked()) {
            const auto written = co_await bf::timeout(stream.write_all_vectored(one->parts()), write_time);
            if (!written || !*written || one->closes() || !one->answered()) co_return;
        }
    }
}

void serve_plain_on_fiber(bf::tcp_stream stream, const std::string& body) {
    const auto one = std::make_unique<exchange>(body);
    for (;;) {
        const auto got = bf::await(bf::timeout(stream.read(one->room()), idle_time));
        const std::size_t count = got ? got->value_or(0) : 0;
        if (count == 0 || !one->got(count)) return;
        while (one->is_asked()) {
            const auto written = bf::await(bf::timeout(stream.write_all_vectored(one->parts()), write_time));
            if (!written || !*written || one->closes() || !one->answered()) return;
        }
    }
}

bf::task<> serve_tls(bf::tcp_stream connection, const bf::tls_context& with, const std::string& body) {
    auto shaken = co_await bf::timeout(bf::tls_accept(std::move(connection), with), write_time);
    if (!shaken || !*shaken) co_return;
    auto stream = std::move(**shaken);
    const auto one = std::make_unique<exchange>(body);
    for (;;) {
        const auto got = co_await bf::timeout(stream.read(one->room()), idle_time);
        const std::size_t count = got ? got->value_or(0) : 0;
        if (count == 0 || !one->got(count)) break;
        while (one->is_asked()) {
            auto written = co_await bf::timeout(stream.write_all(one->first()), write_time);
            if (written && *written && !one->rest().empty())
                written = co_await bf::timeout(stream.write_all(one->rest()), write_time);
            if (!written || !*written) co_return;
            if (one->closes() || !one->answered()) break;
        }
        if (one->closes()) break;
    }
    (void)co_await bf::timeout(stream.shutdown_write(), write_time);
}

void serve_tls_on_fiber(bf::tcp_stream connection, const bf::tls_context& with, const std::string& body) {
    auto shaken = bf::await(bf::timeout(bf::tls_accept(std::move(connection), with), write_time));
    if (!shaken || !*shaken) return;
    auto stream = std::move(**shaken);
    const auto one = std::make_unique<exchange>(body);
    for (;;) {
        const auto got = bf::await(bf::timeout(stream.read(one->room()), idle_time));
        const std::size_t count = got ? got->value_or(0) : 0;
        if (count == 0 || !one->got(count)) break;
        while (one->is_asked()) {
            auto written = bf::await(bf::timeout(stream.write_all(one->first()), write_time));
            if (written && *written && !one->rest().empty())
                written = bf::await(bf::timeout(stream.write_all(one->rest()), write_time));
            if (!written || !*written) return;
            if (one->closes() || !one->answered()) break;
        }
        if (one->closes()) break;
    }
    (void)bf::await(bf::timeout(stream.shutdown_write(), write_time));
}

std::string read_whole(const std::string& file) {
    std::ifstream in{file, std::ios::binary};
    if (!in) throw std::invalid_argument{"--body is '" + file + "', which cannot be read; give a file"};
    return {std::istreambuf_iterator<char>{in}, {}};
}

bf::tls_context tls_of(const options& given) {
    bf::tls_options how;
    how.certificate = bf::tls_pem::file(given.text("--certificate", ""));
    how.key = bf::tls_pem::file(given.text("--key", ""));
    how.min_version = bf::tls_version::tls13;
    how.cipher_suites = "TLS_AES_128_GCM_SHA256";
    how.resume_sessions = false;
    return bf::tls_context::server(how);
}

bf::serve_report serve_all(const options& given, const std::string& body) {
    bf::serve_options how;
    how.drain = {};  // Nobody is waited for.
    if (!given.has("--certificate"))
        return serve_until_ctrl_c(
            given, 8080, std::move(how), [&](bf::tcp_stream stream) { return serve_plain(std::move(stream), body); },
            [&](bf::tcp_stream stream) { serve_plain_on_fiber(std::move(stream), body); });
    const bf::tls_context with = tls_of(given);
    return serve_until_ctrl_c(
        given, 8443, std::move(how), [&](bf::tcp_stream stream) { return serve_tls(std::move(stream), with, body); },
        [&](bf::tcp_stream stream) { serve_tls_on_fiber(std::move(stream), with, body); });
}

}  // namespace

int main(int count, char** arguments) {
    return run_example("body_server", [&] {
        const options given{count, arguments, "body_server", server_options({"--body", "--certificate", "--key"})};
        const std::string body = read_whole(given.text("--body", ""));
        return serve_all(given, body).error ? 1 : 0;
    });
}
