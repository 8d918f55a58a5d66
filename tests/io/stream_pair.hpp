// Two connected streams within the process: local ones, which need no listener, and a TCP connection.
#pragma once

#include <bifilar/bifilar.hpp>
#include "catch.hpp"

#include <array>
#include <cerrno>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace tests {

/// Both ends of a local stream, the caller's. Throws std::system_error, so that tasks may call it on any thread.
inline std::array<int, 2> local_stream() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
        throw std::system_error{errno, std::generic_category(), "socketpair"};
    return ends;
}

/// Of a local stream unless it is told otherwise. TCP's options fail silently on that; all else is as with TCP.
class stream_pair {
public:
    stream_pair() : stream_pair{owned(local_stream())} {}
    stream_pair(bifilar::tcp_stream one, bifilar::tcp_stream other) : near{std::move(one)}, far{std::move(other)} {}

    bifilar::tcp_stream near;
    bifilar::tcp_stream far;

private:
    using both_ends = std::array<bifilar::owned_descriptor, 2>;  // So that none is lost where memory is.

    static both_ends owned(std::array<int, 2> ends) noexcept {
        return {bifilar::owned_descriptor{ends[0]}, bifilar::owned_descriptor{ends[1]}};
    }
    explicit stream_pair(both_ends ends) : near{ends[0].release()}, far{ends[1].release()} {}
};

/// A pair over TCP, made by the library: `near` has connected, `far` was accepted.
inline bifilar::task<stream_pair> tcp_pair() {
    auto listener = bifilar::tcp_listener::bind("127.0.0.1:0").value();
    const auto at = listener.local_address().value();
    auto connecting = bifilar::spawn(bifilar::tcp_stream::connect(at));
    auto far = co_await listener.accept();
    auto near = co_await connecting;
    co_return stream_pair{std::move(near.value()), std::move(far.value())};
}

/// How much a kernel takes of a stream that nobody reads is else the machine's affair: many megabytes on some.
inline void hold_little(const bifilar::tcp_stream& stream) {
    const int bytes = 64 * 1024;
    REQUIRE(::setsockopt(stream.descriptor(), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes) == 0);
}

/// A local stream with one end in a stream's hands and the other one bare.
class bare_stream_pair {
public:
    bare_stream_pair() : bare_stream_pair{local_stream()} {}
    bare_stream_pair(const bare_stream_pair&) = delete;
    bare_stream_pair& operator=(const bare_stream_pair&) = delete;
    ~bare_stream_pair() { close_far(); }

    void close_far() {
        if (far >= 0) ::close(std::exchange(far, -1));
    }
    /// Reads what is there and forgets it. How many bytes it was.
    static std::size_t drain(int descriptor) {
        std::array<char, 4096> buffer;  // On a small stack, maybe.
        std::size_t sum = 0;
        while (const ssize_t got = ::recv(descriptor, buffer.data(), buffer.size(), MSG_DONTWAIT)) {
            if (got < 0) break;
            sum += static_cast<std::size_t>(got);
        }
        return sum;
    }

    bifilar::tcp_stream near;
    int far;

private:
    explicit bare_stream_pair(std::array<int, 2> ends) : near{ends[0]}, far{ends[1]} {}
};

}  // namespace tests
