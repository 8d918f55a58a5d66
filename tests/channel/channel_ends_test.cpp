// Handles of a channel: the last of a side closes it.
#include "last_words.hpp"
#include "one_worker.hpp"

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

using namespace both;

TEST_CASE("the_last_sender_that_goes_closes_the_channel_and_receivers_drain_it") {
    in_each_model([](model m, bf::runtime& rt) {
        auto [sender, receiver] = bf::make_channel<int>(4);
        bf::channel_receiver<bf::channel<int>>* const from = &receiver;
        std::thread other{[copy = sender]() mutable {
            (void)copy.try_send(1);
            const auto gone = std::move(copy);
        }};
        CHECK(await_in(m, rt, [from] { return from->recv(); }) == 1);
        other.join();
        CHECK_FALSE(receiver.is_closed());
        CHECK(sender.try_send(2).has_value());
        std::thread last{[mine = std::move(sender)]() mutable { const auto gone = std::move(mine); }};
        CHECK(await_in(m, rt, [from] { return from->recv(); }) == 2);
        CHECK_FALSE(await_in(m, rt, [from] { return from->recv(); }).has_value());
        last.join();
    });
}

TEST_CASE("the_last_receiver_that_goes_closes_the_channel_and_ends_its_values") {
    in_each_model([](model m, bf::runtime& rt) {
        auto ends = bf::make_channel<std::shared_ptr<int>>(1);
        auto* const sender = &ends.first;
        const auto value = std::make_shared<int>(1);
        auto second = ends.second;
        CHECK(await_in(m, rt, [&] { return sender->send(value); }).has_value());
        { const auto gone = std::move(ends.second); }
        CHECK_FALSE(sender->is_closed());
        std::thread last{[mine = std::move(second)]() mutable { const auto gone = std::move(mine); }};
        const auto waits = await_in(m, rt, [&] { return sender->send(value); });
        last.join();
        CHECK((waits.has_value() || sender->is_closed()));
        CHECK_FALSE(await_in(m, rt, [&] { return sender->send(value); }).has_value());
    });
}

TEST_CASE("many_ends_of_an_unbounded_channel_lose_nothing") {
    bf::runtime rt{small_runtime(4)};
    std::atomic<int> sum{0};
    std::vector<bf::join_handle<void>> all;
    {
        auto [sender, receiver] = bf::make_unbounded_channel<int>();
        for (int n = 0; n < 4; ++n) {
            all.push_back(rt.spawn(
                tests::both_backends[n % 2],
                [](bf::channel_sender<bf::unbounded_channel<int>> to) -> bf::task<> {
                    for (int turn = 0; turn < 1'000; ++turn) {
                        (void)to.send(1);
                        co_await bf::yield_now();
                    }
                },
                sender));
            all.push_back(rt.spawn(
                tests::both_backends[n % 2],
                [&sum](bf::channel_receiver<bf::unbounded_channel<int>> from) -> bf::task<> {
                    while (auto value = co_await from.recv()) sum += *value;
                },
                receiver));
        }
    }
    for (auto& one : all) one.join();
    CHECK(sum == 4'000);
    tests::check_aborts("an end of a channel was used after it was moved from", [] {
        auto ends = bf::make_channel<int>(1);
        const auto moved = std::move(ends.first);
        (void)ends.first.try_send(1);
    });
}
