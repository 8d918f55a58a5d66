// What Boost.Fiber promises of its channels: test_unbuffered_channel and test_buffered_channel in libs/fiber/test. The
// first is a channel without room here, the second one with.
#include "port.hpp"

#include <stdexcept>
#include <string>
#include <vector>

using namespace ports;

PORT("Boost.Fiber test_unbuffered_channel test_push_wait_pop: a push ends when the value is popped") {
    bf::channel<int> c{0};
    auto pushes = go(
        [](bf::channel<int>& to) -> task_of<bool> {
            const auto sent = AWAIT(to.send(1));
            RETURN sent.has_value();
        },
        std::ref(c));
    AWAIT(all_wait());
    CHECK_FALSE(pushes.done());
    const auto got = AWAIT(c.recv());
    CHECK(got == 1);
    const bool sent = AWAIT(pushes);
    CHECK(sent);
    RETURN;
}

PORT("Boost.Fiber test_unbuffered_channel test_push_closed: a push on a closed channel says closed") {
    bf::channel<int> c{0};
    c.close();
    const auto sent = AWAIT(c.send(1));
    CHECK_FALSE(sent.has_value());
    RETURN;
}

PORT("Boost.Fiber test_unbuffered_channel test_push_wait_for_timeout: a push with a limit times out without a peer") {
    bf::channel<int> c{0};
    const auto before = bf::now();
    const auto sent = AWAIT(bf::timeout(c.send(1), 1s));
    CHECK_FALSE(sent.has_value());
    CHECK(bf::now() - before >= 1s);
    RETURN;
}

PORT("Boost.Fiber test_unbuffered_channel test_pop_wait_for_timeout: a pop with a limit times out without a peer") {
    bf::channel<int> c{0};
    const auto got = AWAIT(bf::timeout(c.recv(), 1s));
    CHECK_FALSE(got.has_value());
    RETURN;
}

PORT("Boost.Fiber test_unbuffered_channel test_pop_closed, test_pop_success: a pop that waits is told of the close") {
    bf::channel<int> c{0};
    auto pops = go(
        [](bf::channel<int>& from) -> task_of<std::vector<int>> {
            std::vector<int> all;
            for (;;) {
                const auto got = AWAIT(from.recv());
                if (!got) break;
                all.push_back(*got);
            }
            RETURN all;
        },
        std::ref(c));
    (void)AWAIT(c.send(2));
    (void)AWAIT(c.send(7));
    c.close();
    const auto all = AWAIT(pops);
    CHECK(all == std::vector<int>{2, 7});
    RETURN;
}

PORT("Boost.Fiber test_unbuffered_channel test_wm_1: pushes are taken one by one, in order") {
    bf::channel<std::string> c{0};
    auto pushes = go(
        [](bf::channel<std::string>& to) -> task_of<> {
            for (const char* text : {"a", "b", "c", "d", "e"}) {
                std::string value{text};
                (void)AWAIT(to.send(std::move(value)));
            }
            to.close();
            RETURN;
        },
        std::ref(c));
    std::string all;
    for (;;) {
        const auto got = AWAIT(c.recv());
        if (!got) break;
        all += *got;
    }
    CHECK(all == "abcde");
    AWAIT(pushes);
    RETURN;
}

PORT("Boost.Fiber test_unbuffered_channel test_issue_181: a close while a consumer waits in a row of limits is seen") {
    bf::channel<int> c{0};
    auto pops = go(
        [](bf::channel<int>& from) -> task_of<int> {
            int timeouts = 0;
            for (;;) {
                const auto got = AWAIT(bf::timeout(from.recv(), 10ms));
                if (got && !*got) break;
                if (!got) ++timeouts;
            }
            RETURN timeouts;
        },
        std::ref(c));
    AWAIT(bf::sleep_for(55ms));
    c.close();
    const int timeouts = AWAIT(pops);
    CHECK(timeouts == 5);
    RETURN;
}

PORT("Boost.Fiber test_buffered_channel test_zero_wm (refused there; here it is the unbuffered channel)") {
    bf::channel<int> c{0};
    CHECK(c.capacity() == 0);
    AWAIT(bf::yield_now());
    RETURN;
}

PORT(
    "Boost.Fiber test_buffered_channel test_push_full, test_try_push_full: at the limit a push waits, a try says "
    "full") {
    bf::channel<int> c{2};
    CHECK(c.try_send(1).has_value());
    CHECK(c.try_send(2).has_value());
    CHECK(c.try_send(3).error().is_full());
    const auto late = AWAIT(bf::timeout(c.send(3), 1ms));
    CHECK_FALSE(late.has_value());
    RETURN;
}

PORT("Boost.Fiber test_buffered_channel test_try_pop_empty, test_try_pop_closed: empty and closed are told apart") {
    bf::channel<int> c{2};
    CHECK(c.try_recv().error() == bf::try_recv_error::empty);
    (void)c.try_send(1);
    c.close();
    CHECK(c.try_recv().value_or(0) == 1);
    CHECK(c.try_recv().error() == bf::try_recv_error::closed);
    AWAIT(bf::yield_now());
    RETURN;
}

PORT("Boost.Fiber test_buffered_channel test_wm_2: the producer stops at the limit and goes on when one is popped") {
    bf::channel<int> c{2};
    int pushed = 0;
    auto pushes = go(
        [](bf::channel<int>& to, int& count) -> task_of<> {
            for (int n = 0; n < 5; ++n) {
                (void)AWAIT(to.send(n));
                ++count;
            }
            RETURN;
        },
        std::ref(c), std::ref(pushed));
    AWAIT(all_wait());
    CHECK(pushed == 2);
    (void)AWAIT(c.recv());
    AWAIT(all_wait());
    CHECK(pushed == 3);
    for (int n = 1; n < 5; ++n) {
        const auto got = AWAIT(c.recv());
        CHECK(got == n);
    }
    AWAIT(pushes);
    RETURN;
}

PORT("Boost.Fiber test_buffered_channel test_moveable, test_rangefor: values that can only be moved, to the close") {
    bf::channel<std::unique_ptr<int>> c{16};
    for (int n = 0; n < 3; ++n) {
        auto value = std::make_unique<int>(n);
        (void)AWAIT(c.send(std::move(value)));
    }
    c.close();
    int sum = 0;
    for (;;) {
        const auto got = AWAIT(c.recv());
        if (!got) break;
        sum += **got;
    }
    CHECK(sum == 3);
    RETURN;
}
