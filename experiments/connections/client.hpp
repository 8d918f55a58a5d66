// A client's end of a connection, and messages of 64 bytes on it; whatever goes wrong is refused with its reason.
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <harness/arguments.hpp>
#include <harness/process.hpp>
#include <harness/wrong_bytes.hpp>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "connection_load.hpp"

namespace bifilar::experiments {

using namespace std::chrono_literals;

constexpr auto patience = 10s;  ///< With a server that does not answer.

using message = std::array<char, 64>;

[[nodiscard]] inline message message_of(std::size_t number) {
    message made;
    for (std::size_t n = 0; n < made.size(); ++n) made[n] = static_cast<char>(number * 131 + n * 7);
    return made;
}

/// The connection ends with a reset: what is under way is dropped, and nothing stays behind in TIME_WAIT.
inline void reset_on_close(int descriptor) {
    const linger at_once{1, 0};
    ::setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

class socket_owner {
public:
    explicit socket_owner(int descriptor) : descriptor_{descriptor} {}
    socket_owner(socket_owner&& other) noexcept : descriptor_{std::exchange(other.descriptor_, -1)} {}
    socket_owner& operator=(socket_owner&&) = delete;
    ~socket_owner() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    [[nodiscard]] int get() const noexcept { return descriptor_; }

private:
    int descriptor_;
};

inline void send_all(int descriptor, const char* bytes, std::size_t count) {
    const ssize_t sent = ::send(descriptor, bytes, count, MSG_NOSIGNAL);
    if (sent < 0) refuse(std::string{"the server went away: "} + std::strerror(errno));
    // A connection has at most one message under way, which its buffer can take.
    if (static_cast<std::size_t>(sent) != count) refuse("the system took less than a message of 64 bytes");
}

/// 0 when nothing has come yet; refuses the end and an error.
[[nodiscard]] inline std::size_t receive(int descriptor, char* bytes, std::size_t count, int flags) {
    const ssize_t part = ::recv(descriptor, bytes, count, flags);
    if (part < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    if (part < 0) refuse(std::string{"receiving an answer: "} + std::strerror(errno));
    if (part == 0) refuse("the server closed a connection before it had answered");
    return static_cast<std::size_t>(part);
}

inline void check(const char* got, const char* wanted, std::size_t count) {
    if (std::memcmp(got, wanted, count) != 0) throw wrong_bytes{};
}

/// One that the server has accepted for certain: it has answered the first `count` bytes. `number`: as of connect_to.
[[nodiscard]] inline socket_owner served(const server_address& server, const char* bytes, std::size_t count,
                                         bool read_answer = true, std::optional<std::size_t> number = {}) {
    socket_owner made{connect_to(server, number)};
    const timeval limit{std::chrono::seconds{patience}.count(), 0};
    ::setsockopt(made.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    send_all(made.get(), bytes, count);
    message back;
    if (receive(made.get(), back.data(), count, MSG_WAITALL | (read_answer ? 0 : MSG_PEEK)) != count)
        refuse("the server did not answer within 10 s");
    check(back.data(), bytes, count);
    return made;
}

/// Until the server has run nothing for 100 ms; one that never rests is taken as it is after 3 s.
inline void await_rest(pid_t process) {
    for (int turn = 0; turn < 30; ++turn) {
        const std::uint64_t before = processor_ns(process);
        std::this_thread::sleep_for(100ms);
        if (processor_ns(process) == before) return;
    }
}

/// What the first connection alone makes the server set up is no connection's cost.
inline void warm_up(const load_options& given) {
    const message first = message_of(0);
    { const socket_owner gone = served(given.server, first.data(), first.size()); }
    await_rest(given.process);
}

}  // namespace bifilar::experiments
