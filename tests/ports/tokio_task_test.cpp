// What Tokio promises of tasks and groups of them: the tests of tokio/tests/task_*.rs, join_handle_*.rs and of the
// macros join and select.
#include "port.hpp"

#include <atomic>
#include <stdexcept>
#include <vector>

using namespace ports;

namespace {

task_of<int> give(int value) {
    AWAIT(bf::yield_now());
    RETURN value;
}
task_of<int> fail_with(const char* why) {
    AWAIT(bf::yield_now());
    throw std::runtime_error{why};
    RETURN 0;
}
// Counts its own end.
class guard {
public:
    explicit guard(std::atomic<int>& ended) noexcept : ended_{&ended} {}
    guard(guard&& other) noexcept : ended_{std::exchange(other.ended_, nullptr)} {}
    guard& operator=(guard&&) = delete;
    ~guard() {
        if (ended_ != nullptr) ++*ended_;
    }

private:
    std::atomic<int>* ended_;
};

}  // namespace

PORT("Tokio task_abort test_abort_without_panic_3157: a task that sleeps is cancelled, and its join says so") {
    auto task = go([]() -> task_of<> {
        AWAIT(bf::sleep_for(100s));
        RETURN;
    });
    AWAIT(all_wait());
    task.cancel();
    const auto outcome = AWAIT(std::move(task).outcome());
    CHECK((!outcome.has_value() && outcome.error().is_cancelled()));
    RETURN;
}

PORT("Tokio task_abort test_abort_without_panic_3662: what a cancelled task holds is dropped before its join ends") {
    std::atomic<int> ended{0};
    auto task = go(
        []([[maybe_unused]] guard held) -> task_of<> {
            AWAIT(bf::pending<void>());
            RETURN;
        },
        guard{ended});
    AWAIT(all_wait());
    task.cancel();
    const auto outcome = AWAIT(std::move(task).outcome());
    CHECK_FALSE(outcome.has_value());
    CHECK(ended == 1);
    RETURN;
}

PORT("Tokio task_abort: a task that was cancelled before it began drops its arguments") {
    std::atomic<int> ended{0};
    auto task = go(
        []([[maybe_unused]] guard held) -> task_of<> {
            AWAIT(bf::pending<void>());
            RETURN;
        },
        guard{ended});
    task.cancel();
    const auto outcome = AWAIT(std::move(task).outcome());
    CHECK_FALSE(outcome.has_value());
    CHECK(ended == 1);
    RETURN;
}

PORT("Tokio task_abort test_abort_task_that_panics: an exception before the cancel is its end") {
    auto task = go([]() -> task_of<> {
        AWAIT(bf::yield_now());
        throw std::runtime_error{"failed"};
        RETURN;
    });
    AWAIT(all_wait());
    task.cancel();
    const auto outcome = AWAIT(std::move(task).outcome());
    CHECK((!outcome.has_value() && outcome.error().exception() != nullptr));
    RETURN;
}

PORT("Tokio join_handle_panic test_panics_do_not_propagate_when_dropping_join_handle's other half: a join rethrows") {
    auto task = go(fail_with, "told");
    bool told = false;
    try {
        (void)AWAIT(task);
    } catch (const std::runtime_error& error) {
        told = std::string_view{error.what()} == "told";
    }
    CHECK(told);
    RETURN;
}

PORT("Tokio task_join_set test_with_sleep: all members come out, in the order in which they end") {
    bf::future_set<bf::join_handle<int>> set;
    for (int n = 0; n < 10; ++n)
        (void)set.add(go(
            [](int slot) -> task_of<int> {
                AWAIT(bf::sleep_for((10 - slot) * 1s));
                RETURN slot;
            },
            n));
    CHECK(set.size() == 10);
    int expected = 9;
    for (;;) {
        auto next = AWAIT(set.next());
        if (!next) break;
        CHECK(next->value() == expected);
        --expected;
    }
    CHECK(expected == -1);
    CHECK(set.empty());
    RETURN;
}

PORT("Tokio task_join_set try_join_next on an empty set: there is no next") {
    bf::future_set<bf::join_handle<int>> set;
    const auto next = AWAIT(set.next());
    CHECK_FALSE(next.has_value());
    RETURN;
}

PORT("Tokio task_join_set abort_tasks: those that are given up end, the others give their values") {
    bf::future_set<bf::outcome_future<int>> set;
    std::vector<bf::join_handle<int>> handles;
    for (int n = 0; n < 16; ++n)
        handles.push_back(go(
            [](int slot) -> task_of<int> {
                if (slot % 2 != 0) AWAIT(bf::pending<void>());
                AWAIT(bf::yield_now());
                RETURN slot;
            },
            n));
    for (std::size_t n = 0; n < handles.size(); ++n) {
        if (n % 2 != 0) handles[n].cancel();
        (void)set.add(std::move(handles[n]).outcome());
    }
    int values = 0;
    int cancelled = 0;
    for (;;) {
        auto next = AWAIT(set.next());
        if (!next) break;
        if (next->value())
            ++values;
        else if (next->value().error().is_cancelled())
            ++cancelled;
    }
    CHECK(values == 8);
    CHECK(cancelled == 8);
    RETURN;
}

PORT("Tokio task_join_set shutdown: cancelling all brings every member to its end") {
    std::atomic<int> ended{0};
    bf::future_set<bf::join_handle<void>> set;
    for (int n = 0; n < 5; ++n)
        (void)set.add(go(
            []([[maybe_unused]] guard held) -> task_of<> {
                AWAIT(bf::pending<void>());
                RETURN;
            },
            guard{ended}));
    std::vector<bf::join_handle<void>> others;
    auto body = [&ended](bf::task_scope& scope) -> bf::task<> {
        for (int n = 0; n < 5; ++n)
            scope.spawn(
                ports::on,
                []([[maybe_unused]] guard held) -> task_of<> {
                    AWAIT(bf::pending<void>());
                    RETURN;
                },
                guard{ended});
        co_await bf::yield_now();
        scope.cancel();
    };
    AWAIT(bf::with_scope(body));
    CHECK(ended >= 5);
    AWAIT(set.cancel_all());
    RETURN;
}

