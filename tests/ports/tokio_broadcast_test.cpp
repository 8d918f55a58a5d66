// What Tokio promises of values for many readers: the tests of tokio/tests/sync_broadcast.rs and sync_watch.rs.
#include "port.hpp"

#include <memory>
#include <string>
#include <vector>

using namespace ports;

PORT("Tokio sync_broadcast send_try_recv_bounded: each subscriber gets each value") {
    bf::broadcast<std::string> b{16};
    auto one = b.subscribe();
    auto two = b.subscribe();
    CHECK(one.try_recv().error().is_empty());
    CHECK(b.send("hello").value_or(0) == 2);
    CHECK(one.try_recv().value_or("") == "hello");
    CHECK(two.try_recv().value_or("") == "hello");
    CHECK(two.try_recv().error().is_empty());
    AWAIT(bf::yield_now());
    RETURN;
}

PORT("Tokio sync_broadcast send_two_recv: subscribers that wait are all woken") {
    bf::broadcast<int> b{16};
    std::vector<bf::join_handle<int>> all;
    for (int n = 0; n < 2; ++n)
        all.push_back(go(
            [](bf::broadcast<int>::subscription from) -> task_of<int> {
                const auto first = AWAIT(from.recv());
                const auto second = AWAIT(from.recv());
                RETURN first.value_or(-1) * 10 + second.value_or(-1);
            },
            b.subscribe()));
    AWAIT(all_wait());
    (void)b.send(1);
    AWAIT(all_wait());
    (void)b.send(2);
    for (auto& one : all) {
        const int got = AWAIT(one);
        CHECK(got == 12);
    }
    RETURN;
}

PORT("Tokio sync_broadcast send_recv_bounded: a new subscriber gets what comes after it") {
    bf::broadcast<int> b{16};
    (void)b.send(1);
    auto late = b.subscribe();
    CHECK(late.try_recv().error().is_empty());
    (void)b.send(2);
    CHECK(late.try_recv().value_or(0) == 2);
    AWAIT(bf::yield_now());
    RETURN;
}

PORT("Tokio sync_broadcast lagging_rx: a slow subscriber is told how many it lost and goes on with the oldest left") {
    bf::broadcast<std::string> b{2};
    auto quick = b.subscribe();
    auto slow = b.subscribe();
    (void)b.send("one");
    CHECK(quick.try_recv().value_or("") == "one");
    (void)b.send("two");
    (void)b.send("three");
    CHECK(quick.try_recv().value_or("") == "two");
    const auto lost = slow.try_recv();
    CHECK((!lost.has_value() && lost.error().is_lagged() && lost.error().missed() == 1));
    CHECK(slow.try_recv().value_or("") == "two");
    CHECK(slow.try_recv().value_or("") == "three");
    CHECK(slow.try_recv().error().is_empty());
    AWAIT(bf::yield_now());
    RETURN;
}

PORT("Tokio sync_broadcast drop_tx_while_values_remain: what is there is received before the close is told") {
    bf::broadcast<int> b{16};
    auto one = b.subscribe();
    (void)b.send(1);
    (void)b.send(2);
    b.close();
    for (int n = 1; n <= 2; ++n) {
        const auto got = AWAIT(one.recv());
        CHECK(got.value_or(0) == n);
    }
    const auto end = AWAIT(one.recv());
    CHECK((!end.has_value() && end.error().is_closed()));
    RETURN;
}

PORT("Tokio sync_broadcast single_capacity_recvs: with room for one a waiting subscriber misses nothing") {
    bf::broadcast<int> b{1};
    auto one = b.subscribe();
    for (int n = 0; n < 10; ++n) {
        (void)b.send(n);
        CHECK(one.try_recv().value_or(-1) == n);
    }
    AWAIT(bf::yield_now());
    RETURN;
}

PORT("Tokio sync_broadcast send_no_rx: without subscribers a send reaches nobody (Tokio answers an error)") {
    bf::broadcast<int> b{16};
    CHECK(b.send(1).value_or(7) == 0);
    AWAIT(bf::yield_now());
    RETURN;
}

PORT("Tokio sync_broadcast zero capacity is refused") {
    CHECK_THROWS_AS(bf::broadcast<int>{0}, std::invalid_argument);
    AWAIT(bf::yield_now());
    RETURN;
}

PORT("Tokio sync_watch single_rx_recv: a change is told once; the end is told") {
    bf::watch<std::string> w{"one"};
    auto sees = w.subscribe();
    const auto nothing = AWAIT(bf::timeout(sees.changed(), 1ms));
    CHECK_FALSE(nothing.has_value());
    (void)w.send("two");
    const bool changed = AWAIT(sees.changed());
    CHECK(changed);
    CHECK(sees.get() == "two");
    const auto again = AWAIT(bf::timeout(sees.changed(), 1ms));
    CHECK_FALSE(again.has_value());
    w.close();
    const bool after = AWAIT(sees.changed());
    CHECK_FALSE(after);
    RETURN;
}

PORT("Tokio sync_watch rx_version_underflow, borrow_and_update: a value that was seen is no change") {
    bf::watch<int> w{0};
    auto sees = w.subscribe();
    CHECK_FALSE(sees.has_changed());
    (void)w.send(1);
    CHECK(sees.has_changed());
    CHECK(sees.get() == 1);
    CHECK_FALSE(sees.has_changed());
    AWAIT(bf::yield_now());
    RETURN;
}

PORT("Tokio sync_watch multi_rx: every watcher sees the newest value, not those in between") {
    bf::watch<int> w{0};
    auto one = w.subscribe();
    auto two = w.subscribe();
    for (int n = 1; n <= 5; ++n) (void)w.send(n);
    const bool first = AWAIT(one.changed());
    CHECK((first && one.get() == 5));
    const bool second = AWAIT(two.changed());
    CHECK((second && two.get() == 5));
    RETURN;
}

PORT("Tokio sync_watch changed_errors_on_closed_channel: all who wait are told of the close") {
    bf::watch<int> w{0};
    std::vector<bf::join_handle<bool>> all;
    for (int n = 0; n < 3; ++n)
        all.push_back(go(
            [](bf::watch<int>::watcher of) -> task_of<bool> {
                const bool changed = AWAIT(of.changed());
                RETURN changed;
            },
            w.subscribe()));
    AWAIT(all_wait());
    w.close();
    for (auto& one : all) {
        const bool changed = AWAIT(one);
        CHECK_FALSE(changed);
    }
    RETURN;
}

PORT("Tokio sync_watch send after close: the value comes back") {
    bf::watch<int> w{0};
    w.close();
    auto sent = w.send(3);
    CHECK((!sent.has_value() && sent.error().take() == 3));
    CHECK(w.get() == 0);
    AWAIT(bf::yield_now());
    RETURN;
}

PORT("Tokio sync_watch subscribe: a later watcher has seen what was there") {
    bf::watch<int> w{1};
    (void)w.send(2);
    auto late = w.subscribe();
    CHECK_FALSE(late.has_changed());
    CHECK(late.get() == 2);
    AWAIT(bf::yield_now());
    RETURN;
}
