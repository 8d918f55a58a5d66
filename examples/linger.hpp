// The end of a connection whose last answer matters.
#pragma once

#include <bifilar/bifilar.hpp>
#include <array>

/// Closing a socket with unread bytes resets it, and the peer might never see the answer: ends the sending side, and
/// reads and drops what still comes, for a second and 4 MiB at most.
inline bifilar::task<> linger(bifilar::tcp_stream& stream) {
    if (!stream.shutdown_write()) co_return;
    constexpr std::size_t patience_bytes = std::size_t{4} << 20;
    const auto until = bifilar::now() + std::chrono::seconds{1};
    std::array<std::byte, 2048> dropped;
    for (std::size_t total = 0; total < patience_bytes;) {
        auto first = co_await bifilar::race(stream.read(dropped), bifilar::sleep_until(until));
        if (first.index() == 1) co_return;
        const std::size_t count = std::get<0>(first.value()).value_or(0);
        if (count == 0) co_return;
        total += count;
    }
}