PORT("Tokio join macro: all are awaited together, and all values come out") {
    const auto before = bf::now();
    const auto values = AWAIT(
        bf::join_all(bf::map(bf::sleep_for(10ms), [] { return 1; }), bf::map(bf::sleep_for(20ms), [] { return 2; })));
    CHECK(std::get<0>(values) == 1);
    CHECK(std::get<1>(values) == 2);
    CHECK(bf::now() - before < 30ms);
    RETURN;
}

PORT("Tokio try_join macro: the first error ends the join, the others are brought to rest") {
    bool told = false;
    std::atomic<int> ended{0};
    auto fails = []() -> bf::task<int> {
        co_await bf::yield_now();
        throw std::runtime_error{"first"};
    };
    auto waits = []([[maybe_unused]] guard held) -> bf::task<> { co_await bf::pending<void>(); };
    try {
        (void)AWAIT(bf::join_all(fails(), waits(guard{ended})));
    } catch (const std::runtime_error& error) {
        told = std::string_view{error.what()} == "first";
    }
    CHECK(told);
    CHECK(ended == 1);
    RETURN;
}

PORT("Tokio select macro sync_one_lit_expr, never: the arm that is ready wins over one that never is") {
    const auto first = AWAIT(bf::race(bf::pending<int>(), bf::ready(3)));
    CHECK(first.index() == 1);
    RETURN;
}

PORT("Tokio select macro drop_in_fut: the losing arms are ended before the answer") {
    std::atomic<int> ended{0};
    auto slow = []([[maybe_unused]] guard held) -> bf::task<> { co_await bf::pending<void>(); };
    const auto first = AWAIT(bf::race(slow(guard{ended}), bf::ready(1)));
    CHECK(first.index() == 1);
    CHECK(ended == 1);
    RETURN;
}

PORT("Tokio select macro use_future_in_if_condition, disabled branches: an arm whose condition is false is no arm") {
    const auto first = AWAIT(bf::race(bf::when(false, bf::ready(1)), bf::when(true, bf::ready(2))));
    CHECK(first.index() == 1);
    RETURN;
}

PORT("Tokio select macro many_branches: twelve arms, one of them ready") {
    const auto first = AWAIT(bf::race(bf::pending<int>(), bf::pending<int>(), bf::pending<int>(), bf::pending<int>(),
                                      bf::pending<int>(), bf::pending<int>(), bf::pending<int>(), bf::ready(7),
                                      bf::pending<int>(), bf::pending<int>(), bf::pending<int>(), bf::pending<int>()));
    CHECK(first.index() == 7);
    RETURN;
}

PORT("Tokio rt_common spawn_many, outstanding_tasks: a thousand tasks all end") {
    // Its two sides are counted: a task may still be leaving send() when its value has come.
    auto [senders, receiver] = bf::make_channel<int>(1'000);
    for (int n = 0; n < 1'000; ++n) {
        bf::spawn(
            ports::on,
            [](bf::channel_sender<bf::channel<int>> to, int value) -> task_of<> {
                (void)AWAIT(to.send(value));
                RETURN;
            },
            senders, n)
            .detach();
    }
    long long sum = 0;
    for (int n = 0; n < 1'000; ++n) {
        const auto got = AWAIT(receiver.recv());
        sum += *got;
    }
    CHECK(sum == 499'500);
    RETURN;
}

PORT("Tokio rt_common spawn_from_blocking, spawn_blocking_from_blocking: blocking work gives its value to a task") {
    const int value = AWAIT(bf::spawn_blocking([] { return 7; }));
    CHECK(value == 7);
    RETURN;
}

PORT("Tokio rt_common wake_while_rt_is_dropping's sibling: a task that spawns while it is cancelled ends cleanly") {
    auto task = go([]() -> task_of<> {
        for (;;) {
            bf::spawn(ports::on, give, 1).detach();
            AWAIT(bf::sleep_for(1ms));
        }
        RETURN;
    });
    AWAIT(bf::sleep_for(5ms));
    task.cancel();
    const auto outcome = AWAIT(std::move(task).outcome());
    CHECK_FALSE(outcome.has_value());
    RETURN;
}

PORT("Tokio rt_common yield_now, coop: a task that never waits lets others run") {
    std::atomic<bool> seen{false};
    auto other = go(
        [](std::atomic<bool>& at) -> task_of<> {
            at = true;
            AWAIT(bf::yield_now());
            RETURN;
        },
        std::ref(seen));
    bf::channel<int> c{1};
    // Without a limit of rounds: a worker that took the other task may be off its processor for long.
    while (!seen) {
        (void)AWAIT(c.send(1));
        (void)AWAIT(c.recv());
    }
    AWAIT(other);
    RETURN;
}

PORT("Tokio task_local local: a value holds for its task and not for another") {
    static bf::task_local<int> number;
    auto one = go(
        [](int value) -> task_of<int> {
            number.set(value);
            AWAIT(bf::yield_now());
            RETURN* number.get();
        },
        1);
    auto two = go(
        [](int value) -> task_of<int> {
            number.set(value);
            AWAIT(bf::yield_now());
            RETURN* number.get();
        },
        2);
    const int first = AWAIT(one);
    const int second = AWAIT(two);
    CHECK(first == 1);
    CHECK(second == 2);
    RETURN;
}
