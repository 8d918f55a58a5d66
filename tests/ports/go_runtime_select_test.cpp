// What Go promises of select: the tests of its runtime package, and what its specification says.
#include "port.hpp"

#include <array>
#include <vector>

using namespace ports;

namespace {

task_of<> send_all(bf::channel<int>& to, int first, int count) {
    for (int n = first; n < first + count; ++n) (void)AWAIT(to.send(n));
    RETURN;
}
task_of<int> receive_one(bf::channel<int>& from) {
    const auto got = AWAIT(from.recv());
    RETURN got.value_or(-1);
}

}  // namespace

PORT("Go runtime/chan_test TestSelectFairness: arms that are always ready win about as often") {
    bf::channel<int> a{1};
    bf::channel<int> b{1};
    constexpr int rounds = 2'000;
    int first = 0;
    for (int n = 0; n < rounds; ++n) {
        (void)a.try_send(1);
        (void)b.try_send(2);
        const auto got = AWAIT(bf::race(a.recv(), b.recv()));
        if (got.index() == 0) ++first;
    }
    CHECK(first > rounds * 2 / 5);
    CHECK(first < rounds * 3 / 5);
    RETURN;
}

PORT("Go runtime/chan_test TestSelectDuplicateChannel: the same channel twice in a select") {
    bf::channel<int> c{0};
    bf::channel<int> d{0};
    auto waits = go(
        [](bf::channel<int>& from, bf::channel<int>& done) -> task_of<> {
            (void)AWAIT(bf::race(from.recv(), from.recv(), done.recv()));
            (void)AWAIT(done.recv());
            RETURN;
        },
        std::ref(c), std::ref(d));
    auto behind = go(receive_one, std::ref(c));
    AWAIT(all_wait());
    (void)AWAIT(c.send(7));
    (void)AWAIT(c.send(7));
    (void)AWAIT(d.send(0));
    AWAIT(waits);
    const int got = AWAIT(behind);
    CHECK(got == 7);
    RETURN;
}

PORT("Go runtime/chan_test TestNonblockSelectRace: what is there is found while others select") {
    for (int round = 0; round < 300; ++round) {
        bf::channel<int> a{1};
        bf::channel<int> b{1};
        (void)a.try_send(1);
        auto other = go(
            [](bf::channel<int>& x, bf::channel<int>& y) -> task_of<bool> {
                const auto first = AWAIT(bf::try_race(x.recv(), y.recv()));
                RETURN first.has_value();
            },
            std::ref(a), std::ref(b));
        (void)b.try_send(1);
        (void)AWAIT(bf::try_race(a.recv()));
        const bool found = AWAIT(other);
        CHECK(found);
    }
    RETURN;
}

PORT("Go runtime/chan_test TestNonblockSelectRace2: a closed channel beside an empty one is found") {
    for (int round = 0; round < 300; ++round) {
        bf::channel<int> a{1};
        bf::channel<int> b{0};
        (void)a.try_send(1);
        auto other = go(
            [](bf::channel<int>& x, bf::channel<int>& y) -> task_of<bool> {
                const auto first = AWAIT(bf::try_race(x.recv(), y.recv()));
                RETURN first.has_value();
            },
            std::ref(a), std::ref(b));
        b.close();
        (void)AWAIT(bf::try_race(a.recv()));
        const bool found = AWAIT(other);
        CHECK(found);
    }
    RETURN;
}

PORT("Go runtime/chan_test TestSelfSelect: arms of one select do not meet each other, two tasks' do") {
    for (const std::uint32_t capacity : {0U, 10U}) {
        bf::channel<int> c{capacity};
        auto both_ways = [&c, capacity](int mine) -> task_of<int> {
            int wrong = 0;
            for (int n = 0; n < 200; ++n) {
                auto first = AWAIT(bf::race(c.send(mine), c.recv()));
                if (first.index() == 1) {
                    const auto got = std::get<1>(first.value());
                    if (capacity == 0 && got == mine) ++wrong;
                }
            }
            c.close();
            RETURN wrong;
        };
        auto one = go(both_ways, 1);
        auto two = go(both_ways, 2);
        const int first = AWAIT(one);
        const int second = AWAIT(two);
        CHECK(first + second == 0);
        if (capacity == 0) CHECK(c.len() == 0);
    }
    RETURN;
}

namespace {

// A tenth of the work by itself, the rest by selects.
task_of<> stress(std::array<bf::channel<int>, 4>& c, bool sends, int rounds) {
    std::array<int, 4> left{rounds, rounds, rounds, rounds};
    while (left[0] + left[1] + left[2] + left[3] > 0) {
        std::size_t index = 0;
        if (sends) {
            const auto first =
                AWAIT(bf::race(bf::when(left[0] > 0, c[0].send(0)), bf::when(left[1] > 0, c[1].send(1)),
                               bf::when(left[2] > 0, c[2].send(2)), bf::when(left[3] > 0, c[3].send(3))));
            index = first.index();
        } else {
            const auto first = AWAIT(bf::race(bf::when(left[0] > 0, c[0].recv()), bf::when(left[1] > 0, c[1].recv()),
                                              bf::when(left[2] > 0, c[2].recv()), bf::when(left[3] > 0, c[3].recv())));
            index = first.index();
        }
        --left[index];
    }
    RETURN;
}

}  // namespace

PORT("Go runtime/chan_test TestSelectStress: four channels, plain peers and selecting peers, all come to their end") {
    constexpr int rounds = 200;
    std::array<bf::channel<int>, 4> c{bf::channel<int>{0}, bf::channel<int>{0}, bf::channel<int>{2},
                                      bf::channel<int>{3}};
    std::vector<bf::join_handle<void>> all;
    for (auto& one : c) {
        all.push_back(go(send_all, std::ref(one), 0, rounds));
        all.push_back(go(
            [](bf::channel<int>& from) -> task_of<> {
                for (int n = 0; n < rounds; ++n) (void)AWAIT(from.recv());
                RETURN;
            },
            std::ref(one)));
    }
    all.push_back(go(stress, std::ref(c), true, rounds));
    all.push_back(go(stress, std::ref(c), false, rounds));
    for (auto& one : all) AWAIT(one);
    for (auto& one : c) CHECK(one.len() == 0);
    RETURN;
}

PORT("Go runtime/chan_test TestChanSendSelectBarrier: a select that sends orders what was written before") {
    bf::channel<int> c{0};
    int written = 0;
    auto other = go(
        [](bf::channel<int>& from, const int& value) -> task_of<int> {
            (void)AWAIT(from.recv());
            RETURN value;
        },
        std::ref(c), std::cref(written));
    written = 42;
    bf::channel<int> never{0};
    (void)AWAIT(bf::race(c.send(1), never.send(1)));
    const int seen = AWAIT(other);
    CHECK(seen == 42);
    RETURN;
}

PORT("Go spec, Select statements: a select with a closed receive arm beside a waiting one is ready each time") {
    bf::channel<int> closed{0};
    bf::channel<int> never{0};
    closed.close();
    for (int n = 0; n < 100; ++n) {
        const auto first = AWAIT(bf::race(never.recv(), closed.recv()));
        CHECK(first.index() == 1);
    }
    RETURN;
}

PORT("Go spec, Select statements: time.After as an arm ends the wait") {
    bf::channel<int> never{0};
    const auto before = bf::now();
    const auto first = AWAIT(bf::race(never.recv(), bf::sleep_for(50ms)));
    CHECK(first.index() == 1);
    CHECK(bf::now() - before >= 50ms);
    RETURN;
}
