// A TCP echo server: one task per connection, on either backend, over either driver.
//   echo [--host H] [--port P] [--backend stackless|stackful] [--driver best|uring|epoll] [--workers N]
// Ctrl-C ends it: it stops accepting, cancels the connections, and says how much it served.
#include <bifilar/bifilar.hpp>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

namespace bf = bifilar;

namespace {

struct options {
    std::string host = "127.0.0.1";
    std::uint16_t port = 7777;
    bf::backend on = bf::backend::stackless;
    bf::runtime_options runtime;
};

// Counted by the connections, read at the end. Plain counts in atomics: connections run on several workers.
struct totals {
    std::atomic<std::uint64_t> connections{0};
    std::atomic<std::uint64_t> bytes{0};
};

bf::task<void> serve(bf::tcp_stream connection, totals& served) {
    for (;;) {
        const auto got = co_await connection.receive();
        if (!got || got->empty()) break;
        const auto written = co_await connection.write_all(got->bytes());
        if (!written) break;
        served.bytes.fetch_add(*written, std::memory_order_relaxed);
    }
}

void serve_in_fiber(bf::tcp_stream connection, totals& served) {
    for (;;) {
        const auto got = bf::await(connection.receive());
        if (!got || got->empty()) break;
        const auto written = bf::await(connection.write_all(got->bytes()));
        if (!written) break;
        served.bytes.fetch_add(*written, std::memory_order_relaxed);
    }
}

bf::task<void> accept_all(bf::tcp_listener& listener, bf::backend on, totals& served) {
    for (;;) {
        auto connection = co_await listener.accept();
        if (!connection) {
            // Out of descriptors, most likely: connections must end before more can be served.
            std::fprintf(stderr, "echo: accept: %s\n", connection.error().message().c_str());
            co_await bf::sleep_for(std::chrono::milliseconds{50});
            continue;
        }
        served.connections.fetch_add(1, std::memory_order_relaxed);
        if (on == bf::backend::stackful)
            bf::spawn(bf::backend::stackful, serve_in_fiber, std::move(*connection), std::ref(served)).detach();
        else
            bf::spawn(serve, std::move(*connection), std::ref(served)).detach();
    }
}

bf::task<void> run_server(bf::tcp_listener& listener, bf::backend on, totals& served) {
    auto accepting = bf::spawn(accept_all, std::ref(listener), on, std::ref(served));
    co_await bf::ctrl_c();
    accepting.cancel();
    (void)co_await accepting.outcome();
}

std::uint32_t number(const std::string& name, const std::string& text, std::uint32_t least, std::uint32_t most) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most)
        throw std::invalid_argument{name + " is '" + text + "'; give a number from " + std::to_string(least) + " to " +
                                    std::to_string(most)};
    return value;
}

options parse(int count, char** arguments) {
    options given;
    if (count == 2 && (std::string_view{arguments[1]} == "--help" || std::string_view{arguments[1]} == "-h")) {
        std::puts(
            "echo [--host ADDRESS] [--port P] [--backend stackless|stackful] [--driver best|uring|epoll] [--workers "
            "N]");
        std::exit(0);
    }
    for (int at = 1; at < count; at += 2) {
        const std::string name = arguments[at];
        if (at + 1 == count) throw std::invalid_argument{name + " needs a value"};
        const std::string value = arguments[at + 1];
        if (name == "--host") {
            given.host = value;
        } else if (name == "--port") {
            given.port = static_cast<std::uint16_t>(number(name, value, 0, 65535));
        } else if (name == "--workers") {
            given.runtime.workers = number(name, value, 1, 4096);
        } else if (name == "--backend") {
            const auto on = bf::parse_backend(value);
            if (!on) throw std::invalid_argument{"--backend is '" + value + "'; use stackless or stackful"};
            given.on = *on;
        } else if (name == "--driver") {
            const auto driver = bf::parse_driver(value);
            if (!driver) throw std::invalid_argument{"--driver is '" + value + "'; use best, uring or epoll"};
            given.runtime.driver = *driver;
        } else {
            throw std::invalid_argument{name + " is no option; use --host, --port, --backend, --driver, --workers"};
        }
    }
    return given;
}

}  // namespace

int main(int count, char** arguments) try {
    const options given = parse(count, arguments);
    const std::string address = given.host + ":" + std::to_string(given.port);
    auto listener = bf::tcp_listener::bind(address);
    if (!listener)
        throw std::invalid_argument{"cannot listen on " + address + ": " + listener.error().message() +
                                    "; choose another --host or --port"};
    totals served;
    {
        bf::runtime runtime{given.runtime};
        std::printf("listening on %s\n", listener->local_address().value().to_string().c_str());
        std::fflush(stdout);
        runtime.run(run_server, std::ref(*listener), given.on, std::ref(served));
    }  // Connections that are still open are cancelled here.
    std::printf("served %llu connections, %llu bytes\n", static_cast<unsigned long long>(served.connections.load()),
                static_cast<unsigned long long>(served.bytes.load()));
    return 0;
} catch (const std::exception& error) {
    std::fprintf(stderr, "echo: %s\n", error.what());
    return 2;
}
