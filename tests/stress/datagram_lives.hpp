// The life of two UDP sockets. One task sends datagrams, each with a number of its own, and one receives them; every
// send and receive may be given up after a random time. At the end the datagrams are compared with the answers.
#pragma once

#include <bifilar/io/net/udp_socket.hpp>
#include "stress/ledger.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <linux/sock_diag.h>
#include <span>
#include <sys/socket.h>
#include <vector>

namespace stress {

inline constexpr int max_datagrams = 24;
inline constexpr std::size_t max_datagram_bytes = 512;

/// What one task has sent and another received.
struct post {
    std::uint64_t sent = 0;
    std::uint64_t maybe_sent = 0;
    std::uint64_t received = 0;
    std::uint64_t maybe_received = 0;
    std::bitset<max_datagrams> seen;  // By their numbers.
    bool wrong = false;                // An error, or a datagram that nobody sent so.
    std::atomic<bool> over{false};     // Nobody counts a datagram as sent any more.
};

inline std::size_t datagram_bytes(int number) {
    return 1 + static_cast<std::size_t>(number) * 97 % max_datagram_bytes;
}

/// Datagrams that the kernel had no room for.
inline std::uint64_t dropped(const bf::udp_socket& at) {
    std::array<std::uint32_t, SK_MEMINFO_VARS> told{};
    socklen_t bytes = sizeof told;
    const bool known = ::getsockopt(at.descriptor(), SOL_SOCKET, SO_MEMINFO, told.data(), &bytes) == 0;
    return known ? told[SK_MEMINFO_DROPS] : 0;
}

inline bf::task<> sends(bf::udp_socket& from, bf::socket_address to, post& way, ledger& all, std::uint64_t seed) {
    const tests::counted one{all.alive};
    bf::base::random random{seed};
    std::array<std::byte, max_datagram_bytes> datagram;
    const int count = static_cast<int>(random.below(max_datagrams));
    for (int n = 0; n < count; ++n) {
        datagram.fill(static_cast<std::byte>(n));
        const auto part = std::span{datagram}.first(datagram_bytes(n));
        const auto sent = co_await bf::timeout(from.send_to(part, to), patience(random));
        ++all.operations;
        if (!sent) {
            ++all.given_up;
            ++way.maybe_sent;
        } else if (*sent && **sent == part.size()) {
            ++way.sent;
        } else {
            way.wrong = true;
        }
    }
}

/// Whether it came as it was sent, and for the first time.
inline bool is_good(std::span<const std::byte> datagram, post& way) {
    if (datagram.empty()) return false;
    const int number = std::to_integer<int>(datagram.front());
    if (number >= max_datagrams || datagram.size() != datagram_bytes(number)) return false;
    if (way.seen.test(static_cast<std::size_t>(number))) return false;
    way.seen.set(static_cast<std::size_t>(number));
    return std::all_of(datagram.begin(), datagram.end(), [&](std::byte each) { return each == datagram.front(); });
}

/// An empty datagram is the last one.
inline bf::task<> takes(bf::udp_socket& at, bf::socket_address from, post& way, ledger& all, std::uint64_t seed) {
    const tests::counted one{all.alive};
    bf::base::random random{seed};
    std::array<std::byte, max_datagram_bytes> buffer;
    for (int waits_left = last_waits; waits_left != 0;) {
        const bool over = way.over;
        if (over && way.received + way.maybe_received + dropped(at) >= way.sent) break;
        if (over) --waits_left;
        const auto got = co_await bf::timeout(at.recv_from(buffer), over ? last_wait : patience(random));
        ++all.operations;
        if (!got) {
            ++all.given_up;
            ++way.maybe_received;
        } else if (!*got || (*got)->from != from) {
            way.wrong = true;
        } else if ((*got)->bytes != 0) {
            ++way.received;
            if (!is_good(std::span{buffer}.first((*got)->bytes), way)) way.wrong = true;
        }
    }
    if (way.received > way.sent + way.maybe_sent) way.wrong = true;
    if (way.received + way.maybe_received + dropped(at) < way.sent) way.wrong = true;
}

inline bf::task<> datagrams_live(ledger& all, std::uint64_t seed) {
    const tests::counted one{all.alive};
    bf::base::random random{seed};
    auto near = bf::udp_socket::bind(bf::socket_address::loopback_ipv4()).value();
    auto far = bf::udp_socket::bind(bf::socket_address::loopback_ipv4()).value();
    const bf::socket_address from = near.local_address().value();
    const bf::socket_address to = far.local_address().value();
    post way;
    std::vector<bf::join_handle<void>> tasks;
    tasks.push_back(
        bf::spawn(any_backend(random), sends, std::ref(near), to, std::ref(way), std::ref(all), random.next()));
    tasks.push_back(
        bf::spawn(any_backend(random), takes, std::ref(far), from, std::ref(way), std::ref(all), random.next()));
    const bool broken = random.below(4) == 0;
    if (broken) co_await break_off(tasks, random);
    (void)co_await tasks.front().outcome();
    if (!broken) {
        way.over = true;
        (void)co_await near.send_to({}, to);
    }
    (void)co_await tasks.back().outcome();
    if (!broken && way.wrong) ++all.wrong;
}

}  // namespace stress
