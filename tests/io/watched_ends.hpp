// What is watched in the tests of watched_descriptor, and tasks that wait for it.
#pragma once

#include "io/stream_pair.hpp"
#include "one_worker.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace tests {

inline bifilar::owned_descriptor open_eventfd(int flags = 0) {
    bifilar::owned_descriptor made{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | flags)};
    REQUIRE(made);
    return made;
}

inline bifilar::watched_descriptor watch(bifilar::owned_descriptor descriptor) {
    return bifilar::watched_descriptor::adopt(std::move(descriptor)).value();
}

inline void add_one(int eventfd) {
    const std::uint64_t one = 1;
    REQUIRE(::write(eventfd, &one, sizeof one) == sizeof one);
}

/// 0: there is nothing.
inline std::uint64_t take(int eventfd) {
    std::uint64_t count = 0;
    return ::read(eventfd, &count, sizeof count) == sizeof count ? count : 0;
}

/// Both ends of a local stream, non-blocking.
class local_ends {
public:
    local_ends() : local_ends{tests::local_stream()} {}
    bifilar::owned_descriptor near;
    bifilar::owned_descriptor far;

    void send_from_far() const { REQUIRE(::send(far.get(), "x", 1, MSG_NOSIGNAL) == 1); }
    /// Until nothing fits in.
    void fill_near() const {
        const std::vector<char> much(65'536);
        while (::send(near.get(), much.data(), much.size(), MSG_NOSIGNAL) > 0) continue;
        REQUIRE(errno == EAGAIN);
    }
    void drain_far() const {
        std::vector<char> much(65'536);
        while (::recv(far.get(), much.data(), much.size(), 0) > 0) continue;
    }

private:
    explicit local_ends(std::array<int, 2> ends) : near{ends[0]}, far{ends[1]} {
        for (const int end : ends) REQUIRE(::fcntl(end, F_SETFL, O_NONBLOCK) == 0);
    }
};

inline bifilar::task<bifilar::io_result<void>> wait_in_coroutine(bifilar::readiness_future wait) {
    co_return co_await wait;
}

/// A task of this model that waits.
inline bifilar::join_handle<bifilar::io_result<void>> begin_wait(bifilar::backend on, bifilar::readiness_future wait) {
    if (on == bifilar::backend::stackless) return bifilar::spawn(on, wait_in_coroutine, std::move(wait));
    return bifilar::spawn(
        on, [](bifilar::readiness_future own) { return bifilar::await(std::move(own)); }, std::move(wait));
}

inline bool ends_well(bifilar::join_handle<bifilar::io_result<void>> handle) {
    return bifilar::await(std::move(handle)).has_value();
}

/// That a wait is not over by itself. What is checked does not depend on the time.
inline bool waits(bifilar::readiness_future wait) {
    return !bifilar::await(bifilar::timeout(std::move(wait), std::chrono::microseconds{200})).has_value();
}

}  // namespace tests
