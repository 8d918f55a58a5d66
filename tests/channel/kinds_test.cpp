// The contracts of the other channels: rendezvous, unbounded, oneshot, broadcast, watch; and receiving in batches.
#include "last_words.hpp"
#include "one_worker.hpp"

#include <atomic>
#include <cstddef>
#include <limits>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace both;
using tests::let_others_park;

TEST_CASE("a_rendezvous_ends_a_send_when_its_value_is_taken") {
    tests::on_one_worker([](bf::backend model) {
        bf::channel<int> desk{0};
        CHECK(desk.try_send(1).error().is_full());
        CHECK(desk.try_recv().error() == bf::try_recv_error::empty);
        auto sender =
            bf::spawn(model, [](bf::channel<int>& to) -> bf::task<> { (void)co_await to.send(7); }, std::ref(desk));
        let_others_park();
        CHECK_FALSE(sender.done());
        CHECK(desk.len() == 0);
        CHECK(desk.try_recv() == 7);
        bf::await(sender);
        auto receiver = bf::spawn(
            model, [](bf::channel<int>& from) -> bf::task<int> { co_return (co_await from.recv()).value_or(-1); },
            std::ref(desk));
        let_others_park();
        CHECK(desk.try_send(8).has_value());
        CHECK(bf::await(receiver) == 8);
    });
}

TEST_CASE("a_rendezvous_of_many_loses_nothing") {
    for (const bf::backend model : tests::both_backends) {
        bf::runtime rt{small_runtime(4)};
        bf::channel<int> desk{0};
        constexpr int each = 2'000;
        const auto send = [](bf::channel<int>& to) -> bf::task<> {
            for (int n = 1; n <= each; ++n) (void)co_await to.send(n);
        };
        const auto receive = [](bf::channel<int>& from) -> bf::task<long> {
            long sum = 0;
            while (const auto value = co_await from.recv()) sum += *value;
            co_return sum;
        };
        std::vector<bf::join_handle<long>> receivers;
        std::vector<bf::join_handle<void>> senders;
        for (int n = 0; n < 4; ++n) receivers.push_back(rt.spawn(model, receive, std::ref(desk)));
        for (int n = 0; n < 3; ++n) senders.push_back(rt.spawn(model, send, std::ref(desk)));
        std::thread thread{[&] { bf::await(send(desk)); }};
        for (auto& sender : senders) sender.join();
        thread.join();
        desk.close();
        long sum = 0;
        for (auto& receiver : receivers) sum += receiver.join();
        CHECK(sum == 4L * each * (each + 1) / 2);
    }
}

TEST_CASE("a_batch_takes_what_is_there_and_waits_for_the_first") {
    in_each_model([](model m, bf::runtime& rt) {
        bf::channel<int> channel{8};
        for (int n = 0; n < 5; ++n) (void)channel.try_send(n);
        std::vector<int> values;
        CHECK(await_in(m, rt, [&] { return channel.recv_many(values, 3); }) == 3);
        CHECK(await_in(m, rt, [&] { return channel.recv_many(values, 100); }) == 2);
        CHECK(await_in(m, rt, [&] { return channel.recv_many(values, 0); }) == 0);
        std::thread sender{[&] { (void)channel.try_send(5); }};
        CHECK(await_in(m, rt, [&] { return channel.recv_many(values, 100); }) == 1);
        sender.join();
        CHECK(values == std::vector<int>{0, 1, 2, 3, 4, 5});
        channel.close();
        CHECK(await_in(m, rt, [&] { return channel.recv_many(values, 100); }) == 0);
    });
}

