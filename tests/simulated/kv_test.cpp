// The key-value server of the examples: every acknowledged SET can be read.
#include <catch.hpp>

#include "example_server.hpp"
#include "kv/connection.hpp"

#include <map>
#include <set>

namespace {

using namespace tests;

std::string command_of(std::initializer_list<std::string> words) {
    std::string made = "*" + std::to_string(words.size()) + "\r\n";
    for (const std::string& word : words) made += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
    return made;
}

std::string set_command(const std::string& key, const std::string& value) { return command_of({"SET", key, value}); }
std::string get_command(const std::string& key) { return command_of({"GET", key}); }

// One client, which makes a new connection after a failure.
class client {
public:
    explicit client(bf::socket_address server) : server_{std::move(server)} {}

    // The first line of the answer, and for a text the text; empty: there is none.
    bf::task<std::optional<std::string>> ask(std::string command) {
        if (!stream_) {
            auto made = co_await try_connect(server_);
            if (!made) co_return std::nullopt;
            stream_.emplace(std::move(*made));
        }
        const auto written = co_await stream_->stream().write_all(std::as_bytes(std::span{command}));
        std::optional<std::string> line;
        if (written) line = co_await read_line();
        if (line && line->starts_with('$') && *line != "$-1") line = co_await read_line();
        if (!line) stream_.reset();
        co_return line;
    }

private:
    bf::task<std::optional<std::string>> read_line() {
        const auto line = co_await stream_->read_until("\r\n", 4096);
        if (!line || !*line) co_return std::nullopt;
        std::string text{**line};
        // What a connection that fails has left is no line.
        if (!text.ends_with("\r\n")) co_return std::nullopt;
        text.resize(text.size() - 2);
        co_return text;
    }

    bf::socket_address server_;
    std::optional<bf::buffered_reader<bf::tcp_stream>> stream_;
};

// What a key may have: what was last acknowledged or read, or what was sent without an answer, which may come late.
struct expectation {
    std::string known = "$-1";
    std::set<std::string> may_come;
};

bf::task<int> use_store(bf::socket_address server, int number) {
    client one{std::move(server)};
    std::map<std::string, expectation> keys;
    int answers = 0;
    for (int step = 0; step != 8; ++step) {
        const std::string key = "key" + std::to_string(number) + "." + std::to_string(step % 2);
        expectation& expects = keys[key];
        if (step % 4 < 2) {
            const std::string value = "value" + std::to_string(step);
            const auto answer = co_await one.ask(set_command(key, value));
            must(!answer || *answer == "+OK", "a SET was refused");
            if (answer)
                expects.known = value;
            else
                expects.may_come.insert(value);
            answers += answer.has_value();
        } else {
            const auto answer = co_await one.ask(get_command(key));
            if (!answer) continue;
            ++answers;
            const bool is_expected = *answer == expects.known || expects.may_come.contains(*answer);
            if (!is_expected) throw std::runtime_error{key + " has " + *answer + " and not " + expects.known};
            expects.known = *answer;
        }
    }
    co_return answers;
}

bf::task<void> kv_body(bf::backend on, bool calm) {
    kv::server_state state{{}, {}};
    example_server server;
    const auto in_coroutine = [&](bf::tcp_stream stream, bf::serving about) {
        return kv::converse(std::move(stream), about, state);
    };
    const auto in_fiber = [&](bf::tcp_stream stream, bf::serving about) {
        kv::converse_in_fiber(std::move(stream), about, state);
    };
    const bf::socket_address address = server.address();
    const auto play = [&](bf::task_scope& scope) -> bf::task<void> {
        auto serving = scope.spawn(server.serve(on, in_coroutine, in_fiber));
        std::vector<bf::child_handle<int>> clients;
        for (int number = 0; number != 3; ++number) clients.push_back(scope.spawn(use_store, address, number));
        int answers = 0;
        for (auto& each : clients) answers += co_await each;
        server.stop();
        const auto report = co_await serving;
        must(!calm || (answers == 24 && report.accepted == 3), "an answer is missing");
    };
    co_await bf::with_scope(play);
}

TEST_CASE("every_acknowledged_set_can_be_read") { in_all_weather(12, kv_body); }

TEST_CASE("ten thousand seeds of the key-value server", "[.][nightly]") { in_all_weather(seeds_by_night, kv_body); }

TEST_CASE("a_seed_of_a_server_gives_the_same_run_again") {
    simulation::options how;
    how.workers = 3;
    how.kernel = simulation::weather::hostile;
    const auto body = [] { return kv_body(bf::backend::stackless, false); };
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        INFO("seed: " << seed);
        const auto one = simulation::simulate(seed, body, how);
        CHECK(one.failure == "");
        CHECK(one.hash == simulation::simulate(seed, body, how).hash);
    }
}

}  // namespace
