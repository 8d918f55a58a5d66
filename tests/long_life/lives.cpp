// The kinds of lives. What a life finds wrong ends the program.
#include "lives.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <utility>

namespace long_life {

namespace bf = bifilar;
using namespace std::chrono_literals;

namespace {

class counted {
public:
    explicit counted(std::atomic<std::int64_t>& of) noexcept : of_{&of} { ++*of_; }
    counted(counted&& other) noexcept : of_{std::exchange(other.of_, nullptr)} {}
    counted& operator=(counted&&) = delete;
    ~counted() {
        if (of_ != nullptr) --*of_;
    }

private:
    std::atomic<std::int64_t>* of_;
};

[[noreturn]] void wrong(const char* what) {
    std::fprintf(stderr, "long_life: %s\n", what);
    std::abort();
}

bf::task<void> nap(town& where, std::chrono::microseconds length) {
    const counted timer{where.now.timers};
    co_await bf::sleep_for(length);
}

// Sends messages and gets them back; in the end it closes, resets by closing with bytes unread, or just stays.
bf::task<void> visit(town& where, std::uint64_t dice) {
    auto made = co_await bf::tcp_stream::connect(where.server);
    if (!made) co_return;  // Out of ports for the moment: so many connections have just ended.
    std::array<std::byte, 512> message;
    std::array<std::byte, 512> back;
    const std::size_t bytes = 1 + dice % message.size();
    for (std::uint64_t round = 0; round <= dice % 5; ++round) {
        message.fill(static_cast<std::byte>(dice + round));
        if (!co_await made->write_all(std::span{message}.first(bytes))) co_return;
        if (dice % 7 == 0) co_return;
        const auto got = co_await made->read_exact(std::span{back}.first(bytes));
        if (!got) co_return;
        if (!std::equal(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(bytes), back.begin()))
            wrong("the server sent other bytes than it got");
        ++where.now.served;
        co_await nap(where, std::chrono::microseconds{dice % 20'000});
    }
    if (dice % 11 == 0) co_await nap(where, 1h);
}

bf::task<void> trade(town& where, std::uint64_t dice) {
    if (dice % 2 == 0)
        (void)co_await where.square.send(dice);
    else
        (void)co_await where.square.recv();
}

bf::task<void> queue_up(town& where, std::uint64_t dice) {
    const auto place = co_await where.places.acquire();
    const auto held = co_await where.gate.lock();
    if (dice % 4 == 0) co_await nap(where, 100us);
}

bf::task<void> raise_children(town& where, std::uint64_t dice) {
    const auto child = [&where](std::uint64_t own) -> bf::task<void> {
        co_await nap(where, std::chrono::microseconds{own % 30'000});
        if (own % 13 == 0) throw std::runtime_error{"a child fails"};
    };
    try {
        co_await bf::with_scope([&](bf::task_scope& family) -> bf::task<void> {
            for (std::uint64_t n = 0; n != 1 + dice % 6; ++n) {
                const bf::backend on = (dice >> n) % 2 == 0 ? bf::backend::stackless : bf::backend::stackful;
                family.spawn(on, child, dice * (n + 1));
            }
            co_return;
        });
    } catch (const std::runtime_error&) {
    }
}

bf::task<void> compute_elsewhere(std::uint64_t dice) {
    const std::uint64_t got = co_await bf::spawn_blocking([dice] { return dice + 1; });
    if (got != dice + 1) wrong("a blocking call gave another value than its own");
}

struct removed_after {
    std::string path;

    explicit removed_after(std::string of) noexcept : path{std::move(of)} {}
    removed_after(const removed_after&) = delete;
    removed_after& operator=(const removed_after&) = delete;
    ~removed_after() { ::unlink(path.c_str()); }
};

bf::task<void> keep_books(town& where, std::uint64_t dice) {
    const removed_after book{where.folder / std::to_string(dice)};
    const std::string line(1 + dice % 3'000, 'a');
    if (!co_await bf::write_file(book.path, std::as_bytes(std::span{line}))) wrong("a file could not be written");
    const auto read = co_await bf::read_file(book.path);
    if (!read || read->size() != line.size()) wrong("a file has another size than what was written");
}

// Touches its stack, several frames of it, and waits there. As a coroutine it has as many frames from the pool.
bf::task<void> go_deep(town& where, std::uint64_t depth) {
    std::array<char, 900> room;
    room.fill(static_cast<char>(depth));
    if (depth == 0)
        co_await nap(where, 2ms);
    else
        co_await go_deep(where, depth - 1);
    if (room.back() != static_cast<char>(depth)) wrong("a frame was written over");
}

bf::task<void> live(town& where, std::uint64_t kind, std::uint64_t dice) {
    switch (kind) {
        case 0:
        case 1:
        case 2:
            return visit(where, dice);
        case 3:
            return trade(where, dice);
        case 4:
            return queue_up(where, dice);
        case 5:
            return raise_children(where, dice);
        case 6:
            return dice % 8 == 0 ? keep_books(where, dice) : compute_elsewhere(dice);
        default:
            return go_deep(where, dice % 20);
    }
}

// A life ends by itself, by its limit, which cancels it, or with a clock that is far away and taken back.
bf::task<void> whole_life(town& where, counted, std::uint64_t kind, std::uint64_t dice) {
    const counted timer{where.now.timers};
    const auto limit = dice % 3 == 0 ? std::chrono::microseconds{dice % 10'000} : std::chrono::microseconds{1s};
    (void)co_await bf::timeout(live(where, kind, dice), limit);
    ++where.now.ended;
}

void whole_life_in_a_fiber(town& where, counted, std::uint64_t kind, std::uint64_t dice) {
    const counted timer{where.now.timers};
    const auto limit = dice % 3 == 0 ? std::chrono::microseconds{dice % 10'000} : std::chrono::microseconds{1s};
    (void)bf::await(bf::timeout(live(where, kind, dice), limit));
    ++where.now.ended;
}

}  // namespace

void begin_life(town& where, bf::base::random& random) {
    const std::uint64_t kind = random.below(8);
    const std::uint64_t dice = random.next() >> 8;
    counted life{where.now.lives};
    if (random.below(2) == 0)
        bf::spawn(whole_life, std::ref(where), std::move(life), kind, dice).detach();
    else
        bf::spawn(bf::backend::stackful, whole_life_in_a_fiber, std::ref(where), std::move(life), kind, dice).detach();
}

bf::task<void> serve_one(bf::tcp_stream connection) {
    bf::receive_stream all = connection.receive_all();
    for (;;) {
        const auto got = co_await all.next();
        if (!got || got->empty()) break;
        if (!co_await connection.write_all(got->bytes())) break;
    }
}

}  // namespace long_life
