// Jobs that come just when a thread of the pool ends because nothing came: each runs, and two that need each other at
// once have a thread each. And jobs that are taken back.
#include "catch.hpp"
#include "resource_limits.hpp"
#include "seed.hpp"
#include <bifilar/base/detail/baton.hpp>
#include <bifilar/base/detail/random.hpp>
#include <bifilar/base/detail/sanitizer.hpp>
#include <bifilar/sched/detail/blocking_pool.hpp>

#include <chrono>
#include <cstdint>
#include <latch>
#include <thread>
#include <vector>

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

// Tells that it runs, and waits until it may end.
struct held_job final : bifilar::sched::blocking_job {
    void run() noexcept override {
        runs.count_down();
        may_end.wait();
    }
    std::latch runs{1};
    std::latch may_end{1};
};

// Notes that it has run.
struct numbered_job final : bifilar::sched::blocking_job {
    numbered_job(int number, std::vector<int>& into) : number{number}, into{&into} {}
    void run() noexcept override { into->push_back(number); }
    int number;
    std::vector<int>* into;
};

constexpr auto for_ever = std::chrono::steady_clock::time_point::max();

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
        REQUIRE(pool.wait_idle(for_ever) == 0);
        REQUIRE(pool.threads() <= 2);
    }
}

TEST_CASE("a_job_that_is_taken_out_of_the_queue_does_not_run_and_the_others_do") {
    std::vector<int> ran;
    held_job first;
    numbered_job second{2, ran};
    numbered_job third{3, ran};
    numbered_job fourth{4, ran};
    numbered_job fifth{5, ran};
    bifilar::sched::blocking_pool pool{1, 1h};
    pool.submit(first);
    first.runs.wait();
    CHECK_FALSE(pool.withdraw(first));
    for (numbered_job* const job : {&second, &third, &fourth}) pool.submit(*job);
    CHECK(pool.withdraw(third));
    CHECK_FALSE(pool.withdraw(third));
    CHECK(pool.withdraw(fourth));
    pool.submit(fifth);
    CHECK(pool.withdraw(second));
    pool.submit(third);
    CHECK(pool.busy());
    first.may_end.count_down();
    CHECK(pool.wait_idle(for_ever) == 0);
    CHECK(ran == std::vector{5, 3});
    CHECK_FALSE(pool.withdraw(fifth));
    CHECK_FALSE(pool.busy());
}

TEST_CASE("who_waits_for_an_idle_pool_goes_on_when_its_last_job_is_taken_back") {
    namespace base = bifilar::base;
    int taken_back = 0;
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        base::decisions by{seed, {}};
        std::vector<int> ran;
        std::thread{[&] {
            base::baton simulation{by, 100'000};
            {
                numbered_job job{1, ran};
                bifilar::sched::blocking_pool pool{1, 1h};
                std::thread waits =
                    base::make_thread(base::baton::role::worker, [&] { (void)pool.wait_idle(for_ever); });
                pool.submit(job);
                simulation.give_way();
                const bool taken = pool.withdraw(job);
                taken_back += taken;
                CHECK(ran.empty() == taken);
                base::join_thread(waits);
            }
            simulation.await_others();
        }}.join();
    }
    CHECK(taken_back != 0);
}
