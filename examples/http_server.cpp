// An HTTP/1.1 server: "/" says hello, "/echo" gives back what is posted, or, with --root, the files of a folder.
//   http_server [--host H] [--port P] [--root FOLDER] [--backend stackless|stackful] [--driver best|uring|epoll]
//               [--workers N] [--connections N] [--drain MS] [--head-time MS] [--idle-time MS]
// Ctrl-C: it stops accepting, lets the requests under way finish, and says how much it served and who was left.
#include "http/connection.hpp"
#include "options.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

namespace bf = bifilar;

namespace {

struct configuration {
    std::string host = "127.0.0.1";
    std::uint16_t port = 8080;
    bf::runtime_options runtime;
    bf::serve_options serve;
    http::settings http;
};

int open_folder(const std::string& path) {
    const int made = ::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (made < 0)
        throw std::invalid_argument{"--root is '" + path + "': " + std::generic_category().message(errno) +
                                    "; give a folder that can be read"};
    return made;
}

configuration parse(const options& given) {
    configuration made;
    made.host = given.text("--host", made.host);
    made.port = static_cast<std::uint16_t>(given.number("--port", made.port, 0, 65535));
    if (given.has("--workers")) made.runtime.workers = given.number("--workers", 1, 1, 4096);
    made.runtime.driver = given.driver();
    made.runtime.stack_bytes = std::size_t{64} << 10;
    made.serve.on = given.backend();
    made.serve.name = "http connection";
    made.serve.most_connections = given.number("--connections", 100'000, 1, 10'000'000);
    made.serve.drain = std::chrono::milliseconds{given.number("--drain", 10'000, 0, 3'600'000)};
    http::limits& most = made.http.most;
    most.head_time = std::chrono::milliseconds{given.number("--head-time", 10'000, 1, 3'600'000)};
    most.idle_time = std::chrono::milliseconds{given.number("--idle-time", 60'000, 1, 3'600'000)};
    if (given.has("--root")) made.http.root = open_folder(given.text("--root", ""));
    return made;
}

bf::task<bf::serve_report> run_server(bf::tcp_listener listener, const configuration& given) {
    const http::settings& settings = given.http;
    const auto coroutine = [&settings](bf::tcp_stream stream, bf::serving server) {
        return http::serve_connection(std::move(stream), server, settings);
    };
    const auto fiber = [&settings](bf::tcp_stream stream, bf::serving server) {
        http::serve_connection_on_fiber(std::move(stream), server, settings);
    };
    if (given.serve.on == bf::backend::stackful)
        co_return co_await bf::serve(std::move(listener), given.serve, fiber, bf::ctrl_c());
    co_return co_await bf::serve(std::move(listener), given.serve, coroutine, bf::ctrl_c());
}

void print(const bf::serve_report& report) {
    std::printf("served %llu connections, %llu failed, %llu cancelled\n",
                static_cast<unsigned long long>(report.accepted), static_cast<unsigned long long>(report.failed),
                static_cast<unsigned long long>(report.cancelled));
    for (const bf::task_description& one : report.left) std::printf("left: %s\n", to_string(one).c_str());
    if (report.error) std::printf("stopped by itself: %s\n", report.error.message().c_str());
}

}  // namespace

int main(int count, char** arguments) try {
    const options words{count,
                        arguments,
                        "http_server",
                        {"--host", "--port", "--root", "--backend", "--driver", "--workers", "--connections", "--drain",
                         "--head-time", "--idle-time"}};
    const configuration given = parse(words);
    const std::string address = given.host + ":" + std::to_string(given.port);
    auto listener = bf::tcp_listener::bind(address);
    if (!listener)
        throw std::invalid_argument{"cannot listen on " + address + ": " + listener.error().message() +
                                    "; choose another --host or --port"};
    bf::runtime runtime{given.runtime};
    std::printf("listening on %s\n", listener->local_address().value().to_string().c_str());
    std::fflush(stdout);
    const bf::serve_report report = runtime.run(run_server, std::move(*listener), std::cref(given));
    print(report);
    return report.error ? 1 : 0;
} catch (const std::exception& error) {
    std::fprintf(stderr, "http_server: %s\n", error.what());
    return 2;
}
