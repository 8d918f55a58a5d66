// http_server against mutated requests: rows of them on a connection, and one a connection.
#include "attack.hpp"
#include "http_answers.hpp"
#include "wire.hpp"

#include <algorithm>
#include <optional>

namespace attack {
namespace {

const std::string host = "Host: localhost\r\n";

std::vector<std::string> corpus() {
    return {
        "GET / HTTP/1.1\r\n" + host + "\r\n",
        "HEAD / HTTP/1.1\r\n" + host + "Accept: */*\r\nUser-Agent: test/1.0 (x; y)\r\n\r\n",
        "GET /nothing?a=b&c=%20 HTTP/1.1\r\n" + host + "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n",
        "GET http://localhost/ HTTP/1.1\r\n" + host + "Range: bytes=0-9\r\nIf-Range: \"abc\"\r\n\r\n",
        "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\n" + host + "If-None-Match: \"a\", W/\"b\", *\r\nTE: trailers, deflate;q=0.5\r\n\r\n",
        "DELETE /echo HTTP/1.1\r\n" + host + "Authorization: Basic YTpi\r\nCookie: a=b; c=d\r\n\r\n",
        "POST /echo HTTP/1.1\r\n" + host + "Content-Length: 11\r\n\r\nhello world",
        "POST /echo HTTP/1.1\r\n" + host + "Content-Length: 0\r\nConnection: keep-alive, x\r\n\r\n",
        "POST /echo HTTP/1.1\r\n" + host + "Content-Length: 4\r\nExpect: 100-continue\r\n\r\nbody",
        "POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\n" + host +
            "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\nA;name=value;q=\"a;\\\"b\"\r\n0123456789\r\n"
            "1\r\nx\r\n000;last\r\nX-Sum: 1\r\nX-More: y\r\n\r\n",
        "PUT / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nContent-Type: a/b\r\n\r\n0\r\n\r\n",
        "\r\nGET / HTTP/1.1\r\nHost: [::1]:8080\r\nX-Long: " + std::string(500, 'x') + "\r\n\r\n",
    };
}

std::vector<std::string> tokens() {
    return {"GET",
            "HEAD",
            "POST",
            "CONNECT",
            "OPTIONS",
            "*",
            "HTTP/1.1",
            "HTTP/1.0",
            "HTTP/2.0",
            "HTTP/1.10",
            "Host",
            "Content-Length",
            "Transfer-Encoding",
            "Transfer-Encoding: chunked\r\n",
            "Content-Length: 5\r\n",
            "Content-Length: 0\r\n",
            "Connection: close\r\n",
            "Connection: keep-alive\r\n",
            "Expect: 100-continue\r\n",
            "chunked",
            "identity",
            "gzip",
            "chunked, chunked",
            "close",
            "keep-alive",
            "Upgrade",
            "trailers",
            "/echo",
            "/",
            "http://localhost/echo",
            "bytes=0-",
            "bytes=-5",
            "0\r\n\r\n",
            "5\r\nhello\r\n",
            ";name=\"value\"",
            "W/\"x\"",
            "X-Y: z\r\n",
            "X-Y: z\r\n folded\r\n",
            " \r\n",
            "\r\n\r\nGET / HTTP/1.1\r\n" + host + "\r\n"};
}

// Changes that leave most requests well-formed, so that what stands behind them is parsed as well: words in the value
// of a field or in the target, which are exchanged for other words.
void change_gently(std::string& request, mutator& by) {
    static constexpr std::string_view gentle = "abcxyzABCXYZ0189-._~!$&'()*+,;=:@/?";
    const std::size_t line = request.find("\r\n", 2);
    const std::size_t end = std::min(request.find("\r\n\r\n"), request.size());
    // Of the fields after Host, where there are any, else of a new one.
    const std::size_t field = request.find("\r\n", line + 2);
    const std::size_t slash = request.find(" /");
    if (by.below(2) == 0 || field >= end || slash >= line) {
        std::string added = "X-";
        for (std::size_t bytes = by.below(40); bytes != 0; --bytes) added += gentle[by.below(12)];
        added += ": ";
        for (std::size_t bytes = by.below(60); bytes != 0; --bytes) added += gentle[by.below(gentle.size())];
        request.insert(line + 2, added + "\r\n");
        return;
    }
    request.insert(slash + 2, 1, gentle[by.below(gentle.size())]);
}

class http_attacker final : public attacker {
public:
    explicit http_attacker(std::uint16_t port) : port_{port} {}

    void attack(mutator& by, tally& into) override {
        row_.clear();
        // One conversation in eight is a mutant alone, from the first byte on; the others hide theirs behind ones that
        // are parsed to their end.
        const std::size_t before = by.below(8) == 0 ? 0 : 1 + by.below(32);
        for (std::size_t one = 0; one < before; ++one) {
            std::string request = by.valid();
            change_gently(request, by);
            row_ += request;
        }
        const std::size_t wild = 1 + by.below(4);
        for (std::size_t one = 0; one < wild; ++one) row_ += by.mutant();
        into.count_sent(before + wild);
        converse(by, before, into);
    }

    void check_health(tally& into) override {
        // A connection that lasts, and one of its own.
        connection fresh{port_};
        if (!kept_) kept_.emplace(port_);
        for (connection* const one : {&fresh, &*kept_}) {
            std::string answer;
            const bool complete = one->ask("GET / HTTP/1.1\r\n" + host + "\r\n", answer,
                                           [](std::string_view text) { return text.ends_with("\r\n\r\nhello"); });
            if (complete && answer.starts_with("HTTP/1.1 200 ")) continue;
            into.find("a healthy client is not served, but gets '" + shown(answer) + "'", {});
            kept_.reset();
            return;
        }
        into.count_healthy();
    }

private:
    void converse(mutator& by, std::size_t before, tally& into) {
        into.count_connection();
        connection to{port_};
        std::string answer;
        const std::size_t portion = by.below(4) == 0 ? 1 + by.below(100) : row_.size() + 1;
        const ending how = to.converse(row_, answer, portion);
        if (how == ending::silent) return into.find("the server hangs", row_);
        const answers got = read_answers(answer, how == ending::reset);
        // Of the gently changed ones each has an answer of its own; what comes behind them may be of any of the wild
        // ones.
        const std::size_t answered = got.statuses.size();
        into.count_parsed(std::min(answered, before) + (answered > before ? 1 : 0));
        if (!got.wrong.empty()) into.find(got.wrong, row_);
        if (how == ending::reset) into.find("the server resets the connection", row_);
    }

    std::uint16_t port_;
    std::string row_;
    std::optional<connection> kept_;
};

int attack_http(const options& given) {
    plan what;
    what.name = "http";
    what.program = "http_server";
    what.arguments = {"--idle-time", "3600000"};  // The healthy client's turn may be long in coming.
    what.corpus = corpus();
    what.tokens = tokens();
    what.make = [](std::uint16_t port) { return std::make_unique<http_attacker>(port); };
    return attack_server(given, what);
}

}  // namespace
}  // namespace attack

int main(int count, char** arguments) { return attack::run_attack(count, arguments, attack::attack_http); }
