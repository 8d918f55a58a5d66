// Two ends of a local stream, one in a stream's hands and one bare: what scenes of reads and writes are made of.
#pragma once

#include "drivers/io_matrix.hpp"

#include <array>
#include <cstring>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace tests {

class stream_ends {
public:
    stream_ends() : stream_ends{open()} {}
    stream_ends(const stream_ends&) = delete;
    stream_ends& operator=(const stream_ends&) = delete;
    ~stream_ends() { close_far(); }

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

    bf::tcp_stream near;  // Its options fail silently on a local stream; all else is as with TCP.
    int far;

private:
    explicit stream_ends(std::array<int, 2> ends) : near{ends[0]}, far{ends[1]} {}
    static std::array<int, 2> open() {
        std::array<int, 2> ends{};
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
        return ends;
    }
};

/// Waits for bytes, of which let() sends four.
class reading_scene {
public:
    static constexpr bool in_time = true;
    static constexpr bool exclusive = true;

    void let() {
        REQUIRE(::send(ends.far, "four", 4, 0) == 4);
        sent += 4;
    }
    // A local stream that is closed with bytes unread resets its peer.
    int break_it() {
        REQUIRE(::send(ends.near.descriptor(), "unread", 6, 0) == 6);
        ends.close_far();
        return ECONNRESET;
    }
    bool conserved(bool lossy) {
        const std::size_t known = received + stream_ends::drain(ends.near.descriptor());
        return lossy ? known <= sent : known == sent;
    }

protected:
    bool took(std::size_t bytes) {
        received += bytes;
        return bytes > 0 && bytes <= sent;
    }

    stream_ends ends;
    std::size_t sent = 0;
    std::size_t received = 0;
};

/// Waits for room, which let() makes.
class writing_scene {
public:
    static constexpr bool in_time = true;
    static constexpr bool exclusive = true;
    static constexpr std::size_t bytes = 8;

    writing_scene() {
        const std::vector<char> much(65'536);
        for (ssize_t took = 0; (took = ::send(ends.near.descriptor(), much.data(), much.size(), MSG_DONTWAIT)) > 0;)
            taken += static_cast<std::size_t>(took);
    }
    void let() { received += stream_ends::drain(ends.far); }
    int break_it() {
        ends.close_far();
        return EPIPE;
    }
    bool conserved(bool lossy) {
        if (ends.far < 0) return true;
        let();
        return lossy ? received >= taken && received <= taken + bytes : received == taken;
    }

protected:
    bool took(std::size_t count) {
        taken += count;
        return count > 0 && count <= bytes;
    }

    stream_ends ends;
    std::size_t taken = 0;
    std::size_t received = 0;
};

}  // namespace tests
