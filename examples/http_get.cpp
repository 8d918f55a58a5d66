// An HTTP/1.1 client: fetches URLs one after another over as few connections as possible and writes their bodies.
//   http_get [--backend stackless|stackful] [--driver best|uring|epoll] [--connect-time MS] [--timeout MS] URL...
// Follows up to five redirects. Exit code 1 when an answer is not 200, 2 when there is none or it
// cannot be written.
#include "http/client.hpp"
#include "server.hpp"

namespace bf = bifilar;

namespace {

// The status of the answer, whose body goes to the standard output.
bf::task<int> fetch(http::client& by, std::string url) {
    http::url at = http::parse_url(url);
    const http::response* const answer = co_await by.ask(at);
    const int status = answer->status;
    for (;;) {
        const std::string_view bytes = co_await by.read_body();
        if (bytes.empty()) break;
        const auto written = co_await bf::standard_output().write_all(std::as_bytes(std::span{bytes}));
        if (!written) throw std::system_error{written.error(), no_output};
    }
    co_return status;
}

bf::task<int> fetch_all(const std::vector<std::string>& urls, http::patience how, std::chrono::milliseconds limit) {
    http::client one{how};
    int worst = 0;
    for (const std::string& url : urls) {
        const auto status = co_await bf::timeout(fetch(one, url), limit);
        if (!status) throw http::failure{url + " did not come in time; see --timeout"};
        if (*status == 200) continue;
        std::fprintf(stderr, "http_get: %s: status %d\n", url.c_str(), *status);
        worst = 1;
    }
    co_return worst;
}

}  // namespace

int main(int count, char** arguments) {
    return run_example("http_get", [&] {
        const options given{
            count, arguments, "http_get", {"--backend", "--driver", "--connect-time", "--timeout"}, "URL..."};
        if (given.words().empty()) throw std::invalid_argument{"give a URL, such as http://127.0.0.1:8080/"};
        bf::runtime_options machine;
        machine.driver = given.driver();
        machine.workers = 1;
        const std::chrono::milliseconds limit{given.number("--timeout", 30'000, 1, 3'600'000)};
        http::patience how;
        how.connect = std::chrono::milliseconds{given.number("--connect-time", 10'000, 1, 3'600'000)};
        how.silence = limit;
        bf::runtime runtime{machine};
        return runtime.spawn(given.backend(), fetch_all, std::cref(given.words()), how, limit).join();
    });
}
