// Signals as values: several sets, storms, cancelling, restored dispositions. Both drivers.
#include "both/in_each_model.hpp"
#include "descriptors.hpp"
#include "last_words.hpp"
#include <bifilar/io/process/signal_set.hpp>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <pthread.h>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace bf = bifilar;
using namespace std::chrono_literals;

namespace {

auto disposition(int number) {
    struct sigaction now{};
    ::sigaction(number, nullptr, &now);
    return now.sa_handler;
}

}  // namespace

TEST_CASE("a_signal_is_a_value_in_each_model") {
    both::in_each_model([](both::model m, bf::runtime& rt) {
        bf::signal_set set{SIGUSR1, SIGUSR2};
        ::raise(SIGUSR2);
        CHECK(both::await_in(m, rt, [&set] { return set.next(); }).value() == SIGUSR2);
        std::thread sender{[] { ::raise(SIGUSR1); }};
        CHECK(both::await_in(m, rt, [&set] { return set.next(); }).value() == SIGUSR1);
        sender.join();
        CHECK(set.try_next() == std::nullopt);
    });
}

TEST_CASE("each_set_gets_each_of_its_signals") {
    bf::runtime rt{both::small_runtime()};
    rt.run([]() -> bf::task<> {
        bf::signal_set one{SIGUSR1};
        bf::signal_set two{SIGUSR1, SIGHUP};
        bf::signal_set other{SIGWINCH};
        ::raise(SIGUSR1);
        ::raise(SIGHUP);
        const auto first = co_await one.next();
        CHECK(first.value() == SIGUSR1);
        CHECK(one.try_next() == std::nullopt);
        std::set<int> both;
        for (int n = 0; n < 2; ++n) {
            const auto next = co_await two.next();
            both.insert(next.value());
        }
        CHECK(both == std::set<int>{SIGUSR1, SIGHUP});
        CHECK(other.try_next() == std::nullopt);
    });
}

TEST_CASE("a_frequent_signal_does_not_hide_another") {
    bf::signal_set set{SIGHUP, SIGUSR1, SIGUSR2};
    std::vector<int> told;
    for (int n = 0; n < 3; ++n) {
        ::raise(SIGHUP);
        if (n == 0) ::raise(SIGUSR1);
        if (n == 0) ::raise(SIGUSR2);
        told.push_back(set.try_next().value());
    }
    CHECK(told == std::vector<int>{SIGHUP, SIGUSR1, SIGUSR2});
    CHECK(set.try_next() == SIGHUP);
}

TEST_CASE("a_storm_is_told_at_least_once_after_its_last_signal") {
    for (const bf::backend on : {bf::backend::stackless, bf::backend::stackful}) {
        bf::runtime rt{both::small_runtime()};
        bf::signal_set set{SIGUSR1};
        std::atomic<int> sent{0};
        constexpr int all = 20'000;
        struct body {
            static bf::task<int> receive(bf::signal_set& from, std::atomic<int>& sent) {
                int told = 0;
                for (;;) {
                    const auto next = co_await from.next();
                    if (next.value_or(0) != SIGUSR1) co_return 0;
                    ++told;
                    if (sent.load() == all) co_return told;
                }
            }
        };
        auto receiver = rt.spawn(on, body::receive, std::ref(set), std::ref(sent));
        std::thread sender{[&sent] {
            for (int n = 1; n <= all; ++n) {
                sent = n;
                ::raise(SIGUSR1);
            }
        }};
        const int told = std::move(receiver).join();
        CHECK(told >= 1);
        CHECK(told <= all);
        sender.join();
    }
}

TEST_CASE("sets_come_and_go_while_a_storm_reaches_several_threads") {
    bf::signal_set stays{SIGUSR1};
    std::atomic<bool> stop{false};
    std::vector<std::thread> senders;
    for (int n = 0; n < 2; ++n)
        senders.emplace_back([&stop] {
            while (!stop) ::raise(SIGUSR1);
        });
    const std::size_t before = tests::open_descriptors();
    for (int round = 0; round < 50; ++round) {
        std::vector<bf::signal_set> sets;
        for (int n = 0; n < 40; ++n) sets.emplace_back(SIGUSR1, SIGUSR2);  // More than one block of the table.
        CHECK(bf::block_on(sets.back().next()).value() == SIGUSR1);
    }
    CHECK(tests::open_descriptors() <= before + 44);  // One set is on its way with its driver, maybe.
    stop = true;
    for (std::thread& sender : senders) sender.join();
    CHECK(stays.try_next() == SIGUSR1);
}

TEST_CASE("cancelling_a_wait_for_a_signal_loses_nothing") {
    for (const bf::backend on : {bf::backend::stackless, bf::backend::stackful}) {
        bf::runtime rt{both::small_runtime()};
        rt.run(
            [](bf::backend model) -> bf::task<> {
                struct body {
                    static bf::task<int> wait(bf::signal_set& from) {
                        const auto next = co_await from.next();
                        co_return next.value();
                    }
                };
                bf::signal_set set{SIGUSR1};
                for (int round = 0; round < 200; ++round) {
                    auto waiter = bf::spawn(model, body::wait, std::ref(set));
                    if (round % 3 != 0) co_await bf::yield_now();
                    if (round % 2 == 0) ::raise(SIGUSR1);
                    waiter.cancel();
                    const auto outcome = co_await waiter.outcome();
                    if (round % 2 != 0) ::raise(SIGUSR1);
                    const bool told = outcome.has_value();
                    if (told) CHECK(*outcome == SIGUSR1);
                    if (!told) {
                        const auto next = co_await set.next();
                        CHECK(next.value() == SIGUSR1);
                    }
                    CHECK(set.try_next() == std::nullopt);
                }
            },
            on);
    }
}

