// A chat over lines of text: what one says, all others read. A name in the first line, then messages.
//   chat_server [--host H] [--port P] [--backend stackless|stackful] [--driver best|uring|epoll] [--workers N]
//               [--shards N] [--history N] [--members N] [--name-time MS] [--write-time MS]
// Whoever reads slower than the others write is told how many messages they missed, and holds up nobody; who takes
// nothing for --write-time, or has no name after --name-time, is disconnected.
#include "chat/conversation.hpp"
#include "server.hpp"

namespace bf = bifilar;

namespace {

std::chrono::milliseconds time(const options& given, const char* name, std::chrono::milliseconds otherwise) {
    return std::chrono::milliseconds{given.number(name, static_cast<std::uint32_t>(otherwise.count()), 1, 86'400'000)};
}

chat::limits limits_of(const options& given) {
    chat::limits made;
    made.history = given.number("--history", made.history, 1, 1'000'000);
    made.name_time = time(given, "--name-time", made.name_time);
    made.write_time = time(given, "--write-time", made.write_time);
    return made;
}

}  // namespace

int main(int count, char** arguments) {
    return run_example("chat_server", [&] {
        const options given{count, arguments, "chat_server",
                            server_options({"--history", "--members", "--name-time", "--write-time"})};
        chat::meeting in{limits_of(given)};
        bf::serve_options how;
        how.name = "member";
        how.max_connections = given.number("--members", 10'000, 1, 10'000'000);
        const bf::serve_report report = serve_until_ctrl_c(
            given, 7778, std::move(how),
            [&](bf::tcp_stream stream, bf::serving server) { return chat::converse(std::move(stream), server, in); },
            [&](bf::tcp_stream stream, bf::serving server) { chat::converse_in_fiber(std::move(stream), server, in); });
        std::printf("%llu members\n", static_cast<unsigned long long>(report.accepted));
        return report.error ? 1 : 0;
    });
}
