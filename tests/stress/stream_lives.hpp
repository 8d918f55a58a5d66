// The life of a pair of connected streams. Of each direction one task writes and one reads, and every operation may be
// given up after a random time. At the end the bytes are compared with what the operations answered.
#pragma once

#include "io/stream_pair.hpp"
#include "stress/ledger.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

namespace stress {

inline constexpr std::size_t chunk_bytes = 512;

/// One direction of a pair, as its two tasks saw it.
struct flow {
    std::uint64_t written = 0;
    std::uint64_t maybe_written = 0;
    std::uint64_t read = 0;
    std::uint64_t maybe_read = 0;

    [[nodiscard]] bool adds_up() const { return read <= written + maybe_written && read + maybe_read >= written; }
};

inline bf::task<> writes(bf::tcp_stream& to, flow& way, ledger& all, std::uint64_t seed, int count) {
    const tests::counted one{all.alive};
    bf::base::random random{seed};
    const std::array<std::byte, chunk_bytes> chunk{};
    for (int n = 0; n < count; ++n) {
        const auto part = std::span{chunk}.first(1 + random.below(chunk_bytes));
        const auto wrote = co_await bf::timeout(to.write_all(part), patience(random));
        ++all.operations;
        if (!wrote) ++all.given_up;
        if (!wrote)
            way.maybe_written += part.size();
        else if (*wrote)
            way.written += **wrote;
        else
            break;
    }
    (void)to.shutdown_write();
}

inline std::size_t size_of(std::size_t bytes) { return bytes; }
inline std::size_t size_of(const bf::received_bytes& bytes) { return bytes.size(); }

/// Enters what a read came to, with what it may have lost where it was given up. False: the stream has ended.
template <class Got>
bool enter(const Got& got, std::size_t max_lost, flow& way, ledger& all) {
    ++all.operations;
    if (!got) {
        ++all.given_up;
        way.maybe_read += max_lost;
        return true;
    }
    const std::size_t bytes = *got ? size_of(**got) : 0;
    way.read += bytes;
    return bytes != 0;
}

inline bf::task<> reads(bf::tcp_stream& from, flow& way, ledger& all, std::uint64_t seed) {
    const tests::counted one{all.alive};
    bf::base::random random{seed};
    std::array<std::byte, chunk_bytes> buffer;
    for (bool more = true; more;) {
        const auto part = std::span{buffer}.first(1 + random.below(chunk_bytes));
        const auto got = co_await bf::timeout(from.read(part), patience(random));
        more = enter(got, part.size(), way, all);
    }
}

/// Into lent buffers and into its own in turn.
inline bf::task<> receives(bf::tcp_stream& from, flow& way, ledger& all, std::uint64_t seed) {
    const tests::counted one{all.alive};
    bf::base::random random{seed};
    std::array<std::byte, chunk_bytes> buffer;
    for (bool more = true; more;) {
        if (random.below(2) == 0) {
            const auto got = co_await bf::timeout(from.read(buffer), patience(random));
            more = enter(got, buffer.size(), way, all);
        } else {
            const auto got = co_await bf::timeout(from.receive(), patience(random));
            more = enter(got, bf::received_bytes::most, way, all);
        }
    }
}

/// By one operation for all, of which no give-up loses anything.
inline bf::task<> receives_all(bf::tcp_stream& from, flow& way, ledger& all, std::uint64_t seed) {
    const tests::counted one{all.alive};
    bf::base::random random{seed};
    bf::receive_stream arriving = from.receive_all();
    for (bool more = true; more;) {
        const auto got = co_await bf::timeout(arriving.next(), patience(random));
        more = enter(got, 0, way, all);
    }
}

/// Both directions at once, and maybe an end that comes before its time.
inline bf::task<> pair_lives(tests::stream_pair pair, ledger& all, std::uint64_t seed) {
    const tests::counted one{all.alive};
    constexpr std::array ways_to_read{&reads, &receives, &receives_all};
    bf::base::random random{seed};
    std::array ends{std::move(pair.near), std::move(pair.far)};
    std::array<flow, 2> ways;
    std::vector<bf::join_handle<void>> tasks;
    for (std::size_t n = 0; n < 2; ++n) {
        tasks.push_back(bf::spawn(any_backend(random), writes, std::ref(ends[n]), std::ref(ways[n]), std::ref(all),
                                  random.next(), static_cast<int>(random.below(24))));
        tasks.push_back(bf::spawn(any_backend(random), ways_to_read[random.below(ways_to_read.size())],
                                  std::ref(ends[1 - n]), std::ref(ways[n]), std::ref(all), random.next()));
    }
    const bool broken = random.below(4) == 0;
    if (broken) co_await break_off(tasks, random);
    for (auto& each : tasks) (void)co_await each.outcome();
    if (!broken && !(ways[0].adds_up() && ways[1].adds_up())) ++all.wrong;
}

inline bf::task<> local_pair_lives(ledger& all, std::uint64_t seed) {
    tests::stream_pair pair;
    co_await pair_lives(std::move(pair), all, seed);
}

inline bf::task<> tcp_pair_lives(ledger& all, std::uint64_t seed) {
    tests::stream_pair pair = co_await tests::tcp_pair();
    co_await pair_lives(std::move(pair), all, seed);
}

}  // namespace stress
