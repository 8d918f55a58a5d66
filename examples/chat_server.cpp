// A chat over lines of text: what one says, all others read. A name in the first line, then messages.
//   chat_server [--host H] [--port P] [--backend stackless|stackful] [--driver best|uring|epoll] [--workers N]
//               [--shards N] [--history N] [--members N] [--name-time MS] [--write-time MS]
// Whoever reads slower than the others write is told how many messages they missed, and holds up nobody; who takes
// nothing for --write-time, or has no name after --name-time, is disconnected.
#include "chat/printable.hpp"
#include "server.hpp"

#include <memory>

namespace bf = bifilar;

namespace {

class message {
public:
    message(std::uint64_t from, std::string text) : from{from}, text{std::move(text)} {}
    std::uint64_t from;  // The number of the connection.
    std::string text;
};

// Shared, not copied, by those who read it.
using shared_message = std::shared_ptr<const message>;
using room = bf::broadcast<shared_message>;

// What all members share.
class meeting {
public:
    explicit meeting(const options& given)
        : everybody{given.number("--history", 1024, 1, 1'000'000)},
          name_time{time(given, "--name-time", 30'000)},
          write_time{time(given, "--write-time", 60'000)} {}

    room everybody;
    const std::chrono::milliseconds name_time;   // For the first line.
    const std::chrono::milliseconds write_time;  // For a member to take what is said.

private:
    static std::chrono::milliseconds time(const options& given, const char* name, std::uint32_t otherwise_ms) {
        return std::chrono::milliseconds{given.number(name, otherwise_ms, 1, 86'400'000)};
    }
};

void say(room& to, std::uint64_t from, std::string text) {
    (void)to.send(std::make_shared<const message>(from, std::move(text)));
}

// What a member reads first: from then on they hear whatever is said.
std::string welcome(const std::string& name) { return "* welcome, " + name + "\n"; }

// What a member is to read next, of what the room gave them; empty: nothing.
std::string shown(const std::expected<shared_message, bf::broadcast_error>& got, std::uint64_t reader) {
    if (!got) return "* you missed " + std::to_string(got.error().missed()) + " messages\n";
    return (*got)->from == reader ? std::string{} : (*got)->text + "\n";
}

constexpr std::size_t longest_line = 4096;
constexpr std::size_t longest_name = 64;

// Empty: none came, in time and in a line that is short enough.
template <class Line>
std::string name_in(const Line& line) {
    return line && *line && **line ? chat::printable(***line) : std::string{};
}

auto write(bf::tcp_stream& to, const std::string& text, const meeting& in) {
    return bf::timeout(to.write_all(std::as_bytes(std::span{text})), in.write_time);
}

// One task for both directions: the reader keeps what it has read of a line when a message comes first.
bf::task<void> converse(bf::tcp_stream stream, bf::serving server, meeting& in) {
    bf::buffered_reader<bf::tcp_stream> member{std::move(stream)};
    const auto name_line = co_await bf::timeout(member.read_line(longest_name), in.name_time);
    const std::string name = name_in(name_line);
    if (name.empty()) co_return;
    room& everybody = in.everybody;
    room::subscription hears = everybody.subscribe();
    say(everybody, server.number(), "* " + name + " is here");
    const std::string greeting = welcome(name);
    const auto greeted = co_await write(member.stream(), greeting, in);
    while (greeted && *greeted) {
        auto line = member.read_line(longest_line);
        auto news = hears.recv();
        auto stop = server.stop();
        auto first = co_await bf::select(line, news, stop);
        if (first.index() == 2) break;
        if (first.index() == 0) {
            const auto& said = std::get<0>(first.value());
            if (!said || !*said) break;
            say(everybody, server.number(), name + ": " + chat::printable(**said));
            continue;
        }
        const std::string text = shown(std::get<1>(first.value()), server.number());
        const auto written = co_await write(member.stream(), text, in);
        if (!written || !*written) break;
    }
    say(everybody, server.number(), "* " + name + " has left");
}

void converse_in_fiber(bf::tcp_stream stream, bf::serving server, meeting& in) {
    bf::buffered_reader<bf::tcp_stream> member{std::move(stream)};
    const auto name_line = bf::await(bf::timeout(member.read_line(longest_name), in.name_time));
    const std::string name = name_in(name_line);
    if (name.empty()) return;
    room& everybody = in.everybody;
    room::subscription hears = everybody.subscribe();
    say(everybody, server.number(), "* " + name + " is here");
    const std::string greeting = welcome(name);
    const auto greeted = bf::await(write(member.stream(), greeting, in));
    while (greeted && *greeted) {
        auto line = member.read_line(longest_line);
        auto news = hears.recv();
        auto stop = server.stop();
        auto first = bf::await(bf::select(line, news, stop));
        if (first.index() == 2) break;
        if (first.index() == 0) {
            const auto& said = std::get<0>(first.value());
            if (!said || !*said) break;
            say(everybody, server.number(), name + ": " + chat::printable(**said));
            continue;
        }
        const std::string text = shown(std::get<1>(first.value()), server.number());
        const auto written = bf::await(write(member.stream(), text, in));
        if (!written || !*written) break;
    }
    say(everybody, server.number(), "* " + name + " has left");
}

}  // namespace

int main(int count, char** arguments) {
    return run_example("chat_server", [&] {
        const options given{count, arguments, "chat_server",
                            server_options({"--history", "--members", "--name-time", "--write-time"})};
        meeting in{given};
        bf::serve_options how;
        how.name = "member";
        how.max_connections = given.number("--members", 10'000, 1, 10'000'000);
        const bf::serve_report report = serve_until_ctrl_c(
            given, 7778, std::move(how),
            [&](bf::tcp_stream stream, bf::serving server) { return converse(std::move(stream), server, in); },
            [&](bf::tcp_stream stream, bf::serving server) { converse_in_fiber(std::move(stream), server, in); });
        std::printf("%llu members\n", static_cast<unsigned long long>(report.accepted));
        return report.error ? 1 : 0;
    });
}
