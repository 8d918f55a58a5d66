// What Tokio promises of its queues: the tests of tokio/tests/sync_mpsc.rs and sync_oneshot.rs. Its channels end with
// the last handle; here close() says so.
#include "port.hpp"

#include <memory>
#include <string>
#include <vector>

using namespace ports;

PORT("Tokio sync_mpsc send_recv_with_buffer: a channel with room takes as many as there is room for") {
    bf::channel<int> c{16};
    (void)AWAIT(c.send(1));
    (void)AWAIT(c.send(2));
    c.close();
    const auto one = AWAIT(c.recv());
    CHECK(one == 1);
    const auto two = AWAIT(c.recv());
    CHECK(two == 2);
    const auto end = AWAIT(c.recv());
    CHECK_FALSE(end.has_value());
    RETURN;
}

PORT("Tokio sync_mpsc start_send_past_cap: a sender behind another waits, and goes first-come first-served") {
    bf::channel<int> c{1};
    (void)AWAIT(c.send(0));
    std::vector<bf::join_handle<bool>> all;
    for (int n = 1; n <= 2; ++n) {
        all.push_back(go(
            [](bf::channel<int>& to, int value) -> task_of<bool> {
                const auto sent = AWAIT(to.send(value));
                RETURN sent.has_value();
            },
            std::ref(c), n));
        AWAIT(all_wait());
    }
    for (int n = 0; n <= 2; ++n) {
        const auto got = AWAIT(c.recv());
        CHECK(got == n);
    }
    for (auto& one : all) {
        const bool sent = AWAIT(one);
        CHECK(sent);
    }
    RETURN;
}