TEST_CASE("a_second_wait_on_one_set_is_busy_and_a_wait_in_flight_may_be_destroyed") {
    bf::runtime rt{both::small_runtime(1)};
    rt.run([]() -> bf::task<> {
        bf::signal_set set{SIGUSR1};
        {
            auto waiting = set.next();
            auto turn = bf::yield_now();
            (void)co_await bf::select(waiting, turn);
            const auto second = co_await set.next();
            CHECK(second.error() == std::errc::device_or_resource_busy);
        }
        ::raise(SIGUSR1);
        const auto told = co_await set.next();
        CHECK(told.value() == SIGUSR1);
    });
}

TEST_CASE("the_disposition_of_before_is_restored_with_the_last_set") {
    const auto before = std::signal(SIGUSR1, SIG_IGN);
    {
        std::optional<bf::signal_set> one{std::in_place, SIGUSR1};
        CHECK(disposition(SIGUSR1) != SIG_IGN);
        bf::signal_set two{SIGUSR1};
        one.reset();
        CHECK(disposition(SIGUSR1) != SIG_IGN);
        ::raise(SIGUSR1);
        CHECK(two.try_next() == SIGUSR1);
        const bf::signal_set moved{std::move(two)};
        CHECK(disposition(SIGUSR1) != SIG_IGN);
    }
    CHECK(disposition(SIGUSR1) == SIG_IGN);
    {
        const bf::signal_set set{SIGUSR1};
        std::signal(SIGUSR1, SIG_DFL);  // Somebody else's choice.
    }
    CHECK(disposition(SIGUSR1) == SIG_DFL);
    std::signal(SIGUSR1, before);
}

TEST_CASE("what_cannot_be_waited_for_is_refused_with_its_number") {
    const auto before = disposition(SIGTERM);
    for (const int number : {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT})
        CHECK_THROWS_WITH((bf::signal_set{number}), Catch::Contains("signal " + std::to_string(number)));
    for (const int number : {0, -1, 32, 33, 65, 1000})
        CHECK_THROWS_WITH((bf::signal_set{number}), Catch::Contains(std::to_string(number) + " is no signal"));
    CHECK_THROWS_AS((bf::signal_set{SIGTERM, SIGKILL}), std::invalid_argument);
    CHECK_THROWS_AS(bf::signal_set{std::span<const int>{}}, std::invalid_argument);
    CHECK(disposition(SIGTERM) == before);
    bf::signal_set realtime{SIGRTMIN, SIGRTMAX};
    ::raise(SIGRTMAX);
    CHECK(realtime.try_next() == SIGRTMAX);
    const tests::no_descriptors_left limit;
    CHECK_THROWS_AS((bf::signal_set{SIGTERM}), std::system_error);
}

TEST_CASE("a_moved_from_set_aborts") {
    tests::check_aborts("a signal_set was used after it was moved from", [] {
        bf::signal_set set{SIGUSR1};
        const bf::signal_set moved{std::move(set)};
        (void)set.try_next();
    });
}

// The child's signals are its own, and what a signal does there is what it did before the parent listened.
TEST_CASE("a_forked_child_has_the_dispositions_of_before_and_its_parent_hears_nothing") {
    bf::signal_set set{SIGUSR1};
    const auto last = tests::dies([] { ::raise(SIGUSR1); });
    CHECK(last.signal == SIGUSR1);
    CHECK_FALSE(bf::block_on(bf::timeout(set.next(), 1ms)).has_value());
    ::raise(SIGUSR1);
    CHECK(bf::block_on(set.next()).value() == SIGUSR1);
}

// In a child, because its handlers stay for good.
TEST_CASE("ctrl_c_stays_ready_for_all_waits_and_goes_with_a_set_for_the_same_signal") {
    if (!tests::children_have_threads) return;
    const auto last = tests::dies([] {
        if (bf::block_on(bf::timeout(bf::ctrl_c(), 1ms))) std::abort();
        bf::signal_set set{SIGTERM};
        ::raise(SIGTERM);
        bf::block_on(bf::ctrl_c()).value();
        bf::block_on(bf::ctrl_c()).value();
        if (set.try_next() != SIGTERM) std::abort();
        {
            const bf::signal_set gone{std::move(set)};
        }
        ::raise(SIGTERM);  // Has no effect more: ctrl_c goes on.
        bf::block_on(bf::ctrl_c()).value();
    });
    CHECK(last.signal == 0);
}

// ctrl_c was ready, as if a signal had come.
TEST_CASE("where_a_wait_for_ctrl_c_fails_its_error_is_told_and_a_server_reports_it") {
    if (!tests::children_have_threads) return;
    for (const both::model m : {both::model::coroutine, both::model::fiber}) {
        const auto last = tests::dies([m] {
            bf::simulated_kernel kernel;
            bf::runtime_options options = both::small_runtime(1);
            options.driver = bf::driver_kind::simulated;
            options.simulation = &kernel;
            bf::runtime rt{options};
            kernel.fail(bf::op_kind::poll_in, ENOSPC);
            const auto failed = both::await_in(m, rt, [] { return bf::ctrl_c(); });
            if (failed || failed.error() != std::errc::no_space_on_device) std::abort();
            kernel.fail(bf::op_kind::poll_in, ENOMEM);
            const auto handler = [](bf::tcp_stream) -> bf::task<> { co_return; };
            const bf::serve_report report = both::await_in(m, rt, [&handler] {
                return bf::serve(bf::tcp_listener::bind("127.0.0.1:0").value(), {}, handler, bf::ctrl_c());
            });
            if (report.error != std::errc::not_enough_memory) std::abort();
        });
        CHECK(last.signal == 0);
    }
}
