// An HTTP/1.1 client: fetches URLs one after another over as few connections as possible and writes their bodies.
//   http_get [--backend stackless|stackful] [--driver best|uring|epoll] [--timeout MS] URL...
// Follows up to five redirects. Exit code 1 when an answer is not 200, 2 when there is none.
#include "http/parser.hpp"
#include "options.hpp"

#include <cstdio>

namespace bf = bifilar;

namespace {

struct address {
    std::string host;  // With its port.
    std::string path;
};

address parse_url(const std::string& url) {
    constexpr std::string_view scheme = "http://";
    if (!url.starts_with(scheme)) throw std::invalid_argument{"'" + url + "' is no URL that starts with http://"};
    const std::size_t slash = url.find('/', scheme.size());
    address made{url.substr(scheme.size(), slash - scheme.size()),
                 slash == std::string::npos ? "/" : url.substr(slash)};
    const std::size_t bracket = made.host.rfind(']');  // Of an IPv6 address.
    if (made.host.find(':', bracket == std::string::npos ? 0 : bracket) == std::string::npos) made.host += ":80";
    return made;
}

// A connection that is kept while the next URL is of the same host.
class client {
public:
    client() : parser_{most()} {}

    /// Throws std::runtime_error when there is no answer.
    bf::task<const http::response*> get(address at) {
        for (bool reused = at.host == host_ && stream_.has_value();; reused = false) {
            if (!reused) co_await open(at.host);
            const bool answered = co_await ask(at);
            if (answered) break;
            // The server may have ended the kept connection just now.
            if (!reused) throw std::runtime_error{at.host + " closed the connection without an answer"};
        }
        if (!parser_.message().keeps_alive) stream_.reset();
        co_return &parser_.message();
    }

private:
    static http::limits most() {
        http::limits made;
        made.body_bytes = std::size_t{1} << 30;
        return made;
    }

    bf::task<> open(std::string host) {
        stream_.reset();
        auto made = co_await bf::tcp_stream::connect(host);
        if (!made) throw std::runtime_error{"cannot connect to " + host + ": " + made.error().message()};
        stream_.emplace(std::move(*made));
        host_ = std::move(host);
    }

    // False when the connection ended before the first byte.
    bf::task<bool> ask(const address& at) {
        const std::string request =
            "GET " + at.path + " HTTP/1.1\r\nHost: " + at.host + "\r\nUser-Agent: bifilar-http-get\r\n\r\n";
        parser_.reset();
        const auto sent = co_await stream_->write_all(std::as_bytes(std::span{request}));
        if (!sent) co_return false;
        std::string pending;
        std::vector<char> buffer(std::size_t{64} << 10);
        while (parser_.at() != http::progress::complete) {
            const auto got = co_await stream_->read(std::as_writable_bytes(std::span{buffer}));
            if (!got || *got == 0) {
                if (parser_.at() == http::progress::idle) co_return false;
                parser_.end_of_stream();
                if (parser_.at() == http::progress::complete) break;
                throw std::runtime_error{at.host + " ended the connection within its answer"};
            }
            pending.append(buffer.data(), *got);
            for (std::size_t used = 1; used != 0 && parser_.at() != http::progress::complete;)
                pending.erase(0, used = parser_.feed(pending));
            if (parser_.at() == http::progress::failed) throw std::runtime_error{at.host + " does not speak HTTP/1.1"};
        }
        co_return true;
    }

    std::string host_;
    std::optional<bf::tcp_stream> stream_;
    http::response_parser parser_;
};

bool is_redirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// The status of the last answer, whose body went to the standard output.
bf::task<int> fetch(client& by, std::string url) {
    address at = parse_url(url);
    for (int redirects = 0;; ++redirects) {
        const http::response* const answer = co_await by.get(at);
        if (!is_redirect(answer->status) || answer->location.empty()) {
            std::fwrite(answer->body.data(), 1, answer->body.size(), stdout);
            co_return answer->status;
        }
        if (redirects == 5) throw std::runtime_error{url + " redirects more than five times"};
        const std::string to = answer->location;
        at = to.starts_with('/') ? parse_url("http://" + at.host + to) : parse_url(to);
    }
}

bf::task<int> fetch_all(const std::vector<std::string>& urls, std::chrono::milliseconds limit) {
    client one;
    int worst = 0;
    for (const std::string& url : urls) {
        const auto status = co_await bf::timeout(fetch(one, url), limit);
        if (!status) throw std::runtime_error{url + " did not answer in time; see --timeout"};
        if (*status == 200) continue;
        std::fprintf(stderr, "http_get: %s: status %d\n", url.c_str(), *status);
        worst = 1;
    }
    co_return worst;
}

}  // namespace

int main(int count, char** arguments) try {
    const options given{count, arguments, "http_get", {"--backend", "--driver", "--timeout"}, "URL..."};
    if (given.words().empty()) throw std::invalid_argument{"give a URL, such as http://127.0.0.1:8080/"};
    bf::runtime_options how;
    how.driver = given.driver();
    how.workers = 1;
    const std::chrono::milliseconds limit{given.number("--timeout", 30'000, 1, 3'600'000)};
    bf::runtime runtime{how};
    return runtime.spawn(given.backend(), fetch_all, std::cref(given.words()), limit).join();
} catch (const std::exception& error) {
    std::fprintf(stderr, "http_get: %s\n", error.what());
    return 2;
}
