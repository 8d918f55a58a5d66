// What Tokio promises of notices, barriers and values that are made once: the tests of tokio/tests/sync_notify.rs,
// sync_barrier.rs and sync_once_cell.rs.
#include "port.hpp"

#include <memory>
#include <stdexcept>
#include <vector>

using namespace ports;

namespace {

task_of<> wait_notice(bf::notify& of) {
    AWAIT(of.wait());
    RETURN;
}
task_of<bool> arrive(bf::barrier& at) {
    const bool leads = AWAIT(at.arrive_and_wait());
    RETURN leads;
}

}  // namespace

PORT("Tokio sync_notify notify_notified_one: a notice before the wait ends it at once") {
    bf::notify n;
    n.notify_one();
    const auto ended = AWAIT(bf::timeout(n.wait(), 0s));
    CHECK(ended.has_value());
    const auto second = AWAIT(bf::timeout(n.wait(), 1ms));
    CHECK_FALSE(second.has_value());
    RETURN;
}

PORT("Tokio sync_notify notify_multi_notified_one: several notices before a wait are one") {
    bf::notify n;
    n.notify_one();
    n.notify_one();
    AWAIT(n.wait());
    const auto second = AWAIT(bf::timeout(n.wait(), 1ms));
    CHECK_FALSE(second.has_value());
    RETURN;
}

PORT("Tokio sync_notify notified_one_notify: a wait is ended by a later notice, the oldest first") {
    bf::notify n;
    auto first = go(wait_notice, std::ref(n));
    AWAIT(all_wait());
    auto second = go(wait_notice, std::ref(n));
    AWAIT(all_wait());
    n.notify_one();
    AWAIT(first);
    AWAIT(all_wait());
    CHECK_FALSE(second.done());
    n.notify_one();
    AWAIT(second);
    RETURN;
}

PORT("Tokio sync_notify notified_multi_notify_drop_one: a notified wait that is given up passes its notice on") {
    bf::notify n;
    auto first = n.wait();
    const auto tried = AWAIT(bf::try_race(std::move(first)));
    CHECK_FALSE(tried.has_value());
    auto given_up = go(wait_notice, std::ref(n));
    AWAIT(all_wait());
    auto next = go(wait_notice, std::ref(n));
    AWAIT(all_wait());
    n.notify_one();
    given_up.cancel();
    const auto outcome = AWAIT(std::move(given_up).outcome());
    if (!outcome) {
        AWAIT(next);
    } else {
        n.notify_one();
        AWAIT(next);
    }
    RETURN;
}

PORT("Tokio sync_notify notify_waiters: ends all that wait and keeps no notice") {
    bf::notify n;
    std::vector<bf::join_handle<void>> all;
    for (int i = 0; i < 3; ++i) all.push_back(go(wait_notice, std::ref(n)));
    AWAIT(all_wait());
    n.notify_all();
    for (auto& one : all) AWAIT(one);
    const auto later = AWAIT(bf::timeout(n.wait(), 1ms));
    CHECK_FALSE(later.has_value());
    RETURN;
}

PORT("Tokio sync_notify notify_waiters: a wait that was made before, and not polled, is ended too") {
    bf::notify n;
    auto made = n.wait();
    n.notify_all();
    const auto ended = AWAIT(bf::timeout(std::move(made), 0s));
    CHECK(ended.has_value());
    RETURN;
}

PORT("Tokio sync_notify test_notify_one_after_enable, #5396: a wait that notify_waiters ended takes no later notice") {
    bf::notify n;
    auto made = n.wait();
    n.notify_all();
    n.notify_one();
    AWAIT(made);
    const auto kept = AWAIT(bf::timeout(n.wait(), 0s));
    CHECK(kept.has_value());
    RETURN;
}

PORT("Tokio sync_barrier zero_does_not_block (a barrier of none is refused here)") {
    CHECK_THROWS_AS(bf::barrier{0}, std::invalid_argument);
    AWAIT(bf::yield_now());
    RETURN;
}

