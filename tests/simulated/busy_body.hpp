// Bodies that use much of the library, for what simulations promise.
#pragma once

#include <bifilar/bifilar.hpp>
#include <bifilar/simulation/simulate.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace tests {

namespace bf = bifilar;
using namespace std::chrono_literals;

inline constexpr bf::backend both_models[] = {bf::backend::stackless, bf::backend::stackful};

/// What a body checks.
inline void must(bool holds, const char* what) {
    if (!holds) throw std::runtime_error{what};
}

inline bf::task<void> send_numbers(bf::channel_sender<bf::channel<int>> to, int count) {
    for (int n = 0; n < count; ++n) {
        const auto sent = co_await to.send(n);
        must(sent.has_value(), "nobody receives");
        if (n % 3 == 0) co_await bf::sleep_for(1ms * n);
        if (n % 5 == 0) co_await bf::yield_now();
    }
}

inline bf::task<std::size_t> read_all(bf::pipe_reader from) {
    std::array<std::byte, 16> buffer;
    std::size_t total = 0;
    for (;;) {
        const auto got = co_await from.read(buffer);
        must(got.has_value(), "a pipe failed");
        if (*got == 0) co_return total;
        total += *got;
    }
}

inline bf::task<void> write_some(bf::pipe_writer to, int pieces) {
    const std::string piece = "twelve bytes";
    for (int n = 0; n < pieces; ++n) {
        const auto written = co_await to.write_all(std::as_bytes(std::span{piece}));
        must(written.has_value(), "a pipe failed");
        co_await bf::sleep_for(2ms);
    }
}

/// Channels, timers, a pipe, blocking calls, a race: with tasks of both models.
inline bf::task<void> busy_body() {
    auto [out, in] = bf::make_channel<int>(4);
    std::vector<bf::join_handle<void>> senders;
    for (const bf::backend on : both_models)
        for (int n = 0; n < 2; ++n) senders.push_back(bf::spawn(on, send_numbers, out, 7));
    { const auto last = std::move(out); }
    auto ends = bf::make_pipe();
    must(ends.has_value(), "no pipe");
    auto reading = bf::spawn(read_all, std::move(ends->first));
    auto writing = bf::spawn(bf::backend::stackful, write_some, std::move(ends->second), 5);
    int sum = 0;
    for (;;) {
        const auto got = co_await in.recv();
        if (!got) break;
        sum += *got;
        if (*got == 4) sum += co_await bf::spawn_blocking([] { return 100; });
    }
    must(sum == 4 * 21 + 400, "numbers were lost");
    for (auto& each : senders) co_await each;
    co_await writing;
    const std::size_t read = co_await reading;
    must(read == 60, "bytes were lost");
    const auto first = co_await bf::race(bf::sleep_for(5ms), bf::sleep_for(6ms));
    must(first.index() == 0, "a later sleep ended first");
}

}  // namespace tests
