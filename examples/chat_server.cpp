// A chat over lines of text: what one says, all others read. A name in the first line, then messages.
//   chat_server [--host H] [--port P] [--backend stackless|stackful] [--driver best|uring|epoll] [--workers N]
//               [--shards N] [--history N]
// Whoever reads slower than the others write is told how many messages they missed, and holds up nobody.
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

void say(room& to, std::uint64_t from, std::string text) {
    (void)to.send(std::make_shared<const message>(from, std::move(text)));
}

// Names and messages have no control characters, so that nobody can paint on another's terminal.
std::string printable(std::string_view text) {
    std::string clean;
    for (const char letter : text)
        if (static_cast<unsigned char>(letter) >= ' ' && letter != 127) clean += letter;
    return clean;
}

// What a member reads first: from then on they hear whatever is said.
std::string welcome(const std::string& name) { return "* welcome, " + name + "\n"; }

// What a member is to read next, of what the room gave them; empty: nothing.
std::string shown(const std::expected<shared_message, bf::broadcast_error>& got, std::uint64_t reader) {
    if (!got) return "* you missed " + std::to_string(got.error().missed()) + " messages\n";
    return (*got)->from == reader ? std::string{} : (*got)->text + "\n";
}

constexpr std::size_t longest_line = 4096;

// One task for both directions: the reader keeps what it has read of a line when a message comes first.
bf::task<void> converse(bf::tcp_stream stream, bf::serving server, room& everybody) {
    bf::buffered_reader<bf::tcp_stream> member{std::move(stream)};
    const auto name_line = co_await member.read_line(longest_line);
    if (!name_line || !*name_line) co_return;
    const std::string name = printable(**name_line);
    room::subscription hears = everybody.subscribe();
    say(everybody, server.number(), "* " + name + " is here");
    const std::string greeting = welcome(name);
    const auto greeted = co_await member.stream().write_all(std::as_bytes(std::span{greeting}));
    while (greeted) {
        auto line = member.read_line(longest_line);
        auto news = hears.recv();
        auto stop = server.stop();
        auto first = co_await bf::select(line, news, stop);
        if (first.index() == 2) break;
        if (first.index() == 0) {
            const auto& said = std::get<0>(first.value());
            if (!said || !*said) break;
            say(everybody, server.number(), name + ": " + printable(**said));
            continue;
        }
        const std::string text = shown(std::get<1>(first.value()), server.number());
        const auto written = co_await member.stream().write_all(std::as_bytes(std::span{text}));
        if (!written) break;
    }
    say(everybody, server.number(), "* " + name + " has left");
}

void converse_in_fiber(bf::tcp_stream stream, bf::serving server, room& everybody) {
    bf::buffered_reader<bf::tcp_stream> member{std::move(stream)};
    const auto name_line = bf::await(member.read_line(longest_line));
    if (!name_line || !*name_line) return;
    const std::string name = printable(**name_line);
    room::subscription hears = everybody.subscribe();
    say(everybody, server.number(), "* " + name + " is here");
    const std::string greeting = welcome(name);
    const auto greeted = bf::await(member.stream().write_all(std::as_bytes(std::span{greeting})));
    while (greeted) {
        auto line = member.read_line(longest_line);
        auto news = hears.recv();
        auto stop = server.stop();
        auto first = bf::await(bf::select(line, news, stop));
        if (first.index() == 2) break;
        if (first.index() == 0) {
            const auto& said = std::get<0>(first.value());
            if (!said || !*said) break;
            say(everybody, server.number(), name + ": " + printable(**said));
            continue;
        }
        const std::string text = shown(std::get<1>(first.value()), server.number());
        if (!bf::await(member.stream().write_all(std::as_bytes(std::span{text})))) break;
    }
    say(everybody, server.number(), "* " + name + " has left");
}

}  // namespace

int main(int count, char** arguments) {
    return run_example("chat_server", [&] {
        const options given{count, arguments, "chat_server", server_options({"--history"})};
        room everybody{given.number("--history", 1024, 1, 1'000'000)};
        bf::serve_options how;
        how.name = "member";
        const bf::serve_report report = serve_until_ctrl_c(
            given, 7778, std::move(how),
            [&](bf::tcp_stream stream, bf::serving server) { return converse(std::move(stream), server, everybody); },
            [&](bf::tcp_stream stream, bf::serving server) {
                converse_in_fiber(std::move(stream), server, everybody);
            });
        std::printf("%llu members\n", static_cast<unsigned long long>(report.accepted));
        return report.error ? 1 : 0;
    });
}
