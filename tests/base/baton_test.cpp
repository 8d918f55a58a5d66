// Threads of which one runs at a time, in an order that a seed or a plan decides.
#include <catch.hpp>

#include <bifilar/base/detail/baton.hpp>
#include <bifilar/base/detail/thread_condition.hpp>
#include <bifilar/base/detail/thread_gate.hpp>

#include <chrono>
#include <mutex>
#include <string>
#include <vector>

namespace {

namespace base = bifilar::base;
using role = base::baton::role;

constexpr std::uint64_t many_turns = 100'000;

// What three threads write, each three times, with a chance to switch between.
std::string letters(base::decisions& by) {
    std::string written;
    std::thread{[&] {
        base::baton simulation{by, many_turns};
        std::vector<std::thread> threads;
        for (const char letter : {'a', 'b', 'c'})
            threads.push_back(base::make_thread(role::worker, [&written, &simulation, letter] {
                for (int n = 0; n != 3; ++n) {
                    written += letter;
                    simulation.may_switch();
                }
            }));
        for (std::thread& each : threads) base::join_thread(each);
        simulation.await_others();
    }}.join();
    return written;
}

TEST_CASE("without_decisions_threads_run_one_after_the_other") {
    base::decisions none{std::vector<base::decision>{}, {}};
    CHECK(letters(none) == "aaabbbccc");
    CHECK(none.made() > 0);
    CHECK(none.noted() == 0);
}

TEST_CASE("a_seed_gives_the_same_order_and_the_same_trace") {
    bool differ = false;
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        base::decisions one{seed, {}};
        base::decisions other{seed, {}};
        const std::string written = letters(one);
        CHECK(written == letters(other));
        CHECK(one.trace() == other.trace());
        differ |= written != "aaabbbccc";
    }
    CHECK(differ);
}

TEST_CASE("what_was_noted_is_a_plan_that_gives_the_same_order") {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        std::vector<base::decision> record(1'000);
        base::decisions one{seed, record};
        const std::string written = letters(one);
        record.resize(one.noted());
        base::decisions planned{record, {}};
        CHECK(letters(planned) == written);
        CHECK(planned.trace() == one.trace());
    }
}

// The number of a decision, as plans have it.
std::uint64_t place_of(base::decision_kind kind, std::uint32_t subject, std::uint64_t number) {
    const std::uint64_t who = static_cast<std::uint64_t>(kind) << base::decision::subject_bits | subject;
    return who << base::decision::number_bits | number;
}

TEST_CASE("a_plan_says_who_is_next_when_a_thread_waits") {
    // The caller waits for the first thread to end, and the second is next.
    base::decisions planned{{{place_of(base::decision_kind::next, 0, 0), 1}}, {}};
    CHECK(letters(planned) == "bbbaaaccc");
    CHECK(planned.noted() == 1);
}

TEST_CASE("waits_end_by_wakes") {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        base::decisions by{seed, {}};
        std::vector<int> taken;
        std::thread{[&] {
            base::baton simulation{by, many_turns};
            std::mutex mutex;
            base::thread_condition filled;
            base::thread_gate emptied;
            std::vector<int> queue;
            std::thread taker = base::make_thread(role::blocking, [&] {
                for (int n = 0; n != 5; ++n) {
                    std::unique_lock lock{mutex};
                    filled.wait(lock, [&] { return !queue.empty(); });
                    taken.push_back(queue.back());
                    queue.pop_back();
                    lock.unlock();
                    emptied.open();
                }
            });
            for (int n = 0; n != 5; ++n) {
                {
                    const std::lock_guard guard{mutex};
                    queue.push_back(n);
                }
                filled.notify_one();
                emptied.wait();
            }
            base::join_thread(taker);
            simulation.await_others();
        }}.join();
        CHECK(taken == std::vector<int>{0, 1, 2, 3, 4});
    }
}

TEST_CASE("who_waits_for_another_in_circles_lets_it_go_on") {
    base::decisions none{std::vector<base::decision>{}, {}};
    std::thread{[&] {
        base::baton simulation{none, many_turns};
        bool told = false;
        std::thread teller = base::make_thread(role::worker, [&] { told = true; });
        while (!told) simulation.may_switch();
        base::join_thread(teller);
        simulation.await_others();
    }}.join();
    CHECK(none.noted() == 0);
}

TEST_CASE("a_deadline_in_real_time_never_comes_in_a_simulation") {
    base::decisions none{std::vector<base::decision>{}, {}};
    bool was_told = false;
    std::thread{[&] {
        base::baton simulation{none, many_turns};
        std::mutex mutex;
        base::thread_condition changed;
        bool told = false;
        std::thread teller = base::make_thread(role::worker, [&] {
            {
                const std::lock_guard guard{mutex};
                told = true;
            }
            changed.notify_all();
        });
        {
            std::unique_lock lock{mutex};
            const auto long_ago = std::chrono::steady_clock::now() - std::chrono::hours{1};
            was_told = changed.wait_until(lock, long_ago, [&] { return told; }) && told;
        }
        base::join_thread(teller);
        simulation.await_others();
    }}.join();
    CHECK(was_told);
}

TEST_CASE("a_simulation_waits_for_threads_that_nobody_joins_before") {
    base::decisions none{std::vector<base::decision>{}, {}};
    int ended = 0;
    std::thread{[&] {
        base::baton simulation{none, many_turns};
        std::vector<std::thread> threads;
        for (int n = 0; n != 2; ++n) threads.push_back(base::make_thread(role::worker, [&] { ++ended; }));
        simulation.await_others();
        CHECK(ended == 2);
        for (std::thread& each : threads) each.join();
    }}.join();
    CHECK(ended == 2);
}

TEST_CASE("a_decision_says_its_kind_whom_it_is_about_and_which_of_these_it_is") {
    std::vector<base::decision> record(6);
    base::decisions by{1, record};
    for (int n = 0; n != 3; ++n)
        for (const std::uint32_t subject : {2U, 3U})
            (void)by.decide(base::decision_kind::delay, subject, [](std::uint64_t) { return 9; });
    REQUIRE(by.noted() == record.size());
    for (std::size_t n = 0; n != record.size(); ++n) {
        CHECK(record[n].kind() == base::decision_kind::delay);
        CHECK(record[n].subject() == 2 + n % 2);
        CHECK(record[n].number() == n / 2);
        CHECK(record[n].place == place_of(record[n].kind(), record[n].subject(), record[n].number()));
    }
}

TEST_CASE("some_runs_never_do_what_others_do_often") {
    int never = 0;
    int often = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        const double share = base::decisions{seed, {}}.temper(base::decision_kind::preempt);
        never += share == 0;
        often += share >= 0.25;
        CHECK(share <= 0.5);
    }
    CHECK(never != 0);
    CHECK(often != 0);
}

TEST_CASE("a_decision_depends_on_its_number_alone") {
    base::decisions one{7, {}};
    base::decisions other{7, {}};
    const auto bits = [](std::uint64_t draw) { return draw; };
    // Those of another kind or subject in between change nothing.
    (void)other.decide(base::decision_kind::cut, 1, bits);
    const std::uint64_t first = one.decide(base::decision_kind::cut, 2, bits);
    (void)other.decide(base::decision_kind::delay, 2, bits);
    CHECK(other.decide(base::decision_kind::cut, 2, bits) == first);
    CHECK(one.decide(base::decision_kind::cut, 2, bits) != first);
}

}  // namespace
