// Places of a channel that are kept for one value, and a oneshot's sender that waits for the receiver's end.
#include "both/cancel_everywhere.hpp"
#include "last_words.hpp"

#include <atomic>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace both;
using tests::let_others_park;

namespace {

using place = bf::output_of<bf::channel<int>::reserve_future>;

}  // namespace

TEST_CASE("a_reserved_place_is_kept_until_it_is_filled_or_given_back") {
    in_each_model([](model m, bf::runtime& rt) {
        bf::channel<int> channel{1};
        auto kept = await_in(m, rt, [&] { return channel.reserve(); });
        CHECK(kept);
        CHECK(channel.len() == 0);
        CHECK(channel.try_send(1).error().is_full());
        CHECK(kept.send(2).has_value());
        CHECK_FALSE(kept);
        CHECK(channel.try_recv() == 2);
        {
            const auto dropped = await_in(m, rt, [&] { return channel.reserve(); });
        }
        CHECK(channel.try_send(3).has_value());
        std::thread receiver{[&] { (void)channel.try_recv(); }};
        auto waited = await_in(m, rt, [&] { return channel.reserve(); });
        receiver.join();
        CHECK(waited);
        channel.close();
        CHECK(waited.send(4).error().take() == 4);
        CHECK_FALSE(await_in(m, rt, [&] { return channel.reserve(); }));
    });
    tests::check_aborts("reserve() of a channel without room", [] {
        bf::channel<int> channel{0};
        (void)channel.reserve();
    });
}

TEST_CASE("places_are_given_in_the_order_of_the_queue") {
    tests::on_one_worker([](bf::backend model) {
        bf::channel<int> channel{1};
        (void)channel.try_send(0);
        std::optional<place> kept;
        auto first = bf::spawn(model, [&]() -> bf::task<> { kept.emplace(co_await channel.reserve()); });
        let_others_park();
        auto second = bf::spawn(model, [&]() -> bf::task<bool> {
            const auto sent = co_await channel.send(2);
            co_return sent.has_value();
        });
        let_others_park();
        CHECK(channel.try_recv() == 0);
        bf::await(first);
        let_others_park();
        CHECK_FALSE(second.done());
        kept.reset();
        const bool sent = bf::await(second);
        CHECK(sent);
        CHECK(channel.try_recv() == 2);
        CHECK(channel.len() == 0);
    });
}

TEST_CASE("places_of_many_lose_nothing") {
    bf::runtime rt{small_runtime(4)};
    bf::channel<int> channel{2};
    std::atomic<int> sent{0};
    std::vector<bf::join_handle<void>> senders;
    for (int n = 0; n < 4; ++n)
        senders.push_back(rt.spawn(tests::both_backends[n % 2], [&]() -> bf::task<> {
            for (int turn = 0; turn < 2'000; ++turn) {
                auto kept = co_await channel.reserve();
                if (turn % 3 == 0) continue;
                if (kept.send(1)) ++sent;
            }
        }));
    auto receiver = rt.spawn([&]() -> bf::task<int> {
        int sum = 0;
        while (auto value = co_await channel.recv()) sum += *value;
        co_return sum;
    });
    for (auto& sender : senders) sender.join();
    channel.close();
    CHECK(receiver.join() == sent);
}

TEST_CASE("a_oneshot_sender_learns_that_nobody_receives_any_more") {
    in_each_model([](model m, bf::runtime& rt) {
        {
            auto ends = bf::make_oneshot<int>();
            std::thread leaver{
                [receiver = std::move(ends.second)]() mutable { const auto gone = std::move(receiver); }};
            await_in(m, rt, [&] { return ends.first.closed(); });
            leaver.join();
            await_in(m, rt, [&] { return ends.first.closed(); });
            CHECK(ends.first.send(1).error().take() == 1);
        }
        {
            // The value may be sent while the wait goes on.
            auto ends = bf::make_oneshot<int>();
            auto gone = ends.first.closed();
            auto turn = bf::yield_now();
            (void)bf::block_on(bf::select(gone, turn));
            CHECK(ends.first.send(7).has_value());
            CHECK(await_in(m, rt, [&] { return ends.second.recv(); }) == 7);
            bf::block_on(gone);
        }
        {
            // One that begins behind a send leaves the value alone.
            auto ends = bf::make_oneshot<std::string>();
            CHECK(ends.first.send("word").has_value());
            await_in(m, rt, [&] { return ends.first.closed(); });
            CHECK(ends.second.try_recv() == "word");
        }
        {
            // Both wait.
            auto ends = bf::make_oneshot<int>();
            auto waits = rt.spawn([&]() -> bf::task<bool> {
                const auto value = co_await ends.second.recv();
                co_return value.has_value();
            });
            const auto answer = await_in(m, rt, [&] { return bf::try_race(ends.first.closed()); });
            CHECK_FALSE(answer.has_value());
            CHECK(ends.first.send(8).has_value());
            CHECK(waits.join());
        }
    });
    tests::check_aborts("two waits for the end of one oneshot", [] {
        auto ends = bf::make_oneshot<int>();
        (void)bf::block_on(bf::join_all(ends.first.closed(), ends.first.closed()));
    });
}

namespace {

struct reserve_scenario : tests::scenario {
    bf::channel<int> channel{1};
    reserve_scenario() { (void)channel.try_send(0); }
    auto step(int) {
        return bf::map(channel.reserve(), [](place kept) { return kept.send(1).has_value(); });
    }
    void wake(int) { (void)channel.try_recv(); }
    bool check(int woken) {
        // What was not sent left its place to others.
        const auto left = static_cast<int>(channel.len());
        const bool free = left != 0 || channel.try_send(2).has_value();
        return free && left == 1 + passes - woken;
    }
};

struct oneshot_closed_scenario : tests::scenario {
    std::vector<std::pair<bf::oneshot_sender<int>, std::optional<bf::oneshot_receiver<int>>>> shots;
    oneshot_closed_scenario() {
        for (int n = 0; n < tests::steps_of_a_body; ++n) {
            auto ends = bf::make_oneshot<int>();
            shots.emplace_back(std::move(ends.first), std::move(ends.second));
        }
    }
    auto step(int n) { return shots[static_cast<std::size_t>(n)].first.closed(); }
    void wake(int n) { shots[static_cast<std::size_t>(n)].second.reset(); }
    bool check(int woken) { return passes <= woken; }
};

}  // namespace

TEST_CASE("cancelled_waits_for_places_and_for_a_receivers_end_lose_nothing") {
    tests::cancel_everywhere<reserve_scenario>("reserve");
    tests::cancel_everywhere<oneshot_closed_scenario>("oneshot closed");
}