PORT("Tokio sync_barrier single: of one party each arrival leads") {
    bf::barrier b{1};
    for (int n = 0; n < 3; ++n) {
        const bool leads = AWAIT(b.arrive_and_wait());
        CHECK(leads);
    }
    RETURN;
}

PORT("Tokio sync_barrier tango: of two the second to arrive leads, both pass") {
    bf::barrier b{2};
    auto first = go(arrive, std::ref(b));
    AWAIT(all_wait());
    CHECK_FALSE(first.done());
    const bool leads = AWAIT(b.arrive_and_wait());
    CHECK(leads);
    const bool other = AWAIT(first);
    CHECK_FALSE(other);
    RETURN;
}

PORT("Tokio sync_barrier lots: exactly one of a hundred leads, phase after phase") {
    bf::barrier b{100};
    for (int phase = 0; phase < 5; ++phase) {
        std::vector<bf::join_handle<bool>> all;
        for (int n = 0; n < 99; ++n) all.push_back(go(arrive, std::ref(b)));
        AWAIT(all_wait());
        for (auto& one : all) CHECK_FALSE(one.done());
        int leaders = AWAIT(b.arrive_and_wait()) ? 1 : 0;
        for (auto& one : all) leaders += AWAIT(one) ? 1 : 0;
        CHECK(leaders == 1);
    }
    RETURN;
}

PORT("Tokio sync_once_cell get_or_init: five tasks get what one of them made") {
    bf::once_cell<int> cell;
    int made = 0;
    std::vector<bf::join_handle<int>> all;
    for (int n = 0; n < 5; ++n)
        all.push_back(go(
            [](bf::once_cell<int>& of, int& count) -> task_of<int> {
                auto slowly = [&count]() -> bf::task<int> {
                    ++count;
                    co_await bf::sleep_for(1ms);
                    co_return 5;
                };
                const int* const value = AWAIT(of.get_or_init(slowly));
                RETURN* value;
            },
            std::ref(cell), std::ref(made)));
    for (auto& one : all) {
        const int value = AWAIT(one);
        CHECK(value == 5);
    }
    CHECK(made == 1);
    RETURN;
}

PORT("Tokio sync_once_cell get_or_init_panic, drop: a maker that fails or is cancelled leaves it to the next") {
    bf::once_cell<int> cell;
    auto cancelled = go(
        [](bf::once_cell<int>& of) -> task_of<> {
            auto never = []() -> bf::task<int> {
                co_await bf::pending<void>();
                co_return 1;
            };
            (void)AWAIT(of.get_or_init(never));
            RETURN;
        },
        std::ref(cell));
    AWAIT(all_wait());
    auto waits = go(
        [](bf::once_cell<int>& of) -> task_of<int> {
            auto make = [] { return 2; };
            const int* const value = AWAIT(of.get_or_init(make));
            RETURN* value;
        },
        std::ref(cell));
    AWAIT(all_wait());
    CHECK_FALSE(waits.done());
    cancelled.cancel();
    const int value = AWAIT(waits);
    CHECK(value == 2);
    const auto outcome = AWAIT(std::move(cancelled).outcome());
    CHECK_FALSE(outcome.has_value());
    RETURN;
}

PORT("Tokio sync_once_cell set_and_get, set_twice: the first value stays") {
    bf::once_cell<int> cell;
    CHECK(cell.get() == nullptr);
    CHECK(cell.emplace(1));
    CHECK_FALSE(cell.emplace(2));
    CHECK(*cell.get() == 1);
    AWAIT(bf::yield_now());
    RETURN;
}

PORT("Tokio sync_set_once, event: who waits is woken once by the set, who comes later does not wait") {
    bf::event e;
    auto waits = go(
        [](bf::event& of) -> task_of<> {
            AWAIT(of.wait());
            RETURN;
        },
        std::ref(e));
    AWAIT(all_wait());
    CHECK_FALSE(waits.done());
    e.set();
    AWAIT(waits);
    const auto later = AWAIT(bf::timeout(e.wait(), 0s));
    CHECK(later.has_value());
    RETURN;
}
