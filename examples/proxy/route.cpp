// What is passed on, and how it is counted.
#include "route.hpp"

#include <bifilar/io/net/splice_bidirectional.hpp>

namespace bf = bifilar;

namespace proxy {
namespace {

auto copy(const route& way, bf::tcp_stream& client, bf::tcp_stream& server) {
    bf::bidirectional_copy_options how;
    how.idle_timeout = way.idle_time;
    return bf::copy_bidirectional(client, server, how);
}

auto splice(const route& way, bf::tcp_stream& client, bf::tcp_stream& server) {
    bf::bidirectional_splice_options how;
    how.idle_timeout = way.idle_time;
    return bf::splice_bidirectional(client, server, how);
}

void count(traffic& counts, const bf::bidirectional_copy_result& moved) {
    counts.up.fetch_add(moved.a_to_b.bytes, std::memory_order_relaxed);
    counts.down.fetch_add(moved.b_to_a.bytes, std::memory_order_relaxed);
    if (moved.a_to_b.error == std::errc::timed_out || moved.b_to_a.error == std::errc::timed_out)
        counts.idle.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

bf::task<void> pass_on(bf::tcp_stream client, const route& way) {
    auto server = co_await bf::timeout(bf::connect(way.to), way.connect_time);
    if (!server || !*server) {
        way.counts.unreachable.fetch_add(1, std::memory_order_relaxed);
        co_return;
    }
    if (way.splices)
        count(way.counts, co_await splice(way, client, **server));
    else
        count(way.counts, co_await copy(way, client, **server));
}

void pass_on_in_fiber(bf::tcp_stream client, const route& way) {
    auto server = bf::await(bf::timeout(bf::connect(way.to), way.connect_time));
    if (!server || !*server) {
        way.counts.unreachable.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    count(way.counts, way.splices ? bf::await(splice(way, client, **server)) : bf::await(copy(way, client, **server)));
}

}  // namespace proxy
