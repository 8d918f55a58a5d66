// A long life of one runtime: tasks of every kind come and go, and what the process holds is written down meanwhile. It
// must stay the same: memory in the second half, and in the end descriptors, tasks and timers as before.
//   long_life [--seconds N] [--every S] [--rate LIVES_PER_SECOND] [--seed N] > curve.csv
// BIFILAR_DRIVER says which driver. Exit code: 1 when something has grown, which stderr says. tests/long_life/draw.py
// makes a picture of the curve.
#include "lives.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <vector>

namespace bf = bifilar;
using namespace std::chrono_literals;

namespace {

struct options {
    double seconds = 60;
    double every = 1;
    double rate = 500;
    std::uint64_t seed = 1;
};

options parse(int count, char** arguments) {
    options given;
    for (int n = 1; n < count; n += 2) {
        const std::string name = arguments[n];
        if (n + 1 == count) throw std::invalid_argument{name + " needs a number"};
        char* end = nullptr;
        const double value = std::strtod(arguments[n + 1], &end);
        if (*end != '\0') throw std::invalid_argument{name + " needs a number, not '" + arguments[n + 1] + "'"};
        if (name == "--seconds")
            given.seconds = value;
        else if (name == "--every")
            given.every = value;
        else if (name == "--rate")
            given.rate = value;
        else if (name == "--seed")
            given.seed = static_cast<std::uint64_t>(value);
        else
            throw std::invalid_argument{name + " is no option; see the head of tests/long_life/main.cpp"};
    }
    if (given.seconds <= 0 || given.every <= 0 || given.rate <= 0)
        throw std::invalid_argument{"seconds, every and rate are numbers above 0"};
    return given;
}

struct moment {
    double seconds;
    std::int64_t resident_bytes;
    std::int64_t descriptors;
    std::int64_t tasks;
    std::int64_t timers;
    std::uint64_t ended;
};

std::int64_t resident_bytes() {
    std::int64_t all = 0;
    std::int64_t resident = 0;
    std::ifstream{"/proc/self/statm"} >> all >> resident;
    return resident * ::sysconf(_SC_PAGESIZE);
}

std::int64_t open_descriptors() {
    const auto own = std::filesystem::directory_iterator{"/proc/self/fd"};
    return std::distance(begin(own), end(own)) - 1;  // The iterator's own.
}

moment look(const bf::runtime& of, const long_life::town& where, std::chrono::steady_clock::time_point began) {
    const bf::worker_stats all = of.stats().total();
    return {std::chrono::duration<double>{std::chrono::steady_clock::now() - began}.count(),
            resident_bytes(),
            open_descriptors(),
            static_cast<std::int64_t>(all.spawned - all.completed),
            where.now.timers.load(),
            where.now.ended.load()};
}

void print(const moment& at) {
    std::printf("%.1f,%lld,%lld,%lld,%lld,%llu\n", at.seconds, static_cast<long long>(at.resident_bytes),
                static_cast<long long>(at.descriptors), static_cast<long long>(at.tasks),
                static_cast<long long>(at.timers), static_cast<unsigned long long>(at.ended));
    std::fflush(stdout);
}

// Lives begin evenly; what the machine cannot keep up with is not made up for.
bf::task<void> let_them_begin(long_life::town& where, options given, bf::event& over) {
    bf::base::random random{given.seed};
    bf::interval pulse{5ms, bf::missed_tick::skip};
    double due = 0;
    while (!over.is_set()) {
        co_await pulse.tick();
        constexpr std::int64_t max_at_once = 5'000;
        for (due += given.rate / 200; due >= 1 && where.now.lives < max_at_once; --due)
            long_life::begin_life(where, random);
    }
}

// Takes from the square what nobody has fetched, and brings what nobody has sent, so that no trader waits for long.
bf::task<void> keep_the_square(long_life::town& where, bf::event& over) {
    for (std::uint64_t n = 0; !over.is_set(); ++n) {
        co_await bf::sleep_for(1ms);
        if (n % 2 == 0)
            (void)where.square.try_recv();
        else
            (void)where.square.try_send(n);
    }
}

// Whether nothing has grown. `before` and `after` are of quiet times.
bool is_flat(const std::vector<moment>& curve, const moment& before, const moment& after) {
    const auto say = [](const char* what, std::int64_t was, std::int64_t is) {
        std::fprintf(stderr, "%s: %lld before, %lld after\n", what, static_cast<long long>(was),
                     static_cast<long long>(is));
        return was == is;
    };
    bool flat = say("descriptors", before.descriptors, after.descriptors);
    flat = say("tasks", before.tasks, after.tasks) && flat;
    flat = say("timers", before.timers, after.timers) && flat;
    // Pools come to their sizes by chance, in ever smaller steps.
    const auto middle = curve.begin() + static_cast<std::ptrdiff_t>(curve.size() / 2);
    const auto larger = [](const moment& one, const moment& other) {
        return one.resident_bytes < other.resident_bytes;
    };
    const std::int64_t first = std::max_element(curve.begin(), middle, larger)->resident_bytes;
    const std::int64_t second = std::max_element(middle, curve.end(), larger)->resident_bytes;
    constexpr std::int64_t max_growth = 4 << 20;
    std::fprintf(stderr, "resident memory: at most %lld bytes in the first half and %lld in the second\n",
                 static_cast<long long>(first), static_cast<long long>(second));
    return second - first <= max_growth && flat;
}

bool live_long(const options& given) {
    std::string folder = std::filesystem::temp_directory_path() / ("long_life." + std::string(6, 'X'));
    if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error{folder + ": " + std::strerror(errno)};
    bf::runtime_options how;
    how.workers = 2;
    how.blocking_keep_alive = 100ms;
    bf::runtime town_hall{how};
    long_life::town where;
    where.folder = folder;
    bf::event closing;
    bf::tcp_listener listener = bf::tcp_listener::bind("127.0.0.1:0").value();
    where.server = listener.local_address().value();
    auto serving = town_hall.spawn([&]() -> bf::task<void> {
        bf::serve_options bounds;
        bounds.max_connections = 1'000;
        bounds.drain = {};
        (void)co_await bf::serve(std::move(listener), bounds, long_life::serve_one, closing.wait());
    });
    std::this_thread::sleep_for(300ms);
    const auto began = std::chrono::steady_clock::now();
    const moment before = look(town_hall, where, began);

    bf::event over;
    auto starting = town_hall.spawn(let_them_begin, std::ref(where), given, std::ref(over));
    auto square = town_hall.spawn(keep_the_square, std::ref(where), std::ref(over));
    std::puts("seconds,resident_bytes,descriptors,tasks,timers,lives_ended");
    std::vector<moment> curve;
    for (double next = given.every; next <= given.seconds; next += given.every) {
        std::this_thread::sleep_until(
            began + std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>{next}));
        curve.push_back(look(town_hall, where, began));
        print(curve.back());
    }
    over.set();
    starting.join();
    square.join();
    // Traders that wait are cancelled by their limits, and so is everybody else.
    for (int n = 0; n != 300 && where.now.lives != 0; ++n) std::this_thread::sleep_for(100ms);
    std::this_thread::sleep_for(1s);  // The server sees the last ends.
    const moment after = look(town_hall, where, began);
    print(after);
    std::fprintf(stderr, "%llu lives, %llu messages came back\n", static_cast<unsigned long long>(after.ended),
                 static_cast<unsigned long long>(where.now.served.load()));
    const bool flat = is_flat(curve, before, after);
    closing.set();
    serving.join();
    std::filesystem::remove_all(folder);
    return flat;
}

}  // namespace

int main(int count, char** arguments) {
    try {
        return live_long(parse(count, arguments)) ? 0 : 1;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "long_life: %s\n", error.what());
        return 2;
    }
}
