// Combinators over many futures: future_set, ranges, try_join_all, races with a default or a disabled arm, fairness.
#include "one_worker.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <expected>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace both;
using namespace std::chrono_literals;
using tests::let_others_park;

namespace {

using result = std::expected<int, std::string>;

// Ready with `value` once the event is set.
auto after(bf::event& event, int value) {
    return bf::map(event.wait(), [value] { return value; });
}
using after_future = decltype(after(std::declval<bf::event&>(), 0));

}  // namespace

TEST_CASE("a_future_set_gives_its_futures_in_the_order_in_which_they_are_ready") {
    in_each_model([](model m, bf::runtime& rt) {
        std::array<bf::event, 4> events;
        bf::future_set<after_future> set;
        for (int n = 0; n < 4; ++n) CHECK(set.add(after(events[n], 10 + n)) == static_cast<std::size_t>(n));
        std::vector<std::size_t> keys;
        for (const int n : {2, 0, 3, 1}) {
            std::thread setter{[&] { events[n].set(); }};
            auto got = await_in(m, rt, [&] { return set.next(); });
            setter.join();
            REQUIRE(got.has_value());
            CHECK(got->value() == 10 + n);
            keys.push_back(got->key());
        }
        CHECK(keys == std::vector<std::size_t>{2, 0, 3, 1});
        CHECK(set.empty());
        CHECK_FALSE(await_in(m, rt, [&] { return set.next(); }).has_value());
    });
}

TEST_CASE("a_set_takes_new_futures_at_any_time_and_drops_those_that_are_left") {
    tests::on_one_worker([](bf::backend model) {
        bf::event never;
        const int sum = bf::await(bf::spawn(
            model,
            [](bf::event& event) -> bf::task<int> {
                bf::future_set<after_future> left;
                left.add(after(event, 1));
                (void)co_await bf::try_race(left.next());  // Polled once, then let go.
                bf::future_set<bf::task<int>> set;
                const auto countdown = [](int from) -> bf::task<int> {
                    co_await bf::yield_now();
                    co_return from;
                };
                set.add(countdown(100));
                int total = 0;
                while (auto got = co_await set.next()) {
                    total += got->value();
                    if (got->value() > 1) set.add(countdown(got->value() - 1));
                }
                co_return total;
            },
            std::ref(never)));
        CHECK(sum == 5050);
    });
}

TEST_CASE("ten_thousand_futures_in_a_range_cost_a_poll_a_wake") {
    for (const bf::backend model : tests::both_backends) {
        bf::runtime rt{small_runtime(2)};
        constexpr int count = 10'000;
        std::vector<bf::event> events(count);
        std::atomic<long> polls{0};
        auto all = rt.spawn(model, [&]() -> bf::task<long> {
            std::vector<bf::task<int>> waits;
            for (int n = 0; n < count; ++n)
                waits.push_back([](bf::event& on, std::atomic<long>& counted, int value) -> bf::task<int> {
                    ++counted;
                    co_await on.wait();
                    ++counted;
                    co_return value;
                }(events[n], polls, n));
            const auto values = co_await bf::join_all(std::move(waits));
            long sum = 0;
            for (int n = 0; n < count; ++n) sum += values[n] == n ? 1 : 0;
            co_return sum;
        });
        while (polls < count) std::this_thread::yield();
        for (int n = count; n-- > 0;) events[n].set();
        CHECK(all.join() == count);
    }
}

TEST_CASE("an_exception_in_a_range_cancels_the_rest_and_comes_out") {
    in_each_model([](model m, bf::runtime& rt) {
        CHECK_THROWS_WITH(await_in(m, rt,
                                   [] {
                                       std::vector<bf::task<int>> all;
                                       const auto wait = []() -> bf::task<int> {
                                           co_return co_await bf::pending<int>();
                                       };
                                       const auto fail = []() -> bf::task<int> {
                                           co_await bf::yield_now();
                                           throw std::runtime_error{"third"};
                                       };
                                       all.push_back(wait());
                                       all.push_back(wait());
                                       all.push_back(fail());
                                       return bf::join_all(std::move(all));
                                   }),
                          "third");
    });
}

