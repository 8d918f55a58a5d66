// A handshake that nobody answers, in an application that knows only the installed library and its component tls.
#include <bifilar/bifilar.hpp>
#include <bifilar/tls/tls_error.hpp>
#include <bifilar/tls/tls_stream.hpp>

#include <cstdio>

namespace bf = bifilar;

static bf::task<bool> call() {
    auto listener = bf::tcp_listener::bind("127.0.0.1:0").value();
    const std::string at = listener.local_address().value().to_string();
    auto connection = co_await bf::tcp_stream::connect(at);
    {
        auto closed = co_await listener.accept();
    }
    const auto context = bf::tls_context::client();
    const auto stream = co_await bf::tls_connect(std::move(connection.value()), context, "localhost");
    co_return !stream.has_value();
}

int main() {
    const bool refused = bf::run(call);
    std::puts(refused ? "no handshake" : "a handshake");
    return refused ? 0 : 1;
}
