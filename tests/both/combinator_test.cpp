// Combinators, event, channel and time: one body per row, in each model.
#include "in_each_model.hpp"

#include <numeric>
#include <thread>
#include <vector>

using namespace both;
using namespace std::chrono_literals;

TEST_CASE("ready_lazy_map_and_then_give_their_values") {
    in_each_model([](model m, bf::runtime& rt) {
        CHECK(await_in(m, rt, [] { return bf::ready(1); }) == 1);
        CHECK(await_in(m, rt, [] { return bf::lazy([] { return 2; }); }) == 2);
        CHECK(await_in(m, rt, [] { return bf::map(bf::ready(2), [](int v) { return v + 1; }); }) == 3);
        const auto next = [](int v) { return bf::ready(v + 1); };
        CHECK(await_in(m, rt, [&] { return bf::and_then(bf::ready(3), next); }) == 4);
        auto arm = await_in(m, rt, [&] { return bf::race(bf::and_then(bf::ready(4), next), bf::pending<int>()); });
        CHECK(std::get<0>(arm.value()) == 5);
        await_in(m, rt, [] { return bf::yield_now(); });
        await_in(m, rt, [] { return bf::ready(); });
    });
}

TEST_CASE("join_all_gives_all_values_and_the_first_exception") {
    in_each_model([](model m, bf::runtime& rt) {
        const auto [a, b, c] = await_in(m, rt, [] { return bf::join_all(bf::ready(1), bf::ready(), bf::ready(2.5)); });
        CHECK(a == 1);
        CHECK(c == 2.5);
        (void)b;
        const auto range = await_in(m, rt, [] {
            std::vector<bf::ready_future<int>> all;
            for (int n = 0; n < 100; ++n) all.emplace_back(n);
            return bf::join_all(std::move(all));
        });
        CHECK(std::accumulate(range.begin(), range.end(), 0) == 4950);
        CHECK(range.capacity() == range.size());
        CHECK_THROWS_WITH(await_in(m, rt,
                                   [] {
                                       return bf::join_all(bf::pending<int>(), bf::lazy([]() -> int {
                                                               throw std::runtime_error{"one failed"};
                                                           }));
                                   }),
                          "one failed");
    });
}

TEST_CASE("race_gives_the_first_and_cancels_the_rest") {
    in_each_model([](model m, bf::runtime& rt) {
        bf::event never;
        auto first = await_in(m, rt, [&] { return bf::race(never.wait(), bf::ready(5), bf::pending<int>()); });
        CHECK(first.index() == 1);
        CHECK(std::get<1>(first.value()) == 5);
    });
}

TEST_CASE("select_leaves_the_others_to_their_owner") {
    bf::runtime rt{small_runtime()};
    rt.run([] {
        bf::channel<int> channel{1};
        bf::event event;
        auto value = channel.recv();
        auto set = event.wait();
        event.set();
        auto first = bf::await(bf::select(value, set));
        CHECK(first.index() == 1);
        (void)channel.try_send(8);
        CHECK(bf::await(value) == 8);
    });
}

TEST_CASE("timeout_answers_in_time_or_says_so") {
    in_each_model([](model m, bf::runtime& rt) {
        auto in_time = await_in(m, rt, [] { return bf::timeout(bf::ready(3), 1h); });
        CHECK(in_time.value() == 3);
        bf::event never;
        auto late = await_in(m, rt, [&] { return bf::timeout(never.wait(), 2ms); });
        CHECK_FALSE(late.has_value());
    });
}

TEST_CASE("channel_conserves_messages_between_mixed_models") {
    for (const bf::backend senders : {bf::backend::stackless, bf::backend::stackful})
        for (const bf::backend receivers : {bf::backend::stackless, bf::backend::stackful})
            for (const std::uint32_t capacity : {1U, 2U, 64U}) {
                bf::runtime rt{small_runtime()};
                bf::channel<long> channel{capacity};
                constexpr int peers = 4;
                constexpr long each = 2'000;
                struct body {
                    static bf::task<> send(bf::channel<long>& to, long from) {
                        // No co_await inside of Catch's macros: they name their argument twice.
                        for (long n = 0; n < each; ++n) {
                            const auto sent = co_await to.send(from + n);
                            if (!sent) throw std::runtime_error{"the channel was closed too early"};
                        }
                    }
                    static bf::task<long> receive(bf::channel<long>& from) {
                        long sum = 0;
                        while (auto value = co_await from.recv()) sum += *value;
                        co_return sum;
                    }
                };
                std::vector<bf::join_handle<void>> out;
                std::vector<bf::join_handle<long>> in;
                for (int p = 0; p < peers; ++p) in.push_back(rt.spawn(receivers, body::receive, std::ref(channel)));
                for (int p = 0; p < peers; ++p)
                    out.push_back(rt.spawn(senders, body::send, std::ref(channel), p * each));
                for (auto& handle : out) handle.join();
                channel.close();
                long sum = 0;
                for (auto& handle : in) sum += handle.join();
                constexpr long total = peers * each;
                CHECK(sum == total * (total - 1) / 2);
            }
}

TEST_CASE("close_wakes_every_parked_peer_and_gives_values_back") {
    in_each_model([](model m, bf::runtime& rt) {
        bf::channel<int> full{1};
        (void)full.try_send(1);
        bf::channel<int> empty{1};
        std::thread closer{[&] {
            std::this_thread::yield();
            full.close();
            empty.close();
        }};
        auto sent = await_in(m, rt, [&] { return full.send(2); });
        REQUIRE_FALSE(sent.has_value());
        CHECK(sent.error().take() == 2);
        CHECK_FALSE(await_in(m, rt, [&] { return empty.recv(); }).has_value());
        CHECK(await_in(m, rt, [&] { return full.recv(); }) == 1);
        CHECK_FALSE(await_in(m, rt, [&] { return full.recv(); }).has_value());
        closer.join();
        CHECK(full.try_send(3).error().is_closed());
        CHECK(full.try_recv().error() == bf::try_recv_error::closed);
    });
}

TEST_CASE("a_cancelled_receiver_passes_its_item_on") {
    bf::runtime rt{small_runtime(1)};
    rt.run([] {
        bf::channel<int> channel{1};
        auto receive = [](bf::channel<int>& from) -> bf::task<int> { co_return (co_await from.recv()).value_or(-1); };
        auto first = bf::spawn(receive, std::ref(channel));
        auto second = bf::spawn(receive, std::ref(channel));
        bf::this_fiber::yield();
        bf::this_fiber::yield();
        (void)channel.try_send(6);  // Wakes one of the two.
        first.cancel();
        second.cancel();
        int got = 0;
        auto a = bf::await(first.outcome());
        auto b = bf::await(second.outcome());
        if (a) got += *a;
        if (b) got += *b;
        if (auto rest = channel.try_recv()) got += *rest;
        CHECK(got == 6);
    });
}

TEST_CASE("a_member_that_is_ready_is_in_nobodys_way") {
    in_each_model([](model m, bf::runtime& rt) {
        bf::channel<int> values{1};
        const auto send_later = [&]() -> bf::task<> {
            co_await bf::sleep_for(5ms);
            (void)co_await values.send(7);
        };
        // The first has given up its place when the value comes.
        auto got = await_in(m, rt, [&] {
            return bf::join_all(bf::timeout(values.recv(), 1ms), bf::timeout(values.recv(), 10s), send_later());
        });
        CHECK_FALSE(std::get<0>(got).has_value());
        CHECK(std::get<1>(got).has_value());
    });
}
