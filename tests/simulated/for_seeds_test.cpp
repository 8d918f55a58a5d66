// How failures of every kind are told, and what a plan says.
#include <catch.hpp>

#include "busy_body.hpp"
#include "environment.hpp"
#include "last_words.hpp"
#include <bifilar/simulation/for_seeds.hpp>

#include <csignal>
#include <cstdio>
#include <functional>
#include <optional>
#include <thread>
#include <unistd.h>

namespace {

using namespace tests;
using Catch::Contains;
namespace simulation = bf::simulation;

template <class Body>
simulation::seed_failed failure_of(Body body, simulation::options how = {}) {
    how.max_shrink_runs = std::min(how.max_shrink_runs, 50U);
    try {
        (void)simulation::for_seeds(20, body, how);
    } catch (const simulation::seed_failed& found) {
        return found;
    }
    FAIL("nothing failed");
    std::abort();
}

TEST_CASE("seeds_that_succeed_are_counted") {
    for (const unsigned processes : {0U, 1U, 3U}) {
        simulation::options how;
        how.processes = processes;
        const auto done = simulation::for_seeds(10, busy_body, how);
        CHECK(done.seeds == 10);
        CHECK(done.turns > 100);
        CHECK(done.decisions > 100);
        CHECK(done.time > 5ms);
    }
}

TEST_CASE("an_exception_is_told_with_its_seed") {
    const auto body = []() -> bf::task<void> {
        co_await bf::yield_now();
        throw std::out_of_range{"beyond"};
    };
    for (const unsigned processes : {0U, 1U}) {
        simulation::options how;
        how.first_seed = 7;
        how.processes = processes;
        const auto found = failure_of(body, how);
        CHECK(found.seed() == 7);
        CHECK(found.failure() == "std::out_of_range: beyond");
        CHECK(found.plan().empty());
        CHECK_THAT(found.what(), Contains("BIFILAR_SEED=7"));
    }
}

TEST_CASE("an_exception_of_a_detached_task_is_a_failure") {
    const auto body = []() -> bf::task<void> {
        const auto lost = []() -> bf::task<void> {
            co_await bf::yield_now();
            throw std::runtime_error{"of nobody"};
        };
        bf::spawn(lost).detach();
        co_await bf::sleep_for(1s);
    };
    CHECK(failure_of(body).failure() == "std::runtime_error: of nobody");
}

TEST_CASE("a_deadlock_is_told_with_its_tasks") {
    const auto body = []() -> bf::task<void> {
        bf::event never;
        co_await never.wait();
    };
    const auto one = simulation::simulate(1, body);
    REQUIRE(one.failed());
    CHECK_THROWS_AS(std::rethrow_exception(one.error), bf::deadlock_error);
    CHECK_THAT(failure_of(body).failure(), Contains("deadlock_error"));
}

TEST_CASE("a_run_without_an_end_is_told") {
    const auto body = []() -> bf::task<void> {
        for (;;) co_await bf::yield_now();
    };
    simulation::options how;
    how.max_turns = 1'000;
    CHECK_THAT(failure_of(body, how).failure(), Contains("does not end"));
}

TEST_CASE("a_crash_is_told") {
    const auto body = []() -> bf::task<void> {
        co_await bf::yield_now();
        (void)::raise(SIGKILL);
    };
    CHECK_THAT(failure_of(body).failure(), Contains("Killed"));
}

TEST_CASE("a_hang_in_real_time_is_told") {
    const auto body = []() -> bf::task<void> {
        co_await bf::yield_now();
        for (;;) ::pause();
    };
    simulation::options how;
    how.patience = std::chrono::seconds{1};
    how.max_shrink_runs = 0;
    CHECK_THAT(failure_of(body, how).failure(), Contains("hangs"));
}

// Also where the lowest free descriptor is 0.
TEST_CASE("what_a_failing_seed_prints_is_not_printed_by_its_repeats") {
    if constexpr (!children_have_threads) return;
    const last_words last = dies([] {
        ::close(STDIN_FILENO);
        const auto body = []() -> bf::task<void> {
            std::fputs("once; ", stderr);
            throw std::runtime_error{"always"};
            co_return;
        };
        try {
            (void)simulation::for_seeds(1, body);
        } catch (const simulation::seed_failed&) {
            std::fputs("it failed", stderr);
        }
    });
    CHECK(last.text == "once; it failed");
}

TEST_CASE("the_seed_of_the_environment_runs_alone_and_here") {
    const environment_variable given{"BIFILAR_SEED", "5"};
    int runs = 0;
    const auto body = [&]() -> bf::task<void> {
        ++runs;
        co_return;
    };
    CHECK(simulation::for_seeds(100, body).seeds == 1);
    CHECK(runs == 1);
    const environment_variable wrong{"BIFILAR_SEED", "five"};
    CHECK_THROWS_AS(simulation::for_seeds(100, body), std::invalid_argument);
}

TEST_CASE("a_plan_has_words_and_a_code") {
    const std::string code = "preempt.4097.2=1 next.0.0=1 cut.1.1=1 fault.0.3=24 delay.16.0=5000000 order.4096.0=3";
    const auto plan = simulation::plan::parse(code);
    CHECK(plan.size() == 6);
    CHECK(plan.code() == code);
    CHECK(plan.words() ==
          "worker 1 is preempted at its 3rd turn, for the 1st that can run\n"
          "the 1st time that there is a choice, the 2nd thread that can run goes on\n"
          "the 2nd recv is cut to 1 byte\n"
          "the 4th accept fails with EMFILE\n"
          "the 1st write that waited ends 5 ms late\n"
          "worker 0 looks first at another worker's tasks at its 1st turn\n");
    for (const char* const wrong : {"cut", "cut.1", "cut.1.1", "cut.1.1=", "cat.1.1=1", "cut.1.1=1x", "cut.99999.1=1"})
        CHECK_THROWS_AS(simulation::plan::parse(wrong), std::invalid_argument);
}

TEST_CASE("a_plan_counts_in_words_as_people_do") {
    const auto ending = [](int number) {
        const std::string words = simulation::plan::parse("swap.0." + std::to_string(number - 1) + "=1").words();
        const std::string place = std::to_string(number);
        return words.substr(words.find(place) + place.size(), 2);
    };
    for (const int number : {1, 21, 101}) CHECK(ending(number) == "st");
    for (const int number : {2, 22, 102}) CHECK(ending(number) == "nd");
    for (const int number : {3, 23, 103}) CHECK(ending(number) == "rd");
    for (const int number : {4, 10, 11, 12, 13, 14, 20, 111, 112, 113}) CHECK(ending(number) == "th");
}

TEST_CASE("planned_failures_come") {
    simulation::options how;
    how.kernel = simulation::weather::calm;
    how.prepare = [](bf::simulated_kernel& kernel) { kernel.fail(bf::op_kind::read, EIO); };
    const auto one = simulation::simulate(1, busy_body, how);
    CHECK(one.failure == "std::runtime_error: a pipe failed");
    CHECK(one.kernel.faults == 1);
}

// --- what cannot be controlled is refused ---

TEST_CASE("a_simulation_inside_of_another_is_refused") {
    const auto body = []() -> bf::task<void> {
        (void)simulation::simulate(1, busy_body);
        co_return;
    };
    CHECK_THAT(simulation::simulate(1, body).failure, Contains("std::logic_error: a simulation inside of another"));
}

TEST_CASE("a_simulation_inside_of_a_task_is_refused") {
    CHECK_THROWS_AS(bf::run([]() -> bf::task<void> {
                        (void)simulation::simulate(1, busy_body);
                        co_return;
                    }),
                    std::logic_error);
}

TEST_CASE("another_runtime_in_a_simulation_is_refused") {
    const auto body = []() -> bf::task<void> {
        bf::runtime_options other;
        other.driver = bf::driver_kind::epoll;
        const bf::runtime made{other};
        co_return;
    };
    CHECK_THAT(simulation::simulate(1, body).failure, Contains("std::logic_error: a runtime in a simulation"));
    const auto simulated = []() -> bf::task<void> {
        bf::simulated_clock clock;
        bf::simulated_kernel kernel;
        bf::runtime_options other;
        other.driver = bf::driver_kind::simulated;
        other.simulation = &kernel;
        other.clock = &clock;
        const bf::runtime made{other};
        co_return;
    };
    CHECK_THAT(simulation::simulate(1, simulated).failure, Contains("a simulation has one runtime"));
}

TEST_CASE("a_simulation_on_another_thread_is_of_no_concern") {
    const auto body = []() -> bf::task<void> {
        std::thread{[] { must(!simulation::simulate(1, busy_body).failed(), "the other one fails"); }}.join();
        co_return;
    };
    CHECK(simulation::simulate(1, body).failure == "");
}

TEST_CASE("a_spawn_by_a_foreign_thread_is_refused") {
    std::string refused;
    const auto spawn_from_outside = [&](bf::runtime& machine) {
        std::thread{[&] {
            try {
                machine.spawn([]() -> bf::task<void> { co_return; }).join();
            } catch (const std::logic_error& error) {
                refused = error.what();
            }
        }}.join();
    };
    CHECK(bf::detail::simulate(1, {}, spawn_from_outside).failure == "");
    CHECK_THAT(refused, Contains("a thread that is none of it"));
}

TEST_CASE("a_wake_by_a_foreign_thread_aborts_with_a_remedy") {
    if (!children_have_threads) return;
    const auto body = []() -> bf::task<void> {
        bf::event told;
        const auto waits = [](bf::event& of) -> bf::task<void> { co_await of.wait(); };
        auto waiting = bf::spawn(waits, std::ref(told));
        for (int n = 0; n != 4; ++n) co_await bf::yield_now();
        std::thread{[&told] { told.set(); }}.join();
        co_await waiting;
    };
    simulation::options how;
    how.workers = 1;
    how.plan.emplace();
    check_aborts("a thread that is none of a simulation has woken one of its tasks; give its work to spawn_blocking",
                 [&] { (void)simulation::simulate(1, body, how); });
}

}  // namespace
