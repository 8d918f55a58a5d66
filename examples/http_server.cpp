// An HTTP/1.1 server: "/" says hello, "/echo" gives back what is posted, or, with --root, the files of a folder.
//   http_server [--host H] [--port P] [--root FOLDER] [--backend stackless|stackful] [--driver best|uring|epoll]
//               [--workers N] [--shards N] [--connections N] [--drain MS] [--head-time MS] [--request-time MS]
//               [--idle-time MS] [--write-time MS] [--memory MIB] [--metrics PATH]
//               [--trace PATH]
// With --metrics /metrics, Prometheus finds there what the runtime measures of itself; with --trace /trace, there is
// what its workers did last, for Perfetto. Ctrl-C: it stops accepting, lets the requests under way finish, and says how
// much it served and who was left. Ctrl-C again: it does not wait for them.
#include "http/connection.hpp"
#include "server.hpp"

namespace bf = bifilar;

namespace {

http::settings settings_of(const options& given, bf::byte_budget& memory) {
    http::settings made;
    made.memory = &memory;
    const auto time = [&given](const char* name, std::uint32_t otherwise_ms) {
        return std::chrono::milliseconds{given.number(name, otherwise_ms, 1, 3'600'000)};
    };
    made.most.head_time = time("--head-time", 10'000);
    made.most.request_time = time("--request-time", 60'000);
    made.most.idle_time = time("--idle-time", 60'000);
    made.most.write_time = time("--write-time", 30'000);
    const auto path = [&given](const char* name) {
        std::string found = given.text(name, "");
        if (given.has(name) && !found.starts_with('/'))
            throw std::invalid_argument{std::string{name} + " is '" + found + "'; give a path, such as /metrics"};
        return found;
    };
    made.metrics = path("--metrics");
    made.trace = path("--trace");
    if (given.has("--root")) made.root = http::open_root(given.text("--root", "")).release();
    return made;
}

bf::serve_options serving_of(const options& given) {
    bf::serve_options made;
    made.name = "http connection";
    made.max_connections = given.number("--connections", 100'000, 1, 10'000'000);
    made.drain = std::chrono::milliseconds{given.number("--drain", 10'000, 0, 3'600'000)};
    return made;
}

void print(const bf::serve_report& report) {
    std::printf("served %llu connections, %llu failed, %llu cancelled\n",
                static_cast<unsigned long long>(report.accepted), static_cast<unsigned long long>(report.failed),
                static_cast<unsigned long long>(report.cancelled));
    for (const bf::task_description& one : report.left) std::printf("left: %s\n", to_string(one).c_str());
    if (report.error) std::printf("stopped by itself: %s\n", report.error.message().c_str());
}

}  // namespace

int main(int count, char** arguments) {
    return run_example("http_server", [&] {
        const options given{count, arguments, "http_server",
                            server_options({"--root", "--connections", "--drain", "--head-time", "--request-time",
                                            "--idle-time", "--write-time", "--memory", "--metrics", "--trace"})};
        bf::byte_budget memory{std::uint64_t{given.number("--memory", 256, 1, 1'000'000)} << 20};
        const http::settings settings = settings_of(given, memory);
        const bf::serve_report report = serve_until_ctrl_c(
            given, 8080, serving_of(given),
            [&settings](bf::tcp_stream stream, bf::serving server) {
                return http::serve_connection(std::move(stream), server, settings);
            },
            [&settings](bf::tcp_stream stream, bf::serving server) {
                http::serve_connection_on_fiber(std::move(stream), server, settings);
            });
        print(report);
        return report.error ? 1 : 0;
    });
}
