// Two connected streams within the process, without a listener.
#pragma once

#include "catch.hpp"
#include <bifilar/bifilar.hpp>

#include <array>
#include <sys/socket.h>

namespace tests {

class stream_pair {
public:
    stream_pair() : stream_pair{connected()} {}
    bifilar::tcp_stream near;
    bifilar::tcp_stream far;

private:
    explicit stream_pair(std::array<int, 2> ends) : near{ends[0]}, far{ends[1]} {}
    static std::array<int, 2> connected() {
        std::array<int, 2> ends{};
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
        return ends;
    }
};

}  // namespace tests
