// Random cancels, timeouts and closes of I/O, with completions that come late.
// Method: many short lives on four workers: pairs of streams, local ones and TCP connections, that are read into own
// buffers, into lent ones and by one operation for all; listeners whose connects and accepts are given up; datagrams.
// Every operation may be given up after a random time, and some lives are cancelled and closed in between. At the end
// of the others what came is compared with what the operations answered, and with what a simulated kernel has moved.
#include "both/in_each_model.hpp"
#include "descriptors.hpp"
#include "effort.hpp"
#include "resource_limits.hpp"
#include "seed.hpp"
#include "stress/datagram_lives.hpp"
#include "stress/ledger.hpp"
#include "stress/listener_lives.hpp"
#include "stress/stream_lives.hpp"
#include <bifilar/base/detail/random.hpp>
#include <bifilar/base/detail/sanitizer.hpp>
#include <bifilar/drivers/contract/detail/driver.hpp>

#include <array>
#include <chrono>
#include <thread>
#include <vector>

namespace bf = bifilar;
using namespace std::chrono_literals;

namespace {

#if defined(BIFILAR_ASAN) || defined(BIFILAR_TSAN)
constexpr std::uint64_t usual_operations = 2'000;
#else
constexpr std::uint64_t usual_operations = 10'000;
#endif
constexpr std::size_t max_descriptors = 400;

// Returns when `operations` have ended.
void live_and_die(bf::runtime& rt, stress::ledger& all, std::uint64_t operations, bf::base::random& random) {
    constexpr std::array lives{&stress::local_pair_lives, &stress::tcp_pair_lives, &stress::plain_listener_lives,
                               &stress::incoming_lives, &stress::datagrams_live};
    while (all.operations < operations) {
        std::vector<bf::join_handle<void>> living;
        for (std::size_t n = 0; n < 32; ++n)
            living.push_back(rt.spawn(lives[n % lives.size()], std::ref(all), random.next()));
        for (auto& one : living) one.join();
    }
}

// A ring lets go of what completes many times, and with it of the descriptor, only when its driver has heard of the
// end.
bool descriptors_become(std::size_t count) {
    for (int turn = 0; turn < 10'000; ++turn) {
        if (tests::open_descriptors() == count) return true;
        std::this_thread::sleep_for(1ms);
    }
    return false;
}

void on_the_usual_driver(std::uint64_t operations) {
    if (!tests::descriptors_suffice(max_descriptors)) return;
    bf::base::random random{tests::seed_of_this_run("cancels of I/O")};
    stress::ledger all;
    const auto destroyed = bf::drivers::destroyed_in_flight();
    bf::runtime rt{both::small_runtime(4)};
    const std::size_t before = tests::open_descriptors();
    live_and_die(rt, all, operations, random);
    CHECK(all.wrong == 0);
    CHECK(all.given_up > 0);
    CHECK(all.alive == 0);
    CHECK(descriptors_become(before));
    CHECK(bf::drivers::destroyed_in_flight() == destroyed);
}

void on_a_simulated_driver(std::uint64_t operations) {
    if (!tests::descriptors_suffice(max_descriptors)) return;
    bf::simulated_kernel_options how;
    how.seed = tests::seed_of_this_run("cancels of simulated I/O");
    how.max_delay = 100us;
    how.would_wait = 0.5;
    how.short_transfers = 0.3;
    how.interrupts = 0.1;
    how.late_cancels = 0.6;
    how.cancelled_successes = 0.5;
    how.reorder = true;
    bf::simulated_kernel kernel{how};
    bf::simulated_clock clock;
    bf::base::random random{how.seed};
    stress::ledger all;
    bf::runtime_options options = both::small_runtime(4);
    options.driver = bf::driver_kind::simulated;
    options.simulation = &kernel;
    options.clock = &clock;
    bf::runtime rt{options};
    const std::size_t before = tests::open_descriptors();
    live_and_die(rt, all, operations, random);
    CHECK(all.wrong == 0);
    CHECK(all.given_up > 0);
    CHECK(all.alive == 0);
    CHECK(descriptors_become(before));
    const bf::simulated_kernel_counts counts = kernel.counts();
    CHECK(counts.submitted == counts.completed + counts.cancelled);
    CHECK(counts.completed_though_cancelled > 0);
    CHECK(counts.bytes_in <= counts.bytes_out);
}

}  // namespace

TEST_CASE("cancels_and_closes_of_io_lose_nothing") { on_the_usual_driver(tests::rounds_of(usual_operations)); }

TEST_CASE("late_completions_after_cancels_and_closes_lose_nothing") {
    on_a_simulated_driver(tests::rounds_of(usual_operations));
}

TEST_CASE("a_million_cancels_and_closes_of_io_lose_nothing", "[.][nightly]") { on_the_usual_driver(1'000'000); }

TEST_CASE("a_million_late_completions_lose_nothing", "[.][nightly]") { on_a_simulated_driver(1'000'000); }
