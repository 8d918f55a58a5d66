// All tasks wait and nothing can wake one: run() and join() say so, with the tasks. And they stay silent where anything
// is left that may wake one, which each test of that kind lets happen long after all workers sleep.
#include "last_words.hpp"
#include "one_worker.hpp"
#include <bifilar/base/detail/sanitizer.hpp>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <optional>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <thread>

namespace bf = bifilar;
using Catch::Matchers::Contains;

namespace {

// Several times what a runtime waits before it looks.
constexpr std::chrono::milliseconds long_silence{80};

struct two_events {
    bf::event first;
    bf::event second;
};

bf::task<> coroutine_waits(bf::event& until, bf::event& then) {
    co_await until.wait();
    then.set();
}

void fiber_waits(bf::event& until, bf::event& then) {
    bf::await(until.wait());
    then.set();
}

// Each of two tasks waits for what the other would do then.
bf::join_handle<void> wait_for_each_other(bf::runtime& rt, bf::backend on, two_events& events) {
    bf::spawn_options named;
    named.on = on;
    named.name = "egg";
    if (on == bf::backend::stackless) {
        rt.spawn(named, coroutine_waits, std::ref(events.first), std::ref(events.second)).detach();
        named.name = "hen";
        return rt.spawn(named, coroutine_waits, std::ref(events.second), std::ref(events.first));
    }
    rt.spawn(named, fiber_waits, std::ref(events.first), std::ref(events.second)).detach();
    named.name = "hen";
    return rt.spawn(named, fiber_waits, std::ref(events.second), std::ref(events.first));
}

// In a child, whose threads are known. What the exception says is its last word.
tests::last_words deadlock_of(const bf::runtime_options& options, bf::backend on, bool by_run) {
    return tests::dies([&] {
        two_events events;
        std::optional<bf::join_handle<void>> hen;  // Outlives the tasks, one of which waits for it.
        bf::runtime rt{options};
        try {
            hen = wait_for_each_other(rt, on, events);
            if (by_run)
                rt.run([&hen] { bf::await(*hen); });
            else
                hen->join();
            std::fputs("no deadlock", stderr);
        } catch (const bf::deadlock_error& error) {
            std::fputs(error.what(), stderr);
        }
    });
}

void check_deadlock(const bf::runtime_options& options) {
    if (!tests::children_have_threads) return;
    for (const bf::backend on : tests::both_backends)
        for (const bool by_run : {true, false}) {
            INFO((on == bf::backend::stackless ? "stackless" : "stackful") << (by_run ? ", run" : ", join"));
            const tests::last_words last = deadlock_of(options, on, by_run);
            CHECK(last.signal == 0);
            CHECK_THAT(last.text, Contains("all tasks wait, and nothing is left that could wake one; they are " +
                                           std::to_string(by_run ? 3 : 2)));
            CHECK_THAT(last.text, Contains("task egg (") && Contains("task hen (") && Contains("deadlock_test.cpp") &&
                                      Contains("bifilar::event"));
        }
}

}  // namespace

TEST_CASE("a deadlock of all tasks is told by run and join") {
    for (const unsigned workers : {1u, 2u}) check_deadlock(both::small_runtime(workers));
}

TEST_CASE("a deadlock of all tasks is told while a thread looks for stalls") {
    bf::runtime_options options = both::small_runtime(2);
    options.stall_limit = std::chrono::milliseconds{5};
    check_deadlock(options);
}

TEST_CASE("a deadlock of all tasks is told on the calling thread") {
    bf::runtime_options options;
    options.on_calling_thread = true;
    check_deadlock(options);
}

TEST_CASE("a task that waits for a mutex which it holds is a deadlock, and its runtime ends") {
    if (!tests::children_have_threads) return;
    const tests::last_words last = tests::dies([] {
        try {
            bf::run([] {
                bf::mutex once;
                const auto held = bf::await(once.lock());
                const auto again = bf::await(once.lock());
            });
        } catch (const bf::deadlock_error& error) {
            std::fprintf(stderr, "%zu: %s", error.tasks().size(), error.what());
        }
    });
    CHECK(last.signal == 0);
    CHECK_THAT(last.text, Contains("1: all tasks wait") && Contains("mutex"));
}

TEST_CASE("a deadlock is told when time is simulated") {
    for (const auto how : {bf::simulated_clock::mode::automatic, bf::simulated_clock::mode::manual}) {
        bf::simulated_clock clock{how};
        bf::runtime_options options = both::small_runtime(2);
        options.clock = &clock;
        check_deadlock(options);
    }
}