TEST_CASE("an_unbounded_channel_takes_everything_and_keeps_the_order") {
    in_each_model([](model m, bf::runtime& rt) {
        bf::unbounded_channel<std::unique_ptr<int>> channel;
        for (int round = 0; round < 3; ++round) {
            for (int n = 0; n < 1'000; ++n) (void)channel.send(std::make_unique<int>(n));
            int wrong = 0;
            for (int n = 0; n < 1'000; ++n)
                if (**await_in(m, rt, [&] { return channel.recv(); }) != n) ++wrong;
            CHECK(wrong == 0);
        }
        (void)channel.send(std::make_unique<int>(1));
        channel.close();
        CHECK(channel.send(std::make_unique<int>(2)).error().take() != nullptr);
        CHECK(await_in(m, rt, [&] { return channel.recv(); }).has_value());
        CHECK_FALSE(await_in(m, rt, [&] { return channel.recv(); }).has_value());
    });
    // What is left is destroyed with it.
    auto counted = std::make_shared<int>(0);
    {
        bf::unbounded_channel<std::shared_ptr<int>> channel;
        for (int n = 0; n < 200; ++n) (void)channel.send(counted);
        (void)channel.try_recv();
    }
    CHECK(counted.use_count() == 1);
}

TEST_CASE("an_unbounded_channel_knows_how_much_it_holds_and_gives_it_in_batches") {
    in_each_model([](model m, bf::runtime& rt) {
        bf::unbounded_channel<int> channel;
        CHECK(channel.capacity() == std::numeric_limits<std::size_t>::max());
        CHECK(channel.len() == 0);
        for (int n = 0; n < 1'000; ++n) (void)channel.send(n);
        CHECK(channel.len() == 1'000);
        std::vector<int> values;
        CHECK(await_in(m, rt, [&] { return channel.recv_many(values, 300); }) == 300);
        CHECK(channel.len() == 700);
        CHECK(channel.try_recv() == 300);
        values.push_back(300);
        CHECK(await_in(m, rt, [&] { return channel.recv_many(values, 0); }) == 0);
        CHECK(await_in(m, rt, [&] { return channel.recv_many(values, 10'000); }) == 699);
        CHECK(channel.len() == 0);
        std::thread sender{[&] { (void)channel.send(1'000); }};
        CHECK(await_in(m, rt, [&] { return channel.recv_many(values, 10'000); }) == 1);
        sender.join();
        std::vector<int> expected(1'001);
        std::iota(expected.begin(), expected.end(), 0);
        CHECK(values == expected);
        (void)channel.send(1);
        (void)channel.send(2);
        channel.close();
        CHECK(channel.len() == 2);
        CHECK(await_in(m, rt, [&] { return channel.recv_many(values, 10'000); }) == 2);
        CHECK(await_in(m, rt, [&] { return channel.recv_many(values, 10'000); }) == 0);
        CHECK(channel.len() == 0);
    });
}

TEST_CASE("an_unbounded_channel_of_many_loses_nothing") {
    for (const bf::backend model : tests::both_backends) {
        bf::runtime rt{small_runtime(4)};
        bf::unbounded_channel<int> channel;
        constexpr int each = 5'000;
        const auto receive = [](bf::unbounded_channel<int>& from) -> bf::task<long> {
            long sum = 0;
            while (const auto value = co_await from.recv()) sum += *value;
            co_return sum;
        };
        std::vector<bf::join_handle<long>> receivers;
        std::vector<bf::join_handle<void>> senders;
        for (int n = 0; n < 3; ++n) receivers.push_back(rt.spawn(model, receive, std::ref(channel)));
        for (int n = 0; n < 3; ++n)
            senders.push_back(rt.spawn(
                model,
                [](bf::unbounded_channel<int>& to) -> bf::task<> {
                    for (int v = 1; v <= each; ++v) {
                        (void)to.send(v);
                        if (v % 64 == 0) co_await bf::yield_now();
                    }
                },
                std::ref(channel)));
        for (auto& sender : senders) sender.join();
        channel.close();
        long sum = 0;
        for (auto& receiver : receivers) sum += receiver.join();
        CHECK(sum == 3L * each * (each + 1) / 2);
    }
}

TEST_CASE("a_oneshot_carries_one_value_or_says_that_there_is_none") {
    in_each_model([](model m, bf::runtime& rt) {
        bf::oneshot<std::string> shot;
        CHECK(shot.try_recv().error() == bf::try_recv_error::empty);
        std::thread sender{[&] { (void)shot.send("word"); }};
        CHECK(await_in(m, rt, [&] { return shot.recv(); }) == "word");
        sender.join();
        CHECK(shot.try_recv().error() == bf::try_recv_error::closed);
        CHECK(shot.send("second").error().take() == "second");
        CHECK_FALSE(await_in(m, rt, [&] { return shot.recv(); }).has_value());

        bf::oneshot<int> closed;
        closed.close();
        closed.close();
        CHECK(closed.send(1).error().take() == 1);
        CHECK_FALSE(await_in(m, rt, [&] { return closed.recv(); }).has_value());

        // What was sent and not received is destroyed.
        auto counted = std::make_shared<int>(0);
        {
            bf::oneshot<std::shared_ptr<int>> unread;
            (void)unread.send(counted);
            unread.close();
        }
        CHECK(counted.use_count() == 1);
    });
}

TEST_CASE("the_handles_of_a_oneshot_end_independently") {
    in_each_model([](model m, bf::runtime& rt) {
        auto [sender, receiver] = bf::make_oneshot<int>();
        CHECK(sender.send(3).has_value());
        bf::oneshot_receiver<int> moved = std::move(receiver);
        CHECK(await_in(m, rt, [&] { return moved.recv(); }) == 3);
        {
            auto pair = bf::make_oneshot<int>();
            std::thread dropper{[s = std::move(pair.first)]() mutable { const auto gone = std::move(s); }};
            CHECK_FALSE(await_in(m, rt, [&] { return pair.second.recv(); }).has_value());
            dropper.join();
        }
        auto pair = bf::make_oneshot<int>();
        {
            const auto gone = std::move(pair.second);
        }
        CHECK(pair.first.send(4).error().take() == 4);
    });
    tests::check_aborts("a oneshot_receiver was used after it was moved from", [] {
        auto pair = bf::make_oneshot<int>();
        const auto moved = std::move(pair.second);
        (void)pair.second.try_recv();
    });
}

TEST_CASE("a_broadcast_reaches_every_subscriber_and_tells_how_far_it_lagged") {
    in_each_model([](model m, bf::runtime& rt) {
        bf::broadcast<int> news{3};
        auto early = news.subscribe();
        CHECK(early.try_recv().error().is_empty());
        CHECK(news.send(1).value() == 1);
        auto late = news.subscribe();
        CHECK(news.send(2).value() == 2);
        CHECK(early.try_recv() == 1);
        auto copy = early;
        CHECK(early.try_recv() == 2);
        CHECK(copy.try_recv() == 2);
        CHECK(late.try_recv() == 2);
        for (int n = 3; n < 10; ++n) (void)news.send(n);
        const auto lost = await_in(m, rt, [&] { return early.recv(); });
        REQUIRE_FALSE(lost.has_value());
        CHECK(lost.error().is_lagged());
        CHECK(lost.error().missed() == 4);
        CHECK(early.try_recv() == 7);
        news.close();
        CHECK(early.try_recv() == 8);
        CHECK(await_in(m, rt, [&] { return early.recv(); }) == 9);
        CHECK(await_in(m, rt, [&] { return early.recv(); }).error().is_closed());
        CHECK(news.send(10).error().take() == 10);
        CHECK_THROWS_AS(bf::broadcast<int>(0), std::invalid_argument);
    });
    bf::runtime rt{small_runtime(4)};
    bf::broadcast<int> news{64};
    constexpr int count = 20'000;
    std::vector<bf::join_handle<long>> readers;
    for (int n = 0; n < 4; ++n)
        readers.push_back(rt.spawn(
            tests::both_backends[n % 2],
            [](bf::broadcast<int>::subscription from) -> bf::task<long> {
                long seen = 0;
                int last = 0;
                for (;;) {
                    const auto value = co_await from.recv();
                    if (value) {
                        if (*value <= last) co_return -1;
                        last = *value;
                        ++seen;
                    } else if (value.error().is_lagged()) {
                        seen += static_cast<long>(value.error().missed());
                    } else {
                        co_return seen;
                    }
                }
            },
            news.subscribe()));
    for (int n = 1; n <= count; ++n) (void)news.send(n);
    news.close();
    for (auto& reader : readers) CHECK(reader.join() == count);
}

TEST_CASE("a_watch_shows_the_newest_value_and_wakes_on_change") {
    in_each_model([](model m, bf::runtime& rt) {
        bf::watch<std::string> value{"first"};
        auto watcher = value.subscribe();
        CHECK_FALSE(watcher.has_changed());
        CHECK(watcher.get() == "first");
        (void)value.send("second");
        (void)value.send("third");
        CHECK(watcher.has_changed());
        CHECK(await_in(m, rt, [&] { return watcher.changed(); }));
        CHECK(watcher.get() == "third");
        CHECK_FALSE(watcher.has_changed());
        std::thread sender{[&] { (void)value.send("fourth"); }};
        CHECK(await_in(m, rt, [&] { return watcher.changed(); }));
        sender.join();
        CHECK(value.get() == "fourth");
        (void)watcher.get();
        value.close();
        CHECK_FALSE(await_in(m, rt, [&] { return watcher.changed(); }));
        CHECK(value.send("fifth").error().take() == "fifth");
    });
}
