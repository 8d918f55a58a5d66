// What Boost.Fiber promises of its locks, fibers and futures: the programs in libs/fiber/test.
#include "port.hpp"

#include <stdexcept>
#include <string>
#include <vector>

using namespace ports;

namespace {

task_of<> lock_and_note(bf::mutex& of, std::vector<int>& into, int mine) {
    const auto held = AWAIT(of.lock());
    into.push_back(mine);
    RETURN;
}

}  // namespace

PORT("Boost.Fiber test_mutex test_exclusive: tasks that wait get the lock in the order in which they came") {
    bf::mutex m;
    std::vector<int> order;
    auto held = AWAIT(m.lock());
    std::vector<bf::join_handle<void>> all;
    for (int n = 0; n < 5; ++n) {
        all.push_back(go(lock_and_note, std::ref(m), std::ref(order), n));
        AWAIT(all_wait());
    }
    held = {};
    for (auto& one : all) AWAIT(one);
    CHECK(order == std::vector<int>{0, 1, 2, 3, 4});
    RETURN;
}

PORT("Boost.Fiber test_mutex do_test_timed_mutex: a lock with a limit gives up at its time and leaves no trace") {
    bf::mutex m;
    {
        const auto held = AWAIT(m.lock());
        const auto before = bf::now();
        const auto late = AWAIT(bf::timeout(m.lock(), 500ms));
        CHECK_FALSE(late.has_value());
        CHECK(bf::now() - before >= 500ms);
    }
    const auto free = AWAIT(bf::timeout(m.lock(), 0s));
    CHECK(free.has_value());
    RETURN;
}

PORT("Boost.Fiber test_condition test_one_waiter_notify_one, test_two_waiter_notify_one: one notice, one wait") {
    bf::mutex m;
    bf::condition changed;
    int awake = 0;
    std::vector<bf::join_handle<void>> all;
    for (int n = 0; n < 2; ++n)
        all.push_back(go(
            [](bf::mutex& lock, bf::condition& of, int& count) -> task_of<> {
                auto held = AWAIT(lock.lock());
                AWAIT(of.wait(held));
                ++count;
                RETURN;
            },
            std::ref(m), std::ref(changed), std::ref(awake)));
    AWAIT(all_wait());
    changed.notify_one();
    AWAIT(all_wait());
    CHECK(awake == 1);
    changed.notify_one();
    for (auto& one : all) AWAIT(one);
    CHECK(awake == 2);
    RETURN;
}

PORT(
    "Boost.Fiber test_condition test_condition_wait_is_a_interruption_point's sibling: a cancelled wait leaves the "
    "queue") {
    bf::mutex m;
    bf::condition changed;
    auto waits = go(
        [](bf::mutex& lock, bf::condition& of) -> task_of<> {
            auto held = AWAIT(lock.lock());
            AWAIT(of.wait(held));
            RETURN;
        },
        std::ref(m), std::ref(changed));
    AWAIT(all_wait());
    waits.cancel();
    const auto outcome = AWAIT(std::move(waits).outcome());
    CHECK_FALSE(outcome.has_value());
    CHECK(static_cast<bool>(m.try_lock()));
    RETURN;
}

PORT(
    "Boost.Fiber test_condition do_test_condition_wait_until: a wait with a limit ends at its time with the lock "
    "free") {
    bf::mutex m;
    bf::condition changed;
    auto held = AWAIT(m.lock());
    const auto before = bf::now();
    const auto told = AWAIT(bf::timeout(changed.wait(held), 100ms));
    CHECK_FALSE(told.has_value());
    CHECK(bf::now() - before >= 100ms);
    RETURN;
}

PORT("Boost.Fiber test_barrier test_barrier: all pass together, one of them is told to lead") {
    bf::barrier b{3};
    std::vector<bf::join_handle<bool>> all;
    for (int n = 0; n < 3; ++n)
        all.push_back(go(
            [](bf::barrier& at) -> task_of<bool> {
                const bool leads = AWAIT(at.arrive_and_wait());
                RETURN leads;
            },
            std::ref(b)));
    int leaders = 0;
    for (auto& one : all) leaders += AWAIT(one) ? 1 : 0;
    CHECK(leaders == 1);
    RETURN;
}

PORT("Boost.Fiber test_fiber test_move_fn, test_move_lambda: a callable that can only be moved is run once") {
    int runs = 0;
    auto owned = std::make_unique<int>(5);
    auto task = go([value = std::move(owned), &runs]() -> task_of<int> {
        AWAIT(bf::yield_now());
        ++runs;
        RETURN* value;
    });
    const int got = AWAIT(task);
    CHECK(got == 5);
    CHECK(runs == 1);
    RETURN;
}

PORT("Boost.Fiber test_fiber test_yield: two tasks that yield take turns and both end") {
    int one = 0;
    int two = 0;
    const auto count = [](int& into) -> task_of<> {
        for (int n = 0; n < 8; ++n) {
            ++into;
            AWAIT(bf::yield_now());
        }
        RETURN;
    };
    auto first = go(count, std::ref(one));
    auto second = go(count, std::ref(two));
    AWAIT(first);
    AWAIT(second);
    CHECK(one == 8);
    CHECK(two == 8);
    RETURN;
}

PORT("Boost.Fiber test_fiber test_sleep_for: a sleep is never shorter than asked for") {
    const auto before = bf::now();
    AWAIT(bf::sleep_for(50ms));
    CHECK(bf::now() - before >= 50ms);
    RETURN;
}

PORT("Boost.Fiber test_fiber test_detach: a task that was let go comes to its end") {
    bf::event ended;
    go(
        [](bf::event& at_end) -> task_of<> {
            AWAIT(bf::yield_now());
            at_end.set();
            RETURN;
        },
        std::ref(ended))
        .detach();
    AWAIT(ended.wait());
    RETURN;
}

PORT(
    "Boost.Fiber test_future test_future_get, test_future_exception: a result, or what was thrown, comes to who "
    "waits") {
    auto value = go([]() -> task_of<int> {
        AWAIT(bf::yield_now());
        RETURN 7;
    });
    const int got = AWAIT(value);
    CHECK(got == 7);
    auto error = go([]() -> task_of<int> {
        AWAIT(bf::yield_now());
        throw std::runtime_error{"told"};
        RETURN 0;
    });
    const auto outcome = AWAIT(std::move(error).outcome());
    CHECK((!outcome.has_value() && outcome.error().exception() != nullptr));
    RETURN;
}

PORT("Boost.Fiber test_promise test_broken_promise: a promise that ends without a value is told") {
    auto [sender, receiver] = bf::make_oneshot<int>();
    auto waits = go(
        [](auto from) -> task_of<bool> {
            const auto got = AWAIT(from.recv());
            RETURN got.has_value();
        },
        std::move(receiver));
    AWAIT(all_wait());
    { const auto ends = std::move(sender); }
    const bool got = AWAIT(waits);
    CHECK_FALSE(got);
    RETURN;
}

PORT("Boost.Fiber test_fss: values per fiber are apart, and end with it") {
    static bf::task_local<std::string> name;
    std::vector<bf::join_handle<std::string>> all;
    for (int n = 0; n < 5; ++n)
        all.push_back(go(
            [](int mine) -> task_of<std::string> {
                name.set(std::to_string(mine));
                AWAIT(bf::yield_now());
                RETURN* name.get();
            },
            n));
    for (int n = 0; n < 5; ++n) {
        const auto got = AWAIT(all[static_cast<std::size_t>(n)]);
        CHECK(got == std::to_string(n));
    }
    RETURN;
}
