// Connections to one echo server, each with a few messages under way: what comes back is sent anew, together.
// Blocking sends, and receives that an epoll instance of its own announces; every byte is compared.
#include "closed_loop.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <harness/wrong_bytes.hpp>
#include <string>

namespace bifilar::experiments {

namespace {

constexpr std::chrono::seconds patience{5};  // Without a single byte, however many messages wait for each other.

}  // namespace

closed_loop::closed_loop(const server_address& to, const shape& wanted)
    : shape_{wanted}, epoll_{::epoll_create1(EPOLL_CLOEXEC)}, connections_(wanted.connections) {
    for (std::size_t n = 0; n < connections_.size(); ++n) open(connections_[n], n, to);
}

closed_loop::~closed_loop() {
    for (const connection& one : connections_) ::close(one.descriptor);
    ::close(epoll_);
}

void closed_loop::open(connection& one, std::size_t number, const server_address& to) {
    one.descriptor = connect_to(to);
    one.messages.resize(shape_.bytes * shape_.in_flight);
    for (std::size_t n = 0; n < one.messages.size(); ++n)
        one.messages[n] = static_cast<char>(number * 131 + n % shape_.bytes * 7);
    one.back.resize(one.messages.size());
    one.began.resize(shape_.in_flight);
    epoll_event event{EPOLLIN, {&one}};
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, one.descriptor, &event);
}

void closed_loop::turn(clock::duration length) {
    const auto end = clock::now() + length;
    for (connection& one : connections_) begin(one, shape_.in_flight);
    last_answer_ = clock::now();
    while (clock::now() < end) collect(true);
    while (under_way_ != 0) collect(false);
}

// Sends so many messages at once, in place of the oldest ones.
void closed_loop::begin(connection& one, std::size_t messages) {
    const auto now = clock::now();
    for (std::size_t n = 0; n < messages; ++n)
        one.began[(one.oldest + shape_.in_flight - 1 - n) % shape_.in_flight] = now;
    for (std::size_t sent = 0; sent < messages * shape_.bytes;) {
        const ssize_t part =
            ::send(one.descriptor, one.messages.data() + sent, messages * shape_.bytes - sent, MSG_NOSIGNAL);
        if (part <= 0) refuse(std::string{"the server went away: "} + std::strerror(errno));
        sent += static_cast<std::size_t>(part);
    }
    under_way_ += messages;
}

void closed_loop::collect(bool and_send_anew) {
    std::array<epoll_event, 512> ready;
    const int found = ::epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), 100);
    for (int n = 0; n < found; ++n) {
        connection& one = *static_cast<connection*>(ready[static_cast<std::size_t>(n)].data.ptr);
        const std::size_t complete = answered(one);
        if (complete != 0 && and_send_anew) begin(one, complete);
    }
    if (found > 0)
        last_answer_ = clock::now();
    else if (clock::now() - last_answer_ > patience)
        refuse("the server left " + std::to_string(under_way_) + " messages without an answer for " +
               std::to_string(patience.count()) + " s; see whether it hangs");
}

// Receives what is there; gives how many messages are back whole with it.
std::size_t closed_loop::answered(connection& one) {
    const ssize_t part = ::recv(one.descriptor, one.back.data(), one.back.size() - one.received, MSG_DONTWAIT);
    if (part < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    if (part <= 0) refuse("the server closed a connection before it had answered");
    const auto count = static_cast<std::size_t>(part);
    if (std::memcmp(one.back.data(), one.messages.data() + one.received, count) != 0) throw wrong_bytes{};
    one.received += count;
    const std::size_t complete = one.received / shape_.bytes;
    if (complete > under_way_) refuse("the server answered more than it was sent");
    one.received %= shape_.bytes;
    const auto now = clock::now();
    for (std::size_t n = 0; n < complete; ++n) {
        latencies_.add(static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::nanoseconds>(now - one.began[one.oldest]).count()));
        one.oldest = (one.oldest + 1) % shape_.in_flight;
    }
    under_way_ -= complete;
    return complete;
}

}  // namespace bifilar::experiments
