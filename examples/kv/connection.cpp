// The two loops around a session, and what is rare enough to be written once.
#include "connection.hpp"

#include "../linger.hpp"
#include "session.hpp"

namespace bf = bifilar;
using namespace std::chrono_literals;

namespace kv {
namespace {

using step = session::step;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span{text}); }

// The next bytes, the server's stop, or the deadline: whichever is first.
auto next_bytes(bf::tcp_stream& stream, bf::serving server, const session& of, const limits& most) {
    return bf::race(stream.receive(), server.stop(), bf::sleep_until(of.deadline(most)));
}
using got_bytes = bf::output_of<decltype(next_bytes(std::declval<bf::tcp_stream&>(), std::declval<bf::serving>(),
                                                    std::declval<const session&>(), std::declval<const limits&>()))>;

step take(session& into, got_bytes& first) {
    if (first.index() != 0) return step::drop;
    const auto& got = std::get<0>(first.value());
    return got && !got->empty() ? into.feed(got->bytes()) : step::drop;
}

auto write_output(bf::tcp_stream& stream, std::string_view output, const limits& most) {
    return bf::timeout(stream.write_all(bytes_of(output)), most.write_time);
}

bool is_let_in(const bf::tcp_stream& stream, const access& who) {
    const auto peer = stream.peer_address();
    return peer && who.lets_in(*peer);
}

bf::task<> turn_away(bf::tcp_stream& stream, const limits& most) {
    const std::string why = "-" + std::string{denied} + "\r\n";
    const auto written = co_await write_output(stream, why, most);
    if (written && *written) co_await linger(stream);
}

}  // namespace

bf::task<> converse(bf::tcp_stream stream, bf::serving server, server_state& in) {
    if (!is_let_in(stream, in.who)) {
        co_await turn_away(stream, in.most);
        co_return;
    }
    session client{in.data, in.who, in.input};
    for (step next = step::receive; next == step::receive || next == step::go_on;) {
        if (next == step::receive) {
            auto first = co_await next_bytes(stream, server, client, in.most);
            next = take(client, first);
        } else {
            co_await bf::yield_now();
            next = client.go_on();
        }
        while (next != step::drop && !client.output().empty()) {
            const auto written = co_await write_output(stream, client.output(), in.most);
            if (!written || !*written) co_return;
            client.wrote();
        }
        if (next == step::close) co_await linger(stream);
    }
}

void converse_in_fiber(bf::tcp_stream stream, bf::serving server, server_state& in) {
    if (!is_let_in(stream, in.who)) return bf::await(turn_away(stream, in.most));
    session client{in.data, in.who, in.input};
    for (step next = step::receive; next == step::receive || next == step::go_on;) {
        if (next == step::receive) {
            auto first = bf::await(next_bytes(stream, server, client, in.most));
            next = take(client, first);
        } else {
            bf::this_fiber::yield();
            next = client.go_on();
        }
        while (next != step::drop && !client.output().empty()) {
            const auto written = bf::await(write_output(stream, client.output(), in.most));
            if (!written || !*written) return;
            client.wrote();
        }
        if (next == step::close) bf::await(linger(stream));
    }
}

bf::task<> drop_ended_keys(store& from) {
    constexpr std::size_t at_once = 256;
    for (;;) {
        co_await bf::sleep_for(100ms);
        for (std::size_t shard = 0; shard < store::shard_count; ++shard)
            while (from.drop_ended(shard, at_once) == at_once) co_await bf::yield_now();
    }
}

}  // namespace kv
