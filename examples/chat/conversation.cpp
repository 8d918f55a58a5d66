// The two loops of a conversation, which are the same but for how they wait.
#include "conversation.hpp"

#include "printable.hpp"

#include <expected>
#include <span>
#include <variant>

namespace bf = bifilar;

namespace chat {
namespace {

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
    return line && *line && **line ? printable(***line) : std::string{};
}

auto write(bf::tcp_stream& to, const std::string& text, const meeting& in) {
    return bf::timeout(to.write_all(std::as_bytes(std::span{text})), in.most.write_time);
}

}  // namespace

// One task for both directions: the reader keeps what it has read of a line when a message comes first.
bf::task<void> converse(bf::tcp_stream stream, bf::serving server, meeting& in) {
    bf::buffered_reader<bf::tcp_stream> member{std::move(stream)};
    const auto name_line = co_await bf::timeout(member.read_line(longest_name), in.most.name_time);
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
            say(everybody, server.number(), name + ": " + printable(**said));
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
    const auto name_line = bf::await(bf::timeout(member.read_line(longest_name), in.most.name_time));
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
            say(everybody, server.number(), name + ": " + printable(**said));
            continue;
        }
        const std::string text = shown(std::get<1>(first.value()), server.number());
        const auto written = bf::await(write(member.stream(), text, in));
        if (!written || !*written) break;
    }
    say(everybody, server.number(), "* " + name + " has left");
}

}  // namespace chat
