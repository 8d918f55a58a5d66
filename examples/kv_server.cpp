// A key-value server that speaks the Redis protocol, for redis-cli and redis-benchmark.
//   kv_server [--host H] [--port P] [--backend stackless|stackful] [--driver best|uring|epoll] [--workers N]
//             [--shards N]
// Commands that a client sends in one go are answered with one write, or several where the answers come to 256 KiB: the
// next command is then run when those are written. A command may have 1,000,000 words and 64 MiB in all of them, or its
// connection ends; the values of an answer may have 64 MiB, or the command is refused. Ctrl-C ends the server when its
// clients have their answers.
#include "kv/session.hpp"
#include "server.hpp"

namespace bf = bifilar;
using namespace std::chrono_literals;

namespace {

using step = kv::session::step;

bf::task<void> converse(bf::tcp_stream stream, bf::serving server, kv::store& data) {
    kv::session client{data};
    for (auto next = step::receive; next != step::close;) {
        if (next == step::receive) {
            auto received = stream.receive();
            auto stop = server.stop();
            auto first = co_await bf::select(received, stop);
            if (first.index() == 1) break;
            const auto& got = std::get<0>(first.value());
            if (!got || got->empty()) break;
            next = client.feed(got->bytes());
        } else {
            next = client.go_on();
        }
        const auto written = co_await stream.write_all(std::as_bytes(std::span{client.answers()}));
        if (!written) break;
        client.wrote();
    }
}

void converse_in_fiber(bf::tcp_stream stream, bf::serving server, kv::store& data) {
    kv::session client{data};
    for (auto next = step::receive; next != step::close;) {
        if (next == step::receive) {
            auto received = stream.receive();
            auto stop = server.stop();
            auto first = bf::await(bf::select(received, stop));
            if (first.index() == 1) break;
            const auto& got = std::get<0>(first.value());
            if (!got || got->empty()) break;
            next = client.feed(got->bytes());
        } else {
            next = client.go_on();
        }
        if (!bf::await(stream.write_all(std::as_bytes(std::span{client.answers()})))) break;
        client.wrote();
    }
}

}  // namespace

int main(int count, char** arguments) {
    return run_example("kv_server", [&] {
        const options given{count, arguments, "kv_server", server_options()};
        kv::store data;
        bf::serve_options how;
        how.name = "client";
        how.drain = 2s;
        const bf::serve_report report = serve_until_ctrl_c(
            given, 6379, std::move(how),
            [&data](bf::tcp_stream stream, bf::serving server) { return converse(std::move(stream), server, data); },
            [&data](bf::tcp_stream stream, bf::serving server) { converse_in_fiber(std::move(stream), server, data); });
        std::printf("served %llu clients, %zu keys\n", static_cast<unsigned long long>(report.accepted), data.size());
        return report.error ? 1 : 0;
    });
}
