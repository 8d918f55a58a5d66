// The two loops around a session, and what is rare enough to be written once: files.
#include "connection.hpp"

#include "../linger.hpp"

namespace bf = bifilar;

namespace http {
namespace {

using step = session::step;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span{text}); }

// The next bytes, the wish of an idle server to stop, or the deadline: whichever is first.
auto next_bytes(bf::tcp_stream& stream, bf::serving server, session& of) {
    return bf::race(stream.read(of.room()), bf::when(of.is_idle(), server.stop()), bf::sleep_until(of.deadline()));
}
using got_bytes = bf::output_of<decltype(next_bytes(std::declval<bf::tcp_stream&>(), std::declval<bf::serving>(),
                                                    std::declval<session&>()))>;

void take(session& into, got_bytes& first) {
    if (first.index() == 2) return into.time_out();
    if (first.index() == 1) return into.end();
    const std::size_t count = std::get<0>(first.value()).value_or(0);
    count != 0 ? into.got(count) : into.end();
}

auto write_output(bf::tcp_stream& stream, const session& of, const settings& given) {
    const std::span<const std::byte> bytes = bytes_of(of.output());
    return bf::timeout(of.has_more() ? stream.write_all_more(bytes) : stream.write_all(bytes), given.most.write_time);
}

// 0: the file has become shorter than the head of the answer says.
auto send_part(bf::tcp_stream& stream, const session& of, const settings& given) {
    const byte_range part = of.file_part();
    return bf::timeout(bf::send_file(stream, of.file(), part.offset, part.bytes), given.most.write_time);
}

}  // namespace

bf::task<> serve_connection(bf::tcp_stream stream, bf::serving server, const settings& given) {
    session of{given};
    for (;;) {
        switch (of.next(server.stopping())) {
            case step::read: {
                auto first = co_await next_bytes(stream, server, of);
                take(of, first);
                break;
            }
            case step::write: {
                const auto written = co_await write_output(stream, of, given);
                if (!written || !*written) co_return;
                of.wrote();
                break;
            }
            case step::open: {
                auto made = open_cached_below(given.root, of.path());
                if (!made) {
                    auto opening = bf::spawn_blocking(open_below, given.root, of.path());
                    made = co_await opening;
                }
                of.opened(std::move(*made));
                break;
            }
            case step::send: {
                const auto moved = co_await send_part(stream, of, given);
                if (!moved || moved->value_or(0) == 0) co_return;
                of.sent(**moved);
                break;
            }
            case step::close:
                if (of.lingers()) co_await linger(stream);
                co_return;
        }
    }
}

void serve_connection_on_fiber(bf::tcp_stream stream, bf::serving server, const settings& given) {
    session of{given};
    for (;;) {
        switch (of.next(server.stopping())) {
            case step::read: {
                auto first = bf::await(next_bytes(stream, server, of));
                take(of, first);
                break;
            }
            case step::write: {
                const auto written = bf::await(write_output(stream, of, given));
                if (!written || !*written) return;
                of.wrote();
                break;
            }
            case step::open: {
                auto made = open_cached_below(given.root, of.path());
                if (!made) made = bf::await(bf::spawn_blocking(open_below, given.root, of.path()));
                of.opened(std::move(*made));
                break;
            }
            case step::send: {
                const auto moved = bf::await(send_part(stream, of, given));
                if (!moved || moved->value_or(0) == 0) return;
                of.sent(**moved);
                break;
            }
            case step::close:
                if (of.lingers()) bf::await(linger(stream));
                return;
        }
    }
}

}  // namespace http
