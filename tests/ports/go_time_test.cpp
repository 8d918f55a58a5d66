// What Go promises of timers, tickers, deadlines and contexts: the tests of its packages time and context.
#include "port.hpp"

#include <vector>

using namespace ports;

PORT("Go time TestSleep: a sleep is never shorter than asked for") {
    for (const auto delay : {1ms, 100ms, 5'000ms}) {
        const auto before = bf::now();
        AWAIT(bf::sleep_for(delay));
        CHECK(bf::now() - before >= delay);
    }
    RETURN;
}

PORT("Go time TestSleep: a sleep of nothing or less ends at once") {
    const auto before = bf::now();
    AWAIT(bf::sleep_for(0s));
    AWAIT(bf::sleep_for(-1h));
    CHECK(bf::now() == before);
    RETURN;
}

PORT("Go time TestAfter: the arm of a select that waits for time comes at its time, not before") {
    bf::channel<int> never{0};
    const auto before = bf::now();
    const auto first = AWAIT(bf::race(bf::sleep_for(100ms), never.recv()));
    CHECK(first.index() == 0);
    CHECK(bf::now() - before >= 100ms);
    RETURN;
}

PORT("Go time TestAfterTick: ten ticks of a period take ten periods") {
    const auto before = bf::now();
    bf::interval ticks{100ms};
    AWAIT(ticks.tick());  // The first is due at once here.
    for (int n = 0; n < 10; ++n) AWAIT(ticks.tick());
    const auto passed = bf::now() - before;
    CHECK(passed >= 1s);
    CHECK(passed < 1'100ms);
    RETURN;
}

PORT("Go time TestAfterQueuing: timers that were made in another order end in the order of their times") {
    bf::channel<int> ended{16};
    std::vector<bf::join_handle<void>> all;
    for (const int slot : {5, 3, 6, 6, 6, 1, 1, 2, 2, 7, 0, 0, 4}) {
        all.push_back(go(
            [](bf::channel<int>& to, int at) -> task_of<> {
                AWAIT(bf::sleep_for(at * 10ms));
                (void)AWAIT(to.send(at));
                RETURN;
            },
            std::ref(ended), slot));
    }
    for (auto& one : all) AWAIT(one);
    int last = 0;
    while (const auto got = ended.try_recv()) {
        CHECK(*got >= last);
        last = *got;
    }
    RETURN;
}

PORT("Go time TestTicker: ticks come at their period, and none is lost while the task is quick") {
    bf::interval ticks{20ms};
    auto due = AWAIT(ticks.tick());
    for (int n = 0; n < 50; ++n) {
        const auto next = AWAIT(ticks.tick());
        CHECK(next - due == 20ms);
        due = next;
    }
    RETURN;
}

PORT("Go time TestTicker: a slow receiver finds one tick, not all that it missed") {
    bf::interval ticks{20ms, bf::missed_tick::skip};
    AWAIT(ticks.tick());
    AWAIT(bf::sleep_for(105ms));
    AWAIT(ticks.tick());
    const auto before = bf::now();
    AWAIT(ticks.tick());
    CHECK(bf::now() > before);
    RETURN;
}

PORT("Go time TestTickerReset: after a reset the next tick is a full period away") {
    bf::interval ticks{100ms};
    AWAIT(ticks.tick());
    AWAIT(bf::sleep_for(90ms));
    ticks.reset();
    const auto before = bf::now();
    AWAIT(ticks.tick());
    CHECK(bf::now() - before >= 100ms);
    RETURN;
}

PORT("Go time TestNewTickerLtZeroDuration: a period of nothing or less is refused") {
    CHECK_THROWS_AS(bf::interval{0s}, std::invalid_argument);
    CHECK_THROWS_AS(bf::interval{-1s}, std::invalid_argument);
    AWAIT(bf::yield_now());
    RETURN;
}

PORT("Go time TestTimerStopStress: a thousand timers that are given up leave nothing that fires") {
    int fired = 0;
    for (int n = 0; n < 1'000; ++n) {
        bf::event never;
        const auto first = AWAIT(bf::race(bf::sleep_for(2s), bf::yield_now(), never.wait()));
        if (first.index() == 0) ++fired;
    }
    CHECK(fired == 0);
    AWAIT(bf::sleep_for(3s));
    RETURN;
}

PORT("Go time TestOverflowSleep: a sleep of the longest duration does not end at once") {
    const auto forever = AWAIT(bf::timeout(bf::sleep_for(std::chrono::nanoseconds::max()), 25ms));
    CHECK_FALSE(forever.has_value());
    const auto hours = AWAIT(bf::timeout(bf::sleep_for(std::chrono::hours::max()), 25ms));
    CHECK_FALSE(hours.has_value());
    const auto least = AWAIT(bf::timeout(bf::sleep_for(std::chrono::nanoseconds::min()), 25ms));
    CHECK(least.has_value());
    RETURN;
}

PORT("Go time TestIssue5745, TestSleepZeroDeadlock: many tasks that sleep for nothing do not stop each other") {
    std::vector<bf::join_handle<void>> all;
    for (int n = 0; n < 100; ++n)
        all.push_back(go([]() -> task_of<> {
            for (int round = 0; round < 20; ++round) {
                AWAIT(bf::sleep_for(0s));
                AWAIT(bf::yield_now());
            }
            RETURN;
        }));
    for (auto& one : all) AWAIT(one);
    RETURN;
}

PORT("Go time TestRapidStarts: timers that start and stop in rows of many tasks do not stop the clock") {
    std::vector<bf::join_handle<int>> all;
    for (int n = 0; n < 16; ++n)
        all.push_back(go([]() -> task_of<int> {
            int late = 0;
            for (int round = 0; round < 100; ++round) {
                const auto ended = AWAIT(bf::timeout(bf::yield_now(), 1h));
                late += ended.has_value() ? 0 : 1;
            }
            RETURN late;
        }));
    for (auto& one : all) {
        const int late = AWAIT(one);
        CHECK(late == 0);
    }
    RETURN;
}

PORT("Go time TestStopResult: a timer that has not fired can be given up, one that has fired is over") {
    auto pending = bf::sleep_for(1h);
    const auto first = AWAIT(bf::try_race(std::move(pending)));
    CHECK_FALSE(first.has_value());
    auto over = bf::sleep_for(0s);
    const auto second = AWAIT(bf::try_race(std::move(over)));
    CHECK(second.has_value());
    RETURN;
}

PORT("Go context TestDeadline: work behind its deadline ends, and says so") {
    const auto before = bf::now();
    const auto done = AWAIT(bf::deadline(bf::pending<int>(), bf::now() + 50ms));
    CHECK_FALSE(done.has_value());
    CHECK(bf::now() - before >= 50ms);
    RETURN;
}

PORT("Go context TestDeadline: a deadline in the past ends the work at once") {
    const auto before = bf::now();
    const auto done = AWAIT(bf::deadline(bf::pending<int>(), bf::now() - 1s));
    CHECK_FALSE(done.has_value());
    CHECK(bf::now() - before < 10ms);
    RETURN;
}

PORT("Go context TestTimeout: of nested limits the nearer one counts, whichever is outside") {
    const auto before = bf::now();
    const auto outer = AWAIT(bf::timeout(bf::timeout(bf::pending<int>(), 1h), 50ms));
    CHECK_FALSE(outer.has_value());
    const auto inner = AWAIT(bf::timeout(bf::timeout(bf::pending<int>(), 50ms), 1h));
    CHECK((inner.has_value() && !inner->has_value()));
    CHECK(bf::now() - before < 1s);
    RETURN;
}

PORT("Go context TestCanceledTimeout: work that ends in time is not cancelled by its limit") {
    const auto done = AWAIT(bf::timeout(bf::sleep_for(10ms), 1h));
    CHECK(done.has_value());
    RETURN;
}

PORT("Go context TestParentFinishesChild: cancelling the parent's scope ends the children, and theirs") {
    int ended = 0;
    auto parent = go(
        [](int& count) -> task_of<> {
            class counts {
            public:
                explicit counts(int& of) noexcept : of_{&of} {}
                counts(const counts&) = delete;
                counts& operator=(const counts&) = delete;
                ~counts() { ++*of_; }

            private:
                int* of_;
            };
            const counts own{count};
            AWAIT(bf::pending<void>());
            RETURN;
        },
        std::ref(ended));
    AWAIT(all_wait());
    parent.cancel();
    const auto outcome = AWAIT(std::move(parent).outcome());
    CHECK((!outcome.has_value() && outcome.error().is_cancelled()));
    CHECK(ended == 1);
    RETURN;
}

PORT("Go context TestWithCancel: cancelling twice, and after the end, does nothing") {
    auto task = go([]() -> task_of<> {
        AWAIT(bf::pending<void>());
        RETURN;
    });
    AWAIT(all_wait());
    task.cancel();
    task.cancel();
    AWAIT(all_wait());
    task.cancel();
    const auto outcome = AWAIT(std::move(task).outcome());
    CHECK((!outcome.has_value() && outcome.error().is_cancelled()));
    RETURN;
}

PORT("Go context TestChildFinishesFirst: a child that ends leaves its parent's deadline to the others") {
    const auto before = bf::now();
    auto make = []() -> bf::task<int> {
        auto quick = bf::spawn([]() -> bf::task<> { co_await bf::sleep_for(1ms); });
        co_await quick;
        co_await bf::pending<void>();
        co_return 1;
    };
    const auto done = AWAIT(bf::deadline(make, 50ms));
    CHECK_FALSE(done.has_value());
    CHECK(bf::now() - before >= 50ms);
    RETURN;
}

PORT("Go context TestDeadline: children inherit the deadline, and a nearer one of their own stays nearer") {
    const auto limit = bf::now() + 100ms;
    auto make = [&limit]() -> bf::task<bool> {
        auto child = bf::spawn(
            [](std::chrono::steady_clock::time_point at) -> bf::task<bool> {
                const bool inherited = bf::current_deadline() == at;
                auto nearer = []() -> bf::task<std::optional<std::chrono::steady_clock::time_point>> {
                    co_return bf::current_deadline();
                };
                const auto own = co_await bf::deadline(nearer, 10ms);
                co_return inherited&& own.has_value() && **own < at;
            },
            limit);
        const bool right = co_await child;
        co_return right;
    };
    const auto right = AWAIT(bf::deadline(make, limit));
    CHECK((right.has_value() && *right));
    RETURN;
}
