// Random cancels, timeouts and closes of reads and writes, with completions that come late.
// Method: pairs of local streams on four workers. Of each, one task writes and one reads, and every operation may be
// given up after a random time. Some pairs are cancelled and closed in between by a third task. At the end of the
// others the bytes are compared with what the operations answered, and with what a simulated kernel has moved.
#include "both/in_each_model.hpp"
#include "descriptors.hpp"
#include "drivers/stream_pair.hpp"
#include "resource_limits.hpp"
#include "seed.hpp"
#include <bifilar/base/random.hpp>
#include <bifilar/base/sanitizer.hpp>
#include <bifilar/drivers/driver.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <sys/socket.h>
#include <vector>

namespace bf = bifilar;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t chunk_bytes = 512;
#if defined(BIFILAR_ASAN) || defined(BIFILAR_TSAN)
constexpr std::uint64_t usual_operations = 4'000;
#else
constexpr std::uint64_t usual_operations = 20'000;
#endif

struct ledger {
    std::atomic<std::uint64_t> operations{0};
    std::atomic<std::uint64_t> given_up{0};
    std::atomic<int> wrong{0};  // Pairs whose bytes do not add up.
    std::atomic<int> alive{0};  // Tasks.
};

class counted {
public:
    explicit counted(std::atomic<int>& alive) : alive_{&alive} { ++*alive_; }
    counted(const counted&) = delete;
    counted& operator=(const counted&) = delete;
    ~counted() { --*alive_; }

private:
    std::atomic<int>* alive_;
};

/// One direction of a pair, as its two tasks saw it.
struct flow {
    std::uint64_t written = 0;
    std::uint64_t maybe_written = 0;
    std::uint64_t read = 0;
    std::uint64_t maybe_read = 0;

    [[nodiscard]] bool adds_up() const { return read <= written + maybe_written && read + maybe_read >= written; }
};

/// How long an operation may take: often nearly nothing, now and then for ever.
std::chrono::nanoseconds patience(bf::base::random& random) {
    constexpr std::array<std::uint32_t, 4> most_us{1, 20, 200, 2'000};
    const std::uint32_t kind = random.below(5);
    return kind == 4 ? std::chrono::nanoseconds{1h} : std::chrono::microseconds{random.below(most_us[kind])};
}

bf::task<> writes(bf::tcp_stream& to, flow& way, ledger& all, std::uint64_t seed, int count) {
    const counted one{all.alive};
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

bf::task<> reads(bf::tcp_stream& from, flow& way, ledger& all, std::uint64_t seed) {
    const counted one{all.alive};
    bf::base::random random{seed};
    std::array<std::byte, chunk_bytes> buffer;
    for (;;) {
        const auto part = std::span{buffer}.first(1 + random.below(chunk_bytes));
        const auto got = co_await bf::timeout(from.read(part), patience(random));
        ++all.operations;
        if (!got) ++all.given_up;
        if (!got)
            way.maybe_read += part.size();
        else if (!*got || **got == 0)
            break;
        else
            way.read += **got;
    }
}

// Both directions at once, and maybe an end that comes before its time.
bf::task<> pair_lives(ledger& all, std::uint64_t seed) {
    const counted one{all.alive};
    bf::base::random random{seed};
    const auto descriptors = tests::local_stream();
    std::array ends{bf::tcp_stream{descriptors[0]}, bf::tcp_stream{descriptors[1]}};
    std::array<flow, 2> ways;
    std::vector<bf::join_handle<void>> tasks;
    for (std::size_t n = 0; n < 2; ++n) {
        const bf::backend writer = random.below(2) == 0 ? bf::backend::stackless : bf::backend::stackful;
        const bf::backend reader = random.below(2) == 0 ? bf::backend::stackless : bf::backend::stackful;
        tasks.push_back(bf::spawn(writer, writes, std::ref(ends[n]), std::ref(ways[n]), std::ref(all), random.next(),
                                  static_cast<int>(random.below(24))));
        tasks.push_back(
            bf::spawn(reader, reads, std::ref(ends[1 - n]), std::ref(ways[n]), std::ref(all), random.next()));
    }
    const bool broken = random.below(4) == 0;
    if (broken) {
        co_await bf::sleep_for(std::chrono::microseconds{random.below(300)});
        for (auto& each : tasks) each.cancel();
    }
    for (auto& each : tasks) (void)co_await each.outcome();
    if (!broken && !(ways[0].adds_up() && ways[1].adds_up())) ++all.wrong;
}

// Returns when `operations` reads and writes have ended.
void live_and_die(bf::runtime& rt, ledger& all, std::uint64_t operations, bf::base::random& random) {
    while (all.operations < operations) {
        std::vector<bf::join_handle<void>> lives;
        for (int n = 0; n < 32; ++n) lives.push_back(rt.spawn(pair_lives, std::ref(all), random.next()));
        for (auto& one : lives) one.join();
    }
}

void on_the_usual_driver(std::uint64_t operations) {
    if (!tests::descriptors_suffice(200)) return;
    bf::base::random random{tests::seed_of_this_run("cancels of I/O")};
    ledger all;
    const auto destroyed = bf::drivers::destroyed_in_flight();
    bf::runtime rt{both::small_runtime(4)};
    const std::size_t before = tests::open_descriptors();
    live_and_die(rt, all, operations, random);
    CHECK(all.wrong == 0);
    CHECK(all.alive == 0);
    CHECK(tests::open_descriptors() == before);
    CHECK(bf::drivers::destroyed_in_flight() == destroyed);
}

void on_a_simulated_driver(std::uint64_t operations) {
    if (!tests::descriptors_suffice(200)) return;
    bf::simulated_kernel_options how;
    how.seed = tests::seed_of_this_run("cancels of simulated I/O");
    how.most_delay = 100us;
    how.would_wait = 0.5;
    how.short_transfers = 0.3;
    how.interrupts = 0.1;
    how.late_cancels = 0.6;
    how.cancelled_successes = 0.5;
    how.reorder = true;
    bf::simulated_kernel kernel{how};
    bf::simulated_clock clock;
    bf::base::random random{how.seed};
    ledger all;
    bf::runtime_options options = both::small_runtime(4);
    options.driver = bf::driver_kind::simulated;
    options.simulation = &kernel;
    options.clock = &clock;
    bf::runtime rt{options};
    const std::size_t before = tests::open_descriptors();
    live_and_die(rt, all, operations, random);
    CHECK(all.wrong == 0);
    CHECK(all.alive == 0);
    CHECK(tests::open_descriptors() == before);
    const bf::simulated_kernel_counts counts = kernel.counts();
    CHECK(counts.submitted == counts.completed + counts.cancelled);
    CHECK(counts.completed_though_cancelled > 0);
    CHECK(counts.bytes_in <= counts.bytes_out);
}

}  // namespace

TEST_CASE("cancels_and_closes_of_io_lose_nothing") { on_the_usual_driver(usual_operations); }

TEST_CASE("late_completions_after_cancels_and_closes_lose_nothing") { on_a_simulated_driver(usual_operations); }

TEST_CASE("a_million_cancels_and_closes_of_io_lose_nothing", "[.][nightly]") { on_the_usual_driver(1'000'000); }

TEST_CASE("a_million_late_completions_lose_nothing", "[.][nightly]") { on_a_simulated_driver(1'000'000); }