PORT("Tokio sync_mpsc send_recv_unbounded: sends never wait, and values come in order") {
    bf::unbounded_channel<int> c;
    for (int n = 0; n < 1'000; ++n) CHECK(c.send(n).has_value());
    c.close();
    for (int n = 0; n < 1'000; ++n) {
        const auto got = AWAIT(c.recv());
        CHECK(got == n);
    }
    const auto end = AWAIT(c.recv());
    CHECK_FALSE(end.has_value());
    RETURN;
}

PORT("Tokio sync_mpsc no_t_bounds: values that can only be moved pass") {
    bf::channel<std::unique_ptr<int>> c{1};
    auto value = std::make_unique<int>(7);
    (void)AWAIT(c.send(std::move(value)));
    const auto got = AWAIT(c.recv());
    CHECK(**got == 7);
    RETURN;
}

PORT("Tokio sync_mpsc recv_close_gets_none_idle: a receiver that waits is told of the close") {
    bf::channel<int> c{10};
    auto waits = go(
        [](bf::channel<int>& from) -> task_of<bool> {
            const auto got = AWAIT(from.recv());
            RETURN got.has_value();
        },
        std::ref(c));
    AWAIT(all_wait());
    c.close();
    const bool got = AWAIT(waits);
    CHECK_FALSE(got);
    RETURN;
}

PORT("Tokio sync_mpsc tx_close_gets_none, recv_close_gets_none_reserved: what was sent before the close comes first") {
    bf::channel<int> c{2};
    (void)AWAIT(c.send(123));
    c.close();
    const auto got = AWAIT(c.recv());
    CHECK(got == 123);
    const auto end = AWAIT(c.recv());
    CHECK_FALSE(end.has_value());
    RETURN;
}

PORT("Tokio sync_mpsc try_send_fail: full and closed are told apart, and the value comes back") {
    bf::channel<std::string> c{1};
    CHECK(c.try_send("hello").has_value());
    auto full = c.try_send("again");
    CHECK(full.error().is_full());
    CHECK(full.error().take() == "again");
    const auto got = AWAIT(c.recv());
    CHECK(got == "hello");
    CHECK(c.try_send("goodbye").has_value());
    c.close();
    auto closed = c.try_send("late");
    CHECK(closed.error().is_closed());
    CHECK(closed.error().take() == "late");
    const auto last = AWAIT(c.recv());
    CHECK(last == "goodbye");
    RETURN;
}

PORT("Tokio sync_mpsc try_recv_bounded: empty, value, and closed are told apart") {
    bf::channel<int> c{1};
    CHECK(c.try_recv().error() == bf::try_recv_error::empty);
    (void)c.try_send(1);
    CHECK(c.try_recv().value_or(0) == 1);
    c.close();
    CHECK(c.try_recv().error() == bf::try_recv_error::closed);
    AWAIT(bf::yield_now());
    RETURN;
}

PORT("Tokio sync_mpsc try_recv_unbounded: every number of values from 0 to 128 comes out whole") {
    for (int count = 0; count <= 128; ++count) {
        bf::unbounded_channel<int> c;
        for (int n = 0; n < count; ++n) (void)c.send(n);
        c.close();
        for (int n = 0; n < count; ++n) CHECK(c.try_recv().value_or(-1) == n);
        CHECK(c.try_recv().error() == bf::try_recv_error::closed);
    }
    AWAIT(bf::yield_now());
    RETURN;
}

PORT("Tokio sync_mpsc ready_close_cancel_bounded: senders that wait at a closed channel get their values back") {
    bf::channel<int> c{1};
    (void)AWAIT(c.send(0));
    auto waits = go(
        [](bf::channel<int>& to) -> task_of<int> {
            auto sent = AWAIT(to.send(9));
            if (sent) RETURN 0;
            RETURN sent.error().take();
        },
        std::ref(c));
    AWAIT(all_wait());
    c.close();
    const int back = AWAIT(waits);
    CHECK(back == 9);
    const auto got = AWAIT(c.recv());
    CHECK(got == 0);
    RETURN;
}

PORT("Tokio sync_mpsc recv_many_with_non_empty_vec_bounded_channel: values are appended, at most as many as asked") {
    bf::channel<std::string> c{100};
    std::vector<std::string> into{"first"};
    (void)AWAIT(c.send("second"));
    (void)AWAIT(c.send("third"));
    (void)AWAIT(c.send("fourth"));
    const auto two = AWAIT(c.recv_many(into, 2));
    CHECK(two == 2);
    CHECK(into == std::vector<std::string>{"first", "second", "third"});
    const auto one = AWAIT(c.recv_many(into, 10));
    CHECK(one == 1);
    c.close();
    const auto none = AWAIT(c.recv_many(into, 10));
    CHECK(none == 0);
    RETURN;
}

PORT("Tokio sync_mpsc recv_many_limit_zero: asked for none it gives none and does not wait") {
    bf::channel<int> c{1};
    std::vector<int> into;
    const auto none = AWAIT(bf::timeout(c.recv_many(into, 0), 0s));
    CHECK((none.has_value() && *none == 0));
    RETURN;
}

PORT("Tokio sync_mpsc drop_permit_releases_permit: a send that is given up leaves the room to others") {
    bf::channel<int> c{1};
    (void)AWAIT(c.send(1));
    const auto late = AWAIT(bf::timeout(c.send(2), 1ms));
    CHECK_FALSE(late.has_value());
    (void)AWAIT(c.recv());
    const auto sent = AWAIT(bf::timeout(c.send(3), 1ms));
    CHECK(sent.has_value());
    CHECK(c.try_recv().value_or(0) == 3);
    RETURN;
}

PORT("Tokio sync_mpsc_weak, sender count: len and capacity") {
    bf::channel<int> c{8};
    CHECK(c.capacity() == 8);
    for (int n = 0; n < 3; ++n) (void)AWAIT(c.send(n));
    CHECK(c.len() == 3);
    (void)AWAIT(c.recv());
    CHECK(c.len() == 2);
    RETURN;
}

PORT("Tokio sync_oneshot send_recv: the value arrives, once") {
    bf::oneshot<int> o;
    auto waits = go(
        [](bf::oneshot<int>& from) -> task_of<int> {
            const auto got = AWAIT(from.recv());
            RETURN got.value_or(-1);
        },
        std::ref(o));
    AWAIT(all_wait());
    CHECK(o.send(1).has_value());
    const int got = AWAIT(waits);
    CHECK(got == 1);
    CHECK_FALSE(o.send(2).has_value());
    RETURN;
}

PORT("Tokio sync_oneshot async_send_recv: a value that was sent before is there at once") {
    bf::oneshot<int> o;
    CHECK(o.send(1).has_value());
    const auto got = AWAIT(bf::timeout(o.recv(), 0s));
    CHECK((got.has_value() && *got == 1));
    RETURN;
}

PORT("Tokio sync_oneshot close_tx: a closed one gives nothing to who waits") {
    bf::oneshot<int> o;
    auto waits = go(
        [](bf::oneshot<int>& from) -> task_of<bool> {
            const auto got = AWAIT(from.recv());
            RETURN got.has_value();
        },
        std::ref(o));
    AWAIT(all_wait());
    o.close();
    const bool got = AWAIT(waits);
    CHECK_FALSE(got);
    RETURN;
}

PORT("Tokio sync_oneshot explicit_close_poll: after the receiver's close the value comes back to the sender") {
    bf::oneshot<int> o;
    o.close();
    auto sent = o.send(17);
    CHECK_FALSE(sent.has_value());
    CHECK(sent.error().take() == 17);
    AWAIT(bf::yield_now());
    RETURN;
}

PORT("Tokio sync_oneshot explicit_close_try_recv: a value that was sent before the close is still there") {
    bf::oneshot<int> o;
    CHECK(o.send(17).has_value());
    o.close();
    CHECK(o.try_recv().value_or(0) == 17);
    CHECK(o.try_recv().error() == bf::try_recv_error::closed);
    AWAIT(bf::yield_now());
    RETURN;
}

PORT("Tokio sync_oneshot drops_tasks, sender drops: the end of the sending side is told") {
    auto [sender, receiver] = bf::make_oneshot<int>();
    { const auto ends = std::move(sender); }
    const auto got = AWAIT(receiver.recv());
    CHECK_FALSE(got.has_value());
    RETURN;
}
