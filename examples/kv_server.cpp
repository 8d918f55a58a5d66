// A key-value server that speaks the Redis protocol, for redis-cli and redis-benchmark.
//   kv_server [--host H] [--port P] [--backend stackless|stackful] [--driver best|uring|epoll] [--workers N]
//             [--shards N] [--clients N] [--data MIB] [--input MIB] [--idle-time MS] [--read-time MS]
//             [--write-time MS] [--requirepass PASSWORD] [--protected-mode yes|no]
// Without a password it accepts connections from its own machine alone, unless told otherwise. A command may have
// 1,000,000 words and 64 MiB in all of them, or its connection ends. One that names very many keys is worked off in
// slices, between which others have their turn: MSET and MGET are no single step. Memory: --data for keys and values,
// and for large words that ECHO and PING send back, --input for commands that are not complete, and up to 80 KiB a
// client beside. Ctrl-C ends the server when its clients have their answers.
#include "kv/connection.hpp"
#include "server.hpp"

namespace bf = bifilar;
using namespace std::chrono_literals;

namespace {

kv::limits limits_of(const options& given) {
    kv::limits made;
    const auto mebibytes = [&given](const char* name, std::uint64_t otherwise) {
        return std::uint64_t{given.number(name, static_cast<std::uint32_t>(otherwise >> 20), 1, 1 << 20)} << 20;
    };
    const auto time = [&given](const char* name, std::chrono::milliseconds otherwise) {
        return std::chrono::milliseconds{
            given.number(name, static_cast<std::uint32_t>(otherwise.count()), 1, 86'400'000)};
    };
    made.data_bytes = mebibytes("--data", made.data_bytes);
    made.input_bytes = mebibytes("--input", made.input_bytes);
    made.idle_time = time("--idle-time", made.idle_time);
    made.read_time = time("--read-time", made.read_time);
    made.write_time = time("--write-time", made.write_time);
    return made;
}

kv::access access_of(const options& given) {
    kv::access made;
    made.password = given.text("--requirepass", "");
    const std::string mode = given.text("--protected-mode", "yes");
    if (mode != "yes" && mode != "no") throw std::invalid_argument{"--protected-mode is '" + mode + "'; use yes or no"};
    made.is_protected = mode == "yes";
    return made;
}

}  // namespace

int main(int count, char** arguments) {
    return run_example("kv_server", [&] {
        const options given{count, arguments, "kv_server",
                            server_options({"--clients", "--data", "--input", "--idle-time", "--read-time",
                                            "--write-time", "--requirepass", "--protected-mode"})};
        kv::server_state state{limits_of(given), access_of(given)};
        bf::serve_options how;
        how.name = "client";
        how.max_connections = given.number("--clients", 10'000, 1, 10'000'000);
        how.drain = 2s;
        const bf::serve_report report = serve_until_ctrl_c(
            given, 6379, std::move(how),
            [&state](bf::tcp_stream stream, bf::serving server) {
                return kv::converse(std::move(stream), server, state);
            },
            [&state](bf::tcp_stream stream, bf::serving server) {
                kv::converse_in_fiber(std::move(stream), server, state);
            },
            kv::drop_ended_keys(state.data));
        std::printf("served %llu clients, %zu keys\n", static_cast<unsigned long long>(report.accepted),
                    state.data.size());
        return report.error ? 1 : 0;
    });
}
