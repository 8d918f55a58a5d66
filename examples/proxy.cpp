// A TCP proxy: every connection goes on to one server, both ways, each end passed on by itself.
//   proxy --to HOST:SERVICE [--host H] [--port P] [--idle MS] [--connect-time MS] [--backend stackless|stackful]
//         [--driver best|uring|epoll] [--workers N] [--shards N] [--splice 0|1]
// A pair on which nothing moves for --idle milliseconds is closed. --splice 1: the kernel passes the bytes on, which
// is cheaper for large transfers and takes four more descriptors a pair. Ctrl-C: no new connections; those that are
// open have ten seconds to end.
#include "server.hpp"

#include <atomic>
#include <bifilar/io/net/splice_bidirectional.hpp>

namespace bf = bifilar;

namespace {

// Counted by the connections, on several workers.
struct traffic {
    std::atomic<std::uint64_t> up{0};
    std::atomic<std::uint64_t> down{0};
    std::atomic<std::uint64_t> unreachable{0};
    std::atomic<std::uint64_t> idle{0};
};

struct route {
    std::string to;
    std::chrono::milliseconds connect_time;
    bool splices;
    std::chrono::milliseconds idle_time;
    traffic& counts;

    [[nodiscard]] auto copy(bf::tcp_stream& client, bf::tcp_stream& server) const {
        bf::bidirectional_copy_options how;
        how.idle_timeout = idle_time;
        return bf::copy_bidirectional(client, server, how);
    }
    [[nodiscard]] auto splice(bf::tcp_stream& client, bf::tcp_stream& server) const {
        bf::bidirectional_splice_options how;
        how.idle_timeout = idle_time;
        return bf::splice_bidirectional(client, server, how);
    }
};

void count(traffic& counts, const bf::bidirectional_copy_result& moved) {
    counts.up.fetch_add(moved.a_to_b.bytes, std::memory_order_relaxed);
    counts.down.fetch_add(moved.b_to_a.bytes, std::memory_order_relaxed);
    if (moved.a_to_b.error == std::errc::timed_out || moved.b_to_a.error == std::errc::timed_out)
        counts.idle.fetch_add(1, std::memory_order_relaxed);
}

bf::task<void> pass_on(bf::tcp_stream client, const route& way) {
    auto server = co_await bf::timeout(bf::connect(way.to), way.connect_time);
    if (!server || !*server) {
        way.counts.unreachable.fetch_add(1, std::memory_order_relaxed);
        co_return;
    }
    if (way.splices)
        count(way.counts, co_await way.splice(client, **server));
    else
        count(way.counts, co_await way.copy(client, **server));
}

void pass_on_in_fiber(bf::tcp_stream client, const route& way) {
    auto server = bf::await(bf::timeout(bf::connect(way.to), way.connect_time));
    if (!server || !*server) {
        way.counts.unreachable.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    count(way.counts, way.splices ? bf::await(way.splice(client, **server)) : bf::await(way.copy(client, **server)));
}

}  // namespace

int main(int count, char** arguments) {
    return run_example("proxy", [&] {
        const options given{count, arguments, "proxy",
                            server_options({"--to", "--idle", "--connect-time", "--splice"})};
        if (!given.has("--to")) throw std::invalid_argument{"--to is missing; give the server, as example.org:80"};
        traffic counts;
        const route way{given.text("--to", ""),
                        std::chrono::milliseconds{given.number("--connect-time", 5'000, 1, 3'600'000)},
                        given.number("--splice", 0, 0, 1) == 1,
                        std::chrono::milliseconds{given.number("--idle", 300'000, 1, 86'400'000)}, counts};
        bf::serve_options how;
        how.name = "proxied connection";
        const bf::serve_report report = serve_until_ctrl_c(
            given, 8081, std::move(how), [&way](bf::tcp_stream client) { return pass_on(std::move(client), way); },
            [&way](bf::tcp_stream client) { pass_on_in_fiber(std::move(client), way); });
        std::printf("passed on %llu connections, %llu bytes up, %llu bytes down; %llu unreachable, %llu idle\n",
                    static_cast<unsigned long long>(report.accepted), static_cast<unsigned long long>(counts.up.load()),
                    static_cast<unsigned long long>(counts.down.load()),
                    static_cast<unsigned long long>(counts.unreachable.load()),
                    static_cast<unsigned long long>(counts.idle.load()));
        return report.error ? 1 : 0;
    });
}
