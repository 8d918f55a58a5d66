// A TCP proxy: every connection goes on to one server, both ways, each end passed on by itself.
//   proxy --to HOST:SERVICE [--host H] [--port P] [--idle MS] [--connect-time MS] [--backend stackless|stackful]
//         [--driver best|uring|epoll] [--workers N] [--shards N] [--splice 0|1]
// A pair on which nothing moves for --idle milliseconds is closed. --splice 1: the kernel passes the bytes on, which
// is cheaper for large transfers and takes four more descriptors a pair. Ctrl-C: no new connections; those that are
// open have ten seconds to end.
#include "proxy/route.hpp"
#include "server.hpp"

namespace bf = bifilar;

int main(int count, char** arguments) {
    return run_example("proxy", [&] {
        const options given{count, arguments, "proxy",
                            server_options({"--to", "--idle", "--connect-time", "--splice"})};
        if (!given.has("--to")) throw std::invalid_argument{"--to is missing; give the server, as example.org:80"};
        proxy::traffic counts;
        const proxy::route way{given.text("--to", ""),
                               std::chrono::milliseconds{given.number("--connect-time", 5'000, 1, 3'600'000)},
                               given.number("--splice", 0, 0, 1) == 1,
                               std::chrono::milliseconds{given.number("--idle", 300'000, 1, 86'400'000)}, counts};
        bf::serve_options how;
        how.name = "proxied connection";
        const bf::serve_report report = serve_until_ctrl_c(
            given, 8081, std::move(how),
            [&way](bf::tcp_stream client) { return proxy::pass_on(std::move(client), way); },
            [&way](bf::tcp_stream client) { proxy::pass_on_in_fiber(std::move(client), way); });
        std::printf("passed on %llu connections, %llu bytes up, %llu bytes down; %llu unreachable, %llu idle\n",
                    static_cast<unsigned long long>(report.accepted), static_cast<unsigned long long>(counts.up.load()),
                    static_cast<unsigned long long>(counts.down.load()),
                    static_cast<unsigned long long>(counts.unreachable.load()),
                    static_cast<unsigned long long>(counts.idle.load()));
        return report.error ? 1 : 0;
    });
}
