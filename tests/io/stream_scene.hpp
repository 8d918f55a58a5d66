// What scenes of reads and of writes on a local stream are made of.
#pragma once

#include "io/io_matrix.hpp"
#include "io/stream_pair.hpp"

#include <cerrno>
#include <sys/socket.h>
#include <vector>

namespace tests {

/// What a connected stream may answer, whichever call receives or sends.
template <bifilar::op_kind Kind>
constexpr std::array faults_of_receives{fault{Kind, ECONNRESET},   fault{Kind, ECONNREFUSED}, fault{Kind, ETIMEDOUT},
                                        fault{Kind, EHOSTUNREACH}, fault{Kind, ENOTCONN},     fault{Kind, ENOMEM},
                                        fault{Kind, ENOBUFS}};
template <bifilar::op_kind Kind>
constexpr std::array faults_of_sends{fault{Kind, ECONNRESET},   fault{Kind, EPIPE},    fault{Kind, ETIMEDOUT},
                                     fault{Kind, EHOSTUNREACH}, fault{Kind, ENETDOWN}, fault{Kind, ENOBUFS},
                                     fault{Kind, ENOMEM},       fault{Kind, EACCES}};

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
        const std::size_t known = received + bare_stream_pair::drain(ends.near.descriptor());
        return lossy ? known <= sent : known == sent;
    }

protected:
    bool took(std::size_t bytes) {
        received += bytes;
        return bytes > 0 && bytes <= sent;
    }

    bare_stream_pair ends;
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
    void let() { received += bare_stream_pair::drain(ends.far); }
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

    bare_stream_pair ends;
    std::size_t taken = 0;
    std::size_t received = 0;
};

}  // namespace tests
