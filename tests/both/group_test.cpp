// Combinators over many futures: future_set, ranges, try_join_all, races with a default or a disabled arm; how often
// they poll. Who wins is in fairness_test.cpp.
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

// What a counted future waits for. Whoever wakes it may do so in vain.
struct gate {
    bool open = false;
    bf::waker asked;
};

// Ready with its number once its gate is open; counts its polls.
class counted {
public:
    using output = result;

    counted(gate& at, long& polls, int number) noexcept : gate_{&at}, polls_{&polls}, number_{number} {}

    bf::polled<result> poll(bf::context& cx) {
        ++*polls_;
        if (gate_->open) return result{number_};
        gate_->asked = cx.waker();
        return bf::not_ready;
    }

private:
    gate* gate_;
    long* polls_;
    int number_;
};

// Gives 10,000 futures to the coroutine `combine` and wakes them one by one, each when the one before was asked. Where
// `all_open` they are then ready, else the last alone is. `combine` says whether the answer was right.
template <class Combine>
void costs_a_poll_a_wake(bool all_open, Combine combine) {
    tests::on_one_worker([&](bf::backend model) {
        constexpr int count = 10'000;
        std::vector<gate> gates(count);
        long polls = 0;
        std::vector<counted> futures;
        for (int n = 0; n < count; ++n) futures.emplace_back(gates[n], polls, n);
        auto waits = bf::spawn(model, combine, std::move(futures));
        let_others_park();
        CHECK(polls == count);
        for (int n = 0; n < count; ++n) {
            gates[n].open = all_open || n == count - 1;
            const long before = polls;
            gates[n].asked.wake();
            for (int turn = 0; turn < 1'000 && polls == before; ++turn) bf::this_fiber::yield();
        }
        CHECK(bf::await(waits));
        CHECK(polls <= 3L * count);
    });
}

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

TEST_CASE("ten_thousand_futures_in_a_range_are_woken_by_another_thread") {
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

TEST_CASE("ten_thousand_futures_in_a_range_cost_a_poll_a_wake") {
    costs_a_poll_a_wake(true, [](std::vector<counted> futures) -> bf::task<bool> {
        const auto values = co_await bf::join_all(std::move(futures));
        int number = 0;
        for (const result& value : values) number += value == number ? 1 : 0;
        co_return number == 10'000;
    });
    costs_a_poll_a_wake(true, [](std::vector<counted> futures) -> bf::task<bool> {
        const auto values = co_await bf::try_join_all(std::move(futures));
        int number = 0;
        for (const int value : values.value()) number += value == number ? 1 : 0;
        co_return number == 10'000;
    });
    costs_a_poll_a_wake(false, [](std::vector<counted> futures) -> bf::task<bool> {
        auto first = co_await bf::race(std::move(futures));
        co_return first.key() == 9'999 && first.value() == 9'999;
    });
}

TEST_CASE("a_parked_race_or_select_asks_its_arms_once_a_wake") {
    struct scene {
        std::array<gate, 2> gates;
        std::array<long, 2> polls{};
        counted arm(std::size_t n) { return counted{gates[n], polls[n], static_cast<int>(n)}; }
    };
    const auto parks = [](auto waits_for_one) {
        tests::on_one_worker([&](bf::backend model) {
            scene at;
            auto waits = bf::spawn(model, waits_for_one, std::ref(at));
            let_others_park();
            CHECK(at.polls == std::array<long, 2>{1, 1});
            at.gates[0].asked.wake();  // In vain.
            let_others_park();
            CHECK(at.polls[0] == 2);
            CHECK(at.polls[1] <= 2);
            at.gates[1].open = true;
            at.gates[1].asked.wake();
            CHECK(bf::await(waits) == 1);
            CHECK(at.polls[0] <= 3);
            CHECK(at.polls[1] <= 3);
        });
    };
    parks([](scene& at) -> bf::task<std::size_t> {
        const auto first = co_await bf::race(at.arm(0), at.arm(1));
        co_return first.index();
    });
    parks([](scene& at) -> bf::task<std::size_t> {
        std::vector<counted> arms{at.arm(0), at.arm(1)};
        const auto first = co_await bf::race(std::move(arms));
        co_return first.key();
    });
    parks([](scene& at) -> bf::task<std::size_t> {
        auto one = at.arm(0);
        auto two = at.arm(1);
        const auto first = co_await bf::select(one, two);
        co_return first.index();
    });
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
        CHECK_THROWS_WITH(await_in(m, rt,
                                   [&] {
                                       return bf::try_join_all(
                                           bf::map(never.wait(), [] { return result{1}; }),
                                           bf::lazy([]() -> result { throw std::runtime_error{"thrown"}; }));
                                   }),
                          "thrown");
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