// Once it has waited in vain for what others might have done, it looks again.
TEST_CASE("a deadlock is told when the last thread has ended that could have woken a task") {
    if (!tests::children_have_threads) return;
    for (const bool pool : {false, true}) {
        INFO((pool ? "a blocking call that nobody waits for" : "a thread"));
        const tests::last_words last = tests::dies([pool] {
            two_events events;
            std::thread outside;
            std::optional<bf::join_handle<void>> hen;
            bf::runtime rt{both::small_runtime(2)};
            const auto idle = [] { std::this_thread::sleep_for(long_silence); };
            if (pool)
                rt.run([&idle] { bf::spawn_blocking(idle).detach(); });
            else
                outside = std::thread{idle};
            try {
                hen = wait_for_each_other(rt, bf::backend::stackful, events);
                hen->join();
            } catch (const bf::deadlock_error& error) {
                std::fputs(error.what(), stderr);
            }
            if (outside.joinable()) outside.join();
        });
        CHECK(last.signal == 0);
        CHECK_THAT(last.text, Contains("they are 2") && Contains("task hen ("));
    }
}

TEST_CASE("another thread may wait for a handle whose join has ended by a deadlock") {
    if (!tests::children_have_threads) return;
    const tests::last_words last = tests::dies([] {
        two_events events;
        std::optional<bf::join_handle<void>> hen;
        bf::runtime rt{both::small_runtime(1)};
        hen = wait_for_each_other(rt, bf::backend::stackless, events);
        CHECK_THROWS_AS(hen->join(), bf::deadlock_error);
        std::thread other{[&] {
            events.first.set();
            hen->join();
            std::fputs("joined", stderr);
        }};
        other.join();
    });
    CHECK(last.signal == 0);
    CHECK_THAT(last.text, Contains("joined"));
}

TEST_CASE("a thread that wakes a task later is not forgotten") {
    for (const unsigned workers : {1u, 2u}) {
        two_events events;
        bf::runtime rt{both::small_runtime(workers)};
        auto hen = wait_for_each_other(rt, bf::backend::stackless, events);
        std::thread outside{[&events] {
            std::this_thread::sleep_for(long_silence);
            events.first.set();
        }};
        CHECK_NOTHROW(hen.join());
        outside.join();
    }
}

TEST_CASE("a timer is waited for") {
    for (const unsigned workers : {1u, 2u}) {
        bf::runtime rt{both::small_runtime(workers)};
        CHECK_NOTHROW(rt.run([] { bf::await(bf::sleep_for(long_silence)); }));
    }
}

TEST_CASE("a blocking call is waited for") {
    bf::runtime rt{both::small_runtime(2)};
    CHECK_NOTHROW(rt.run([] { bf::await(bf::spawn_blocking([] { std::this_thread::sleep_for(long_silence); })); }));
}

TEST_CASE("an event of the kernel is waited for") {
    for (const unsigned workers : {1u, 2u}) {
        bf::runtime rt{both::small_runtime(workers)};
        bf::owned_descriptor timer{::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)};
        itimerspec once{};
        once.it_value.tv_nsec = std::chrono::nanoseconds{long_silence}.count();
        REQUIRE(::timerfd_settime(timer.get(), 0, &once, nullptr) == 0);
        CHECK_NOTHROW(rt.run([&timer] {
            auto watched = bf::watched_descriptor::adopt(std::move(timer)).value();
            (void)bf::await(watched.readable());
        }));
    }
}

#if !defined(BIFILAR_TSAN)  // It holds signals back from a thread that waits in a system call which it does not know.
TEST_CASE("a signal is waited for") {
    bf::runtime rt{both::small_runtime(2)};
    CHECK_NOTHROW(rt.run([] {
        bf::signal_set alarms{SIGALRM};
        // From the first wait on the signal does not end the process.
        (void)bf::await(bf::timeout(alarms.next(), std::chrono::milliseconds{1}));
        itimerval once{};
        once.it_value.tv_usec = std::chrono::microseconds{long_silence}.count();
        ::setitimer(ITIMER_REAL, &once, nullptr);
        (void)bf::await(alarms.next());
    }));
}
#endif

TEST_CASE("a_thread_that_works_for_another_runtime_while_it_joins_may_wake_tasks") {
    bf::channel<int> values{1};
    bf::runtime_options lent = both::small_runtime(1);
    lent.on_calling_thread = true;
    bf::runtime here{lent};
    bf::runtime there{both::small_runtime(1)};
    auto waits = there.spawn([&values]() -> bf::task<int> {
        const auto got = co_await values.recv();
        co_return *got;
    });
    auto sends = here.spawn([&values]() -> bf::task<> {
        co_await bf::sleep_for(long_silence);
        (void)co_await values.send(7);
    });
    CHECK(waits.join() == 7);
    sends.join();
}

TEST_CASE("a_timer_of_the_thread_that_joins_may_wake_tasks") {
    bf::runtime rt{both::small_runtime(1)};
    auto sleep = bf::sleep_for(long_silence);
    {
        auto turn = bf::yield_now();               // Not ready at first, so both are asked.
        (void)bf::await(bf::select(sleep, turn));  // From here on it is in this thread's timers.
    }
    auto waits = rt.spawn(bf::backend::stackful, [&sleep] { bf::await(sleep); });
    CHECK_NOTHROW(waits.join());
}
