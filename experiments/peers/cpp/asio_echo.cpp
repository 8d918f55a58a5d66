// The echo server of the echo page over Boost.Asio, with awaitable coroutines on one thread.
//   asio_echo      prints "listening on 127.0.0.1:PORT", ends on SIGINT or SIGTERM.
#include <boost/asio.hpp>

#include <array>
#include <cstdio>

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

asio::awaitable<void> echo(tcp::socket connection) {
    std::array<char, 16 * 1024> buffer;
    const auto as_result = asio::as_tuple(asio::use_awaitable);
    for (;;) {
        const auto [read_error, count] = co_await connection.async_read_some(asio::buffer(buffer), as_result);
        if (read_error) break;
        const auto [write_error, taken] =
            co_await asio::async_write(connection, asio::buffer(buffer, count), as_result);
        if (write_error) break;
    }
}

asio::awaitable<void> accept_all(tcp::acceptor& listener) {
    for (;;) {
        tcp::socket connection = co_await listener.async_accept(asio::use_awaitable);
        connection.set_option(tcp::no_delay{true});
        asio::co_spawn(listener.get_executor(), echo(std::move(connection)), asio::detached);
    }
}

}  // namespace

int main() {
    asio::io_context context{1};
    tcp::acceptor listener{context, {asio::ip::address_v4::loopback(), 0}};
    asio::signal_set stop{context, SIGINT, SIGTERM};
    stop.async_wait([&](auto, auto) { context.stop(); });
    std::printf("listening on 127.0.0.1:%d\n", listener.local_endpoint().port());
    std::fflush(stdout);
    asio::co_spawn(context, accept_all(listener), asio::detached);
    context.run();
}
