// expect: serve's handler takes a connection by value, or a connection and bifilar::serving
// expect: serve takes a listener, such as tcp_listener, or a std::vector of them
// expect: what stops serve is a future, such as ctrl_c\(\) or an event's wait\(\), or a std::stop_token
// errors: 4
#include <bifilar/bifilar.hpp>

namespace bf = bifilar;

void handle(bf::tcp_stream& stream);

bf::task<> serve_all(bf::tcp_listener one, std::vector<bf::tcp_listener> several, std::stop_token stop) {
    (void)co_await bf::serve(std::move(one), {}, handle, stop);
    (void)co_await bf::serve(std::move(several), {}, [](bf::tcp_stream, int) {}, stop);
    (void)co_await bf::serve(5, {}, [](bf::tcp_stream) {}, stop);
    (void)co_await bf::serve(std::move(one), {}, [](bf::tcp_stream) {}, 5);
    (void)co_await bf::serve(std::move(several), {}, [](bf::tcp_stream) {}, stop);
    (void)co_await bf::serve(std::move(one), {}, [](bf::tcp_stream, bf::serving) {}, stop, bf::pending());
}

int main() {}
