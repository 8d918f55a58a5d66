// A TCP echo server: one task per connection, on either backend, over either driver.
//   echo [--host H] [--port P] [--backend stackless|stackful] [--driver best|uring|epoll] [--workers N]
//        [--shards N]
// With --workers 0 it has no thread but the main one. With --shards it listens so many times at the address, with
// a task for each, and the kernel spreads connections over them. Ctrl-C ends it: it stops accepting, cancels the
// connections, and says how much it served.
#include "server.hpp"

#include <atomic>

namespace bf = bifilar;

namespace {

// Added to by the connections, on several workers; read at the end.
using total = std::atomic<std::uint64_t>;

// What one connection has echoed, added to the total when it ends, however it ends.
class echoed {
public:
    explicit echoed(total& of_all) noexcept : of_all_{of_all} {}
    echoed(const echoed&) = delete;
    echoed& operator=(const echoed&) = delete;
    ~echoed() { of_all_.fetch_add(bytes_, std::memory_order_relaxed); }
    void add(std::uint64_t bytes) noexcept { bytes_ += bytes; }

private:
    total& of_all_;
    std::uint64_t bytes_ = 0;
};

bf::task<void> serve(bf::tcp_stream connection, total& of_all) {
    echoed bytes{of_all};
    bf::receive_stream all = connection.receive_all();
    for (;;) {
        const auto got = co_await all.next();
        if (!got || got->empty()) break;
        const auto written = co_await connection.write_all(got->bytes());
        if (!written) break;
        bytes.add(*written);
    }
}

void serve_in_fiber(bf::tcp_stream connection, total& of_all) {
    echoed bytes{of_all};
    bf::receive_stream all = connection.receive_all();
    for (;;) {
        const auto got = bf::await(all.next());
        if (!got || got->empty()) break;
        const auto written = bf::await(connection.write_all(got->bytes()));
        if (!written) break;
        bytes.add(*written);
    }
}

}  // namespace

int main(int count, char** arguments) {
    return run_example("echo", [&] {
        const options given{count, arguments, "echo", server_options()};
        total bytes{0};
        bf::serve_options how;
        how.drain = {};  // Nobody is waited for.
        const bf::serve_report report = serve_until_ctrl_c(
            given, 7777, std::move(how),
            [&bytes](bf::tcp_stream connection) { return serve(std::move(connection), bytes); },
            [&bytes](bf::tcp_stream connection) { serve_in_fiber(std::move(connection), bytes); });
        std::printf("served %llu connections, %llu bytes\n", static_cast<unsigned long long>(report.accepted),
                    static_cast<unsigned long long>(bytes.load()));
        return report.error ? 1 : 0;
    });
}
