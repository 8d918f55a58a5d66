// The life of a listener. Several tasks connect to it, one accepts, and every connect and accept may be given up after
// a random time. At the end the connections that were made are compared with those that were accepted.
#pragma once

#include "stress/ledger.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

namespace stress {

/// The connections to one listener. Several tasks connect, one accepts.
struct arrivals {
    std::atomic<std::uint64_t> connected{0};
    std::atomic<std::uint64_t> maybe_connected{0};
    std::atomic<std::uint64_t> failed{0};
    std::atomic<bool> over{false};  // Nobody counts a connection any more.
    std::uint64_t accepted = 0;
    std::uint64_t maybe_accepted = 0;

    [[nodiscard]] bool all_came() const { return accepted + maybe_accepted >= connected; }
    [[nodiscard]] bool adds_up() const { return failed == 0 && accepted <= connected + maybe_connected && all_came(); }
};

/// Its end is a reset, so that no port stays taken for a minute.
inline void end(bf::tcp_stream& stream) {
    (void)stream.set_linger(0s);
    stream.close();
}

inline bf::task<> connects(bf::socket_address to, arrivals& count, ledger& all, std::uint64_t seed, int times) {
    const tests::counted one{all.alive};
    bf::base::random random{seed};
    for (int n = 0; n < times; ++n) {
        auto made = co_await bf::timeout(bf::tcp_stream::connect(to), patience(random));
        ++all.operations;
        if (!made) {
            ++all.given_up;
            ++count.maybe_connected;
        } else if (*made) {
            ++count.connected;
            end(**made);
        } else if (made->error() == std::errc::connection_reset) {
            ++count.connected;  // And was accepted, and has ended already.
        } else {
            ++count.failed;
        }
    }
}

/// Of incoming connections no give-up loses one.
template <class Listener>
bf::task<> accepts(Listener& at, arrivals& count, ledger& all, std::uint64_t seed) {
    constexpr std::uint64_t max_lost = std::is_same_v<Listener, bf::tcp_listener> ? 1 : 0;
    const tests::counted one{all.alive};
    bf::base::random random{seed};
    for (int waits_left = last_waits; waits_left != 0;) {
        const bool over = count.over;
        if (over && count.all_came()) break;
        if (over) --waits_left;
        auto got = co_await bf::timeout(at.accept(), over ? last_wait : patience(random));
        ++all.operations;
        if (!got) {
            ++all.given_up;
            count.maybe_accepted += max_lost;
        } else if (*got) {
            ++count.accepted;
            end(**got);
        } else {
            ++count.failed;
        }
    }
}

template <class Listener>
bf::task<> listener_lives(Listener at, ledger& all, std::uint64_t seed) {
    bf::base::random random{seed};
    const bf::socket_address to = at.local_address().value();
    arrivals count;
    std::vector<bf::join_handle<void>> tasks;
    tasks.push_back(
        bf::spawn(any_backend(random), accepts<Listener>, std::ref(at), std::ref(count), std::ref(all), random.next()));
    for (int n = 0; n < 4; ++n)
        tasks.push_back(bf::spawn(any_backend(random), connects, to, std::ref(count), std::ref(all), random.next(),
                                  static_cast<int>(random.below(6))));
    const bool broken = random.below(4) == 0;
    if (broken) co_await break_off(tasks, random);
    for (std::size_t n = 1; n < tasks.size(); ++n) (void)co_await tasks[n].outcome();
    if (!broken) {
        // One more, for an accept that would wait for ever.
        ++count.maybe_connected;
        count.over = true;
        auto last = co_await bf::tcp_stream::connect(to);
        if (last) end(*last);
    }
    (void)co_await tasks.front().outcome();
    if (!broken && !count.adds_up()) ++all.wrong;
}

inline bf::task<> plain_listener_lives(ledger& all, std::uint64_t seed) {
    const tests::counted one{all.alive};
    auto listener = bf::tcp_listener::bind(bf::socket_address::loopback_ipv4()).value();
    co_await listener_lives(std::move(listener), all, seed);
}

inline bf::task<> incoming_lives(ledger& all, std::uint64_t seed) {
    const tests::counted one{all.alive};
    auto listener = bf::tcp_listener::bind(bf::socket_address::loopback_ipv4()).value();
    auto incoming = std::move(listener).incoming();
    co_await listener_lives(std::move(incoming), all, seed);
}

}  // namespace stress
