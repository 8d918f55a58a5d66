// The proxy of the examples: both directions have the same bytes at both ends.
#include <catch.hpp>

#include "example_server.hpp"
#include "proxy/route.hpp"

namespace {

using namespace tests;

bf::task<void> echo(bf::tcp_stream stream) {
    std::array<std::byte, 512> buffer;
    for (;;) {
        const auto got = co_await stream.read(buffer);
        if (!got || *got == 0) break;
        const auto written = co_await stream.write_all(std::span{buffer}.first(*got));
        if (!written) co_return;
    }
    (void)stream.shutdown_write();
}

std::vector<std::byte> bytes_of(int number, std::size_t count) {
    std::vector<std::byte> made;
    for (std::size_t n = 0; n != count; ++n)
        made.push_back(static_cast<std::byte>(n * 7 + static_cast<std::size_t>(number) * 31 + n / 251));
    return made;
}

bf::task<void> send_all(bf::tcp_stream& to, const std::vector<std::byte>& bytes) {
    const auto written = co_await to.write_all(bytes);
    if (written) (void)to.shutdown_write();
}

// Whether all came back; else a part from the beginning, because a connection has failed.
bf::task<bool> send_and_compare(bf::socket_address server, int number) {
    auto stream = co_await try_connect(std::move(server));
    if (!stream) co_return false;
    const std::vector<std::byte> sent = bytes_of(number, 3'000);
    std::vector<std::byte> came;
    const auto read = [&]() -> bf::task<bool> {
        std::array<std::byte, 700> buffer;
        for (;;) {
            const auto got = co_await stream->read(buffer);
            if (!got) co_return false;
            if (*got == 0) co_return true;
            came.insert(came.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*got));
        }
    };
    const auto both = co_await bf::join_all(send_all(*stream, sent), read());
    must(came.size() <= sent.size() && std::equal(came.begin(), came.end(), sent.begin()), "other bytes came");
    co_return std::get<1>(both) && came.size() == sent.size();
}

bf::task<void> proxy_body(bf::backend on, bool splices, bool calm) {
    example_server behind;
    example_server front;
    proxy::traffic counts;
    const proxy::route way{behind.address().to_string(), 5s, splices, 60s, counts};
    const auto echo_fiber = [](bf::tcp_stream stream) { bf::await(echo(std::move(stream))); };
    const bf::socket_address address = front.address();
    const auto in_coroutine = [&](bf::tcp_stream client) { return proxy::pass_on(std::move(client), way); };
    const auto in_fiber = [&](bf::tcp_stream client) { proxy::pass_on_in_fiber(std::move(client), way); };
    const auto play = [&](bf::task_scope& scope) -> bf::task<void> {
        auto echoing = scope.spawn(behind.serve(on, echo, echo_fiber));
        auto passing = scope.spawn(front.serve(on, in_coroutine, in_fiber));
        std::vector<bf::child_handle<bool>> clients;
        for (int number = 0; number != 3; ++number) clients.push_back(scope.spawn(send_and_compare, address, number));
        int whole = 0;
        for (auto& each : clients) whole += co_await each;
        front.stop();
        (void)co_await passing;
        behind.stop();
        (void)co_await echoing;
        must(!calm || (whole == 3 && counts.up == 9'000 && counts.down == 9'000), "bytes are missing");
    };
    co_await bf::with_scope(play);
}

bf::task<void> copied(bf::backend on, bool calm) { return proxy_body(on, false, calm); }
bf::task<void> spliced(bf::backend on, bool calm) { return proxy_body(on, true, calm); }

TEST_CASE("what_a_proxy_copies_stays_as_it_was") { in_all_weather(8, copied); }
TEST_CASE("what_a_proxy_splices_stays_as_it_was") { in_all_weather(8, spliced); }

TEST_CASE("ten thousand seeds of the proxy", "[.][nightly]") {
    in_all_weather(seeds_by_night / 2, copied);
    in_all_weather(seeds_by_night / 2, spliced);
}

}  // namespace