TEST_CASE("try_join_all_gives_all_values_or_the_first_error") {
    in_each_model([](model m, bf::runtime& rt) {
        const auto good = await_in(m, rt, [] {
            return bf::try_join_all(bf::ready(result{1}), bf::ready(std::expected<void, std::string>{}),
                                    bf::ready(result{3}));
        });
        REQUIRE(good.has_value());
        CHECK(std::get<0>(*good) == 1);
        CHECK(std::get<2>(*good) == 3);
        bf::event never;
        const auto bad = await_in(m, rt, [&] {
            return bf::try_join_all(bf::map(never.wait(), [] { return result{1}; }),
                                    bf::ready(result{std::unexpected{"no"}}));
        });
        REQUIRE_FALSE(bad.has_value());
        CHECK(bad.error() == "no");
        const auto range = await_in(m, rt, [] {
            std::vector<bf::ready_future<result>> all;
            for (int n = 0; n < 50; ++n) all.emplace_back(result{n});
            return bf::try_join_all(std::move(all));
        });
        CHECK(std::accumulate(range->begin(), range->end(), 0) == 1225);
        const auto bad_range = await_in(m, rt, [] {
            std::vector<bf::ready_future<result>> all;
            for (int n = 0; n < 50; ++n) all.emplace_back(n == 20 ? result{std::unexpected{"twenty"}} : result{n});
            return bf::try_join_all(std::move(all));
        });
        CHECK(bad_range.error() == "twenty");
    });
}

