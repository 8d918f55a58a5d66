// Threads of which one runs at a time, in an order that a seed or a plan decides.
#include <catch.hpp>

#include <bifilar/base/detail/baton.hpp>
#include <bifilar/base/detail/thread_condition.hpp>
#include <bifilar/base/detail/thread_gate.hpp>

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
