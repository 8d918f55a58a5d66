// The chat of the examples: each line comes once and in order to each member that stays.
#include <catch.hpp>

#include "chat/conversation.hpp"
#include "example_server.hpp"

#include <set>

namespace {

using namespace tests;

constexpr int members = 3;
constexpr int lines = 4;

// What the members' clients share.
struct party {
    bf::latch here{members};  // All are in, or have failed to come.
    std::array<bool, members> came{};
};

std::string name_of(int member) { return "member" + std::to_string(member); }

// What one client has heard of the others.
class ear {
public:
    ear(const party& of, int own) {
        for (int other = 0; other != members; ++other)
            if (other != own && of.came[static_cast<std::size_t>(other)]) talking_.insert(other);
    }
    void hear(std::string_view line) {
        for (int other = 0; other != members; ++other) {
            const std::string name = name_of(other);
            if (line == "* " + name + " has left") talking_.erase(other);
            if (!line.starts_with(name + ": ")) continue;
            int& next = heard_[static_cast<std::size_t>(other)];
            const std::string expected = name + ": line " + std::to_string(next);
            // Cut, where the connection failed in the middle of it: then it is the last.
            must(line == expected || expected.starts_with(line), "a line is missing, or comes twice");
            if (line != expected) next = lines - 1;
            if (++next == lines) talking_.erase(other);
        }
        must(!line.starts_with("* you missed"), "lines were dropped");
    }
    [[nodiscard]] bool is_done() const noexcept { return talking_.empty(); }

private:
    std::set<int> talking_;
    std::array<int, members> heard_{};
};

bf::task<bool> write_line(bf::tcp_stream& to, std::string line) {
    line += '\n';
    const auto written = co_await to.write_all(std::as_bytes(std::span{line}));
    co_return written.has_value();
}

// Who cannot say all of it goes, so that nobody waits for the rest.
bf::task<void> talk(bf::tcp_stream& to) {
    for (int n = 0; n != lines; ++n) {
        const bool said = co_await write_line(to, "line " + std::to_string(n));
        if (!said) (void)to.shutdown_write();
        if (!said) co_return;
        if (n % 2 == 0) co_await bf::sleep_for(3ms);
    }
}

// Whether it was welcomed.
bf::task<bool> enter(bf::buffered_reader<bf::tcp_stream>& own, int number) {
    const bool said = co_await write_line(own.stream(), name_of(number));
    if (!said) co_return false;
    const auto line = co_await own.read_line(4096);
    co_return line&&* line&&** line == "* welcome, " + name_of(number);
}

// Whether it has heard all.
bf::task<bool> take_part(bf::socket_address server, int number, party& in) {
    auto stream = co_await try_connect(std::move(server));
    std::optional<bf::buffered_reader<bf::tcp_stream>> own;
    if (stream) own.emplace(std::move(*stream));
    const bool welcome = own && co_await enter(*own, number);
    in.came[static_cast<std::size_t>(number)] = welcome;
    in.here.count_down();
    if (!welcome) co_return false;
    co_await in.here.wait();
    const auto listen = [&]() -> bf::task<bool> {
        ear hears{in, number};
        while (!hears.is_done()) {
            // Who has left before this one was in is not told.
            const auto line = co_await bf::timeout(own->read_line(4096), 60s);
            if (!line || !*line || !**line) co_return false;
            hears.hear(***line);
        }
        co_return true;
    };
    const auto both = co_await bf::join_all(talk(own->stream()), listen());
    co_return std::get<1>(both);
}

bf::task<void> chat_body(bf::backend on, bool calm) {
    chat::meeting meeting{chat::limits{}};
    example_server server;
    party all;
    const bf::socket_address address = server.address();
    const auto in_coroutine = [&](bf::tcp_stream stream, bf::serving about) {
        return chat::converse(std::move(stream), about, meeting);
    };
    const auto in_fiber = [&](bf::tcp_stream stream, bf::serving about) {
        chat::converse_in_fiber(std::move(stream), about, meeting);
    };
    const auto play = [&](bf::task_scope& scope) -> bf::task<void> {
        auto serving = scope.spawn(server.serve(on, in_coroutine, in_fiber));
        std::vector<bf::child_handle<bool>> clients;
        for (int number = 0; number != members; ++number)
            clients.push_back(scope.spawn(take_part, address, number, std::ref(all)));
        int stayed = 0;
        for (auto& each : clients) stayed += co_await each;
        server.stop();
        (void)co_await serving;
        must(!calm || stayed == members, "a member was lost");
    };
    co_await bf::with_scope(play);
}

TEST_CASE("each_line_comes_once_and_in_order_to_each_member") { in_all_weather(12, chat_body); }

TEST_CASE("ten thousand seeds of the chat", "[.][nightly]") { in_all_weather(seeds_by_night, chat_body); }

}  // namespace
