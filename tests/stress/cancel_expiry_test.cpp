// Cancels from other threads that race the expiry of timers, on real time and four workers.
// Method: every round starts sleepers of random length on all workers; tasks elsewhere and a plain thread cancel them
// at about the time at which they are due. Each ends exactly once: woken and not early, or cancelled.
#include "both/in_each_model.hpp"
#include "counted.hpp"
#include "effort.hpp"
#include "seed.hpp"
#include <bifilar/base/detail/random.hpp>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace bf = bifilar;
using steady = std::chrono::steady_clock;

namespace {

struct marks {
    std::vector<std::atomic<int>> woken;
    std::atomic<int> alive{0};
    std::atomic<int> early{0};
    explicit marks(std::size_t sleepers) : woken(sleepers) {}
};

bf::task<> sleeps(std::size_t n, std::chrono::nanoseconds length, marks& all) {
    const tests::counted one{all.alive};
    const auto until = steady::now() + length;
    co_await bf::sleep_for(length);
    if (steady::now() < until) ++all.early;
    ++all.woken[n];
}

using handles = std::vector<bf::join_handle<void>>;

bf::task<> cancels(handles& victims, std::size_t first, std::uint64_t seed) {
    bf::base::random random{seed};
    for (std::size_t n = first; n < victims.size(); n += 4) {
        if (random.below(4) != 0) victims[n].cancel();
        if (random.below(32) == 0) co_await bf::sleep_for(std::chrono::microseconds{random.below(200)});
    }
}

int race_once(bf::runtime& rt, std::size_t sleepers, bf::base::random& random) {
    marks all{sleepers};
    handles victims;
    for (std::size_t n = 0; n < sleepers; ++n) {
        const bf::backend on = random.below(2) == 0 ? bf::backend::stackless : bf::backend::stackful;
        victims.push_back(rt.spawn(on, sleeps, n, std::chrono::nanoseconds{random.below(2'000'000)}, std::ref(all)));
    }
    handles cancellers;
    for (std::size_t part = 0; part < 3; ++part)
        cancellers.push_back(rt.spawn(cancels, std::ref(victims), part, random.next()));
    for (std::size_t n = 3; n < victims.size(); n += 4)
        if (random.below(4) != 0) victims[n].cancel();
    for (auto& one : cancellers) one.join();
    int wrong = 0;
    for (std::size_t n = 0; n < sleepers; ++n) {
        const auto outcome = bf::block_on(std::move(victims[n]).outcome());
        if (all.woken[n] != (outcome.has_value() ? 1 : 0)) ++wrong;
    }
    return wrong + all.early + all.alive;
}

void race_rounds(int rounds) {
    const std::uint64_t seed = tests::seed_of_this_run("cancel and expiry");
    bf::base::random random{seed};
    bf::runtime rt{both::small_runtime(4)};
    int wrong = 0;
    for (int round = 0; round < rounds; ++round) wrong += race_once(rt, 400, random);
    CHECK(wrong == 0);
}

}  // namespace

TEST_CASE("cancels_from_other_threads_and_expiry_end_each_sleep_once") { race_rounds(tests::rounds_of(60)); }

TEST_CASE("two_million_cancels_and_expiries_end_each_sleep_once", "[.][nightly]") { race_rounds(5'000); }