TEST_CASE("a_race_over_a_range_has_one_winner_and_brings_the_rest_to_rest") {
    in_each_model([](model m, bf::runtime& rt) {
        std::vector<bf::event> events(1'000);
        std::thread setter{[&] { events[617].set(); }};
        auto first = await_in(m, rt, [&] {
            std::vector<after_future> all;
            for (int n = 0; n < 1'000; ++n) all.push_back(after(events[n], n));
            return bf::race(std::move(all));
        });
        setter.join();
        CHECK(first.key() == 617);
        CHECK(first.value() == 617);
        CHECK_THROWS_AS(bf::race(std::vector<after_future>{}), std::invalid_argument);
    });
}

TEST_CASE("arms_have_a_default_and_can_be_disabled") {
    in_each_model([](model m, bf::runtime& rt) {
        bf::channel<int> channel{1};
        const auto none = await_in(m, rt, [&] { return bf::try_race(channel.recv()); });
        CHECK_FALSE(none.has_value());
        (void)channel.try_send(4);
        auto some = await_in(m, rt, [&] { return bf::try_race(channel.recv()); });
        REQUIRE(some.has_value());
        CHECK(std::get<0>(some->value()) == 4);
        for (int n = 0; n < 20; ++n) {
            auto first =
                await_in(m, rt, [] { return bf::race(bf::when(false, bf::ready(1)), bf::when(true, bf::ready(2))); });
            CHECK(first.index() == 1);
        }
        const auto late = await_in(m, rt, [&] { return bf::race(channel.recv(), bf::sleep_for(1ms)); });
        CHECK(late.index() == 1);
    });
}

TEST_CASE("the_arm_that_wins_is_uniformly_random_among_the_ready_ones") {
    // Four arms, one of them never ready, in one frame, as a loop would have them: chi-square with 2 degrees of
    // freedom, whose 99.999 % quantile is 23.
    bf::runtime rt{small_runtime(1)};
    for (const bf::backend model : tests::both_backends) {
        const double chi_square = rt.spawn(model, []() -> bf::task<double> {
                                        constexpr int rounds = 30'000;
                                        bf::channel<int> a{1};
                                        bf::channel<int> b{1};
                                        bf::channel<int> never{1};
                                        std::array<long, 4> wins{};
                                        for (int n = 0; n < rounds; ++n) {
                                            (void)a.try_send(n);
                                            // Two arms receive, one sends, one cannot.
                                            auto first =
                                                co_await bf::race(a.recv(), never.recv(), b.send(n), bf::ready(n));
                                            ++wins[first.index()];
                                            (void)b.try_recv();
                                        }
                                        double sum = 0;
                                        for (const int arm : {0, 2, 3}) {
                                            const double off = static_cast<double>(wins[arm]) - rounds / 3.0;
                                            sum += off * off / (rounds / 3.0);
                                        }
                                        co_return wins[1] == 0 ? sum : 1e9;
                                    }).join();
        CHECK(chi_square < 23);
    }
}

TEST_CASE("a_race_of_receivers_takes_one_message_and_loses_none") {
    for (const bf::backend model : tests::both_backends) {
        bf::runtime rt{small_runtime(4)};
        constexpr int each = 3'000;
        bf::channel<int> a{2};
        bf::channel<int> b{2};
        const auto send = [](bf::channel<int>& to) -> bf::task<> {
            for (int n = 1; n <= each; ++n) (void)co_await to.send(n);
        };
        const auto receive = [&]() -> bf::task<long> {
            long sum = 0;
            for (bool open_a = true, open_b = true; open_a || open_b;) {
                auto first = co_await bf::race(bf::when(open_a, a.recv()), bf::when(open_b, b.recv()));
                auto value = first.index() == 0 ? std::get<0>(first.value()) : std::get<1>(first.value());
                if (value)
                    sum += *value;
                else
                    (first.index() == 0 ? open_a : open_b) = false;
            }
            co_return sum;
        };
        auto one = rt.spawn(model, receive);
        auto two = rt.spawn(model, receive);
        auto from_a = rt.spawn(model, send, std::ref(a));
        auto from_b = rt.spawn(model, send, std::ref(b));
        from_a.join();
        from_b.join();
        a.close();
        b.close();
        CHECK(one.join() + two.join() == 2L * each * (each + 1) / 2);
    }
}

TEST_CASE("shield_and_finally_say_what_cancellation_may_do") {
    tests::on_one_worker([](bf::backend model) {
        bf::event go;
        bf::event clean;
        std::string order;
        auto shielded = bf::spawn(
            model,
            [](bf::event& on, std::string& into) -> bf::task<> {
                auto body = [](bf::event& e, std::string& text) -> bf::task<> {
                    co_await e.wait();
                    text += "s";
                }(on, into);
                co_await bf::shield(std::move(body));
                co_await bf::pending();
            },
            std::ref(go), std::ref(order));
        auto cleaned = bf::spawn(
            model,
            [](bf::event& on, std::string& into) -> bf::task<> {
                auto clean_up = [&on, &into]() -> bf::task<> {
                    into += "c";
                    co_await on.wait();
                    into += "d";
                };
                co_await bf::finally(bf::pending(), clean_up);
            },
            std::ref(clean), std::ref(order));
        let_others_park();
        shielded.cancel();
        cleaned.cancel();
        let_others_park();
        CHECK_FALSE(shielded.done());
        CHECK_FALSE(cleaned.done());
        go.set();
        clean.set();
        CHECK_FALSE(bf::await(shielded.outcome()).has_value());
        CHECK_FALSE(bf::await(cleaned.outcome()).has_value());
        CHECK(order.size() == 3);
        CHECK(order.find('s') != std::string::npos);
        CHECK(order.find('d') != std::string::npos);
    });
    in_each_model([](model m, bf::runtime& rt) {
        int cleaned = 0;
        CHECK(await_in(m, rt, [&] { return bf::finally(bf::ready(3), [&cleaned] { ++cleaned; }); }) == 3);
        const auto fail = []() -> int { throw std::runtime_error{"first"}; };
        CHECK_THROWS_WITH(await_in(m, rt, [&] { return bf::finally(bf::lazy(fail), [&cleaned] { ++cleaned; }); }),
                          "first");
        const auto fail_too = [] { throw std::runtime_error{"second"}; };
        CHECK_THROWS_WITH(await_in(m, rt, [&] { return bf::finally(bf::ready(), fail_too); }), "second");
        CHECK(cleaned == 2);
    });
}
