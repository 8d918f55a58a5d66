// Connected sockets for cases with I/O.
#pragma once

#include "bytes.hpp"
#include "ports/port.hpp"
#include <array>
#include <string>
#include <utility>

namespace ports {

struct tcp_ends {
    tcp_ends(bf::tcp_stream first, bf::tcp_stream second) noexcept : near{std::move(first)}, far{std::move(second)} {}
    bf::tcp_stream near;
    bf::tcp_stream far;
};

inline std::string address_of(const bf::tcp_listener& listener) { return listener.local_address().value().to_string(); }

inline task_of<tcp_ends> connected() {
    auto listener = bf::tcp_listener::bind("127.0.0.1:0").value();
    const std::string address = address_of(listener);
    auto near = AWAIT(bf::tcp_stream::connect(address));
    auto far = AWAIT(listener.accept());
    RETURN tcp_ends{std::move(near.value()), std::move(far.value())};
}

/// What is there up to the end of the stream.
template <class Stream>
task_of<std::string> read_all(Stream& from) {
    std::string all;
    std::array<std::byte, 4096> buffer{};
    for (;;) {
        const auto got = AWAIT(from.read(buffer));
        if (!got || *got == 0) break;
        all += tests::text_of(std::span{buffer}.first(*got));
    }
    RETURN all;
}

}  // namespace ports
