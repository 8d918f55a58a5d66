// Jobs that come just when a thread of the pool ends because nothing came: each runs, and two that need each other at
// once have a thread each.
#include "catch.hpp"
#include "resource_limits.hpp"
#include "seed.hpp"
#include <bifilar/base/detail/random.hpp>
#include <bifilar/base/detail/sanitizer.hpp>
#include <bifilar/sched/detail/blocking_pool.hpp>

#include <chrono>
#include <cstdint>
#include <latch>
#include <thread>

using namespace std::chrono_literals;

namespace {

#if defined(BIFILAR_ASAN) || defined(BIFILAR_TSAN)
constexpr int rounds = 300;
#else
constexpr int rounds = 1'000;
#endif
constexpr std::chrono::nanoseconds keep_alive = 100us;

// Ends when the other one runs too.
struct meeting_job final : bifilar::sched::blocking_job {
    meeting_job(std::latch& both, std::latch& ended) : meets{&both}, ends{&ended} {}
    void run() noexcept override {
        meets->arrive_and_wait();
        ends->count_down();
    }
    std::latch* meets;
    std::latch* ends;
};

// Up to twice the time that an idle thread stays, so that jobs come before its end, after it, and in it.
void wait_shortly(bifilar::base::random& random) {
    const auto until = std::chrono::steady_clock::now() +
                       std::chrono::nanoseconds{random.below(2 * static_cast<std::uint32_t>(keep_alive.count()))};
    while (std::chrono::steady_clock::now() < until) std::this_thread::yield();
}

}  // namespace

TEST_CASE("two_jobs_that_need_each_other_run_while_threads_of_the_pool_end") {
    if (!tests::threads_suffice(16)) return;
    bifilar::base::random random{tests::seed_of_this_run("blocking_pool")};
    bifilar::sched::blocking_pool pool{2, keep_alive};
    for (int round = 0; round != rounds; ++round) {
        std::latch both{2};
        std::latch ended{2};
        meeting_job mine{both, ended};
        meeting_job other{both, ended};
        wait_shortly(random);
        std::jthread second{[&pool, &other] { pool.submit(other); }};
        pool.submit(mine);
        ended.wait();
        second.join();
        // A latch that has opened may still be in use by who opened it, until the pool has no job any more.
        REQUIRE(pool.wait_idle(std::chrono::steady_clock::time_point::max()) == 0);
        REQUIRE(pool.threads() <= 2);
    }
}
