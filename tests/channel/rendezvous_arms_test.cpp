// Sends and receives of one channel without room that are arms of one race: they meet those of other tasks and never
// each other, and nothing is left over.
#include "one_worker.hpp"

#include <array>
#include <atomic>
#include <optional>
#include <vector>

using namespace both;
using tests::let_others_park;

namespace {

// What a race came to: positive the value that was received, negative the value that was sent, 0 closed.
bf::task<int> trade(bf::channel<int>& at, int mine) {
    auto send = at.send(mine);
    auto receive = at.recv();
    auto first = co_await bf::race(std::move(send), std::move(receive));
    if (first.index() == 0) co_return std::get<0>(first.value()).has_value() ? -mine : 0;
    co_return std::get<1>(first.value()).value_or(0);
}

bf::task<int> select_one(bf::channel<int>& at, int mine) {
    auto send = at.send(mine);
    auto receive = at.recv();
    auto first = co_await bf::select(receive, send);
    if (first.index() == 1) co_return std::get<1>(first.value()).has_value() ? -mine : 0;
    co_return std::get<0>(first.value()).value_or(0);
}

constexpr std::array kinds{trade, select_one};

}  // namespace

TEST_CASE("a_rendezvous_race_that_is_alone_does_not_meet_itself") {
    tests::on_one_worker([](bf::backend model) {
        for (const auto kind : kinds)
            for (int times = 0; times < 20; ++times) {
                bf::channel<int> channel{0};
                auto alone = bf::spawn(model, kind, std::ref(channel), 1);
                for (int turn = 0; turn < 40; ++turn) bf::this_fiber::yield();
                CHECK_FALSE(alone.done());
                CHECK(channel.len() == 0);
                CHECK(channel.try_recv().error() == bf::try_recv_error::empty);
                channel.close();
                const int came_to = bf::await(alone);
                CHECK(came_to == 0);
                CHECK(channel.try_recv().error() == bf::try_recv_error::closed);
            }
    });
}

TEST_CASE("a_rendezvous_race_that_only_tries_does_not_meet_itself") {
    in_each_model([](model m, bf::runtime& rt) {
        for (int times = 0; times < 50; ++times) {
            bf::channel<int> channel{0};
            const auto answer = await_in(m, rt, [&] { return bf::try_race(channel.send(1), channel.recv()); });
            CHECK_FALSE(answer.has_value());
            CHECK(channel.len() == 0);
        }
    });
}

TEST_CASE("two_rendezvous_races_receive_each_others_values") {
    tests::on_one_worker([](bf::backend model) {
        for (const auto one : kinds)
            for (const auto other : kinds)
                for (int times = 0; times < 20; ++times) {
                    bf::channel<int> channel{0};
                    auto first = bf::spawn(model, one, std::ref(channel), 1);
                    if (times % 2 == 0)
                        for (int turn = 0; turn < 40; ++turn) bf::this_fiber::yield();
                    auto second = bf::spawn(model, other, std::ref(channel), 2);
                    const int a = bf::await(first);
                    const int b = bf::await(second);
                    CHECK(((a == -1 && b == 1) || (a == 2 && b == -2)));
                    CHECK(channel.len() == 0);
                }
    });
}

TEST_CASE("a_rendezvous_race_meets_plain_sends_and_receives") {
    tests::on_one_worker([](bf::backend model) {
        for (const auto kind : kinds) {
            bf::channel<int> channel{0};
            auto first = bf::spawn(model, kind, std::ref(channel), 1);
            let_others_park();
            const auto sent = bf::await(channel.send(5));
            CHECK(sent.has_value());
            const int a = bf::await(first);
            CHECK(a == 5);
            auto second = bf::spawn(model, kind, std::ref(channel), 1);
            let_others_park();
            const auto got = bf::await(channel.recv());
            CHECK(got == 1);
            const int b = bf::await(second);
            CHECK(b == -1);
            auto third = bf::spawn(model, kind, std::ref(channel), 1);
            let_others_park();
            CHECK(channel.try_send(6).has_value());
            const int c = bf::await(third);
            CHECK(c == 6);
            CHECK(channel.len() == 0);
        }
        // Both are wanted here, so they may meet.
        bf::channel<int> channel{0};
        auto [sent, got] = bf::await(bf::join_all(channel.send(7), channel.recv()));
        CHECK(sent.has_value());
        CHECK(got == 7);
    });
}

TEST_CASE("many_rendezvous_races_lose_nothing_and_leave_nothing") {
    constexpr int traders = 6;
    constexpr int meetings = 3'000;
    for (const bf::backend model : tests::both_backends) {
        bf::runtime rt{small_runtime(4)};
        bf::channel<int> channel{0};
        std::atomic<int> sends{0};
        std::atomic<long> sent{0};
        std::atomic<long> received{0};
        std::atomic<int> own{0};
        const auto trades = [&](int mine) -> bf::task<> {
            for (;;) {
                const int came_to = co_await trade(channel, mine);
                if (came_to == 0) co_return;
                if (came_to == mine) ++own;
                if (came_to > 0) {
                    received += came_to;
                } else {
                    sent -= came_to;
                    if (++sends == meetings) channel.close();
                }
            }
        };
        std::vector<bf::join_handle<void>> all;
        for (int n = 1; n <= traders; ++n) all.push_back(rt.spawn(model, trades, n));
        for (auto& one : all) one.join();
        CHECK(own == 0);
        CHECK(sent == received);
        CHECK(channel.len() == 0);
    }
}

namespace {

bf::task<int> receive_under_a_deadline(bf::channel<int>& at, bf::event& other) {
    auto receive = bf::deadline(at.recv(), std::chrono::hours{1});
    auto wait = other.wait();
    auto first = co_await bf::race(std::move(receive), std::move(wait));
    co_return first.index() == 0 ? std::get<0>(first.value())->value_or(0) : 0;
}

bf::task<int> receive_in_a_race(bf::channel<int>& at, bf::event& other) {
    bf::event never;
    auto receive = bf::race(at.recv(), never.wait());
    auto wait = other.wait();
    auto first = co_await bf::race(std::move(receive), std::move(wait));
    co_return first.index() == 0 ? std::get<0>(std::get<0>(first.value()).value()).value_or(0) : 0;
}

}  // namespace

TEST_CASE("an_arm_inside_of_an_arm_that_was_handed_a_value_wins") {
    tests::on_one_worker([](bf::backend model) {
        for (const auto kind : {receive_under_a_deadline, receive_in_a_race})
            for (int times = 0; times < 20; ++times) {
                bf::channel<int> channel{0};
                bf::event other;
                auto receives = bf::spawn(model, kind, std::ref(channel), std::ref(other));
                let_others_park();
                REQUIRE(channel.try_send(7).has_value());
                other.set();
                CHECK(bf::await(std::move(receives)) == 7);
                CHECK(channel.len() == 0);
            }
    });
}
