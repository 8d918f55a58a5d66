// Stop tokens, sends as arms, and what reviews found in sets and shields.
#include "one_worker.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <expected>
#include <memory>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

using namespace both;
using namespace std::chrono_literals;
using tests::let_others_park;

namespace {

bf::task<long> sum_of(bf::channel<int>& from) {
    long sum = 0;
    while (const auto value = co_await from.recv()) sum += *value;
    co_return sum;
}

}  // namespace

TEST_CASE("a_stop_token_cancels_and_cancellation_stops_a_token") {
    tests::on_one_worker([](bf::backend model) {
        std::stop_source source;
        bf::event never;
        auto waiting = bf::spawn(
            model,
            [](std::stop_token token, bf::event& event) -> bf::task<bool> {
                const auto answer = co_await bf::stop_when(token, event.wait());
                co_return !answer.has_value();
            },
            source.get_token(), std::ref(never));
        let_others_park();
        CHECK_FALSE(waiting.done());
        source.request_stop();
        CHECK(bf::await(waiting));
        // Stopped before it began: the future is asked first.
        CHECK(bf::await(bf::stop_when(source.get_token(), bf::ready(3))).value() == 3);
        CHECK_FALSE(bf::await(bf::stop_when(source.get_token(), never.wait())).has_value());

        bool told = false;
        auto listening = bf::spawn(
            model,
            [](bool& into) -> bf::task<> {
                auto body = [&into](std::stop_token token) -> bf::task<> {
                    while (!token.stop_requested()) co_await bf::yield_now();
                    into = true;
                };
                co_await bf::with_stop_token(body);
            },
            std::ref(told));
        let_others_park();
        listening.cancel();
        CHECK_FALSE(bf::await(listening.outcome()).has_value());
        CHECK(told);
    });
}

TEST_CASE("of_several_sends_in_a_race_exactly_one_is_made") {
    for (const bf::backend model : tests::both_backends)
        for (const std::uint32_t capacity : {0U, 1U, 3U}) {
            bf::runtime rt{small_runtime(4)};
            bf::channel<int> a{capacity};
            bf::channel<int> b{capacity};
            constexpr int each = 2'000;
            const auto send = [&]() -> bf::task<> {
                for (int n = 1; n <= each; ++n) (void)co_await bf::race(a.send(n), b.send(n));
            };
            auto from_a = rt.spawn(model, sum_of, std::ref(a));
            auto from_b = rt.spawn(model, sum_of, std::ref(b));
            auto one = rt.spawn(model, send);
            auto two = rt.spawn(model, send);
            one.join();
            two.join();
            a.close();
            b.close();
            CHECK(from_a.join() + from_b.join() == 2L * each * (each + 1) / 2);
        }
}

TEST_CASE("a_send_with_a_sequel_is_made_where_it_wins_and_nowhere_else") {
    for (const bf::backend model : tests::both_backends)
        for (const std::uint32_t capacity : {0U, 1U, 3U}) {
            bf::runtime rt{small_runtime(4)};
            bf::channel<int> a{capacity};
            bf::channel<int> b{capacity};
            using sums = std::array<long, 2>;
            const auto send = [&]() -> bf::task<sums> {
                const auto tell = [](const std::expected<void, bf::send_error<int>>& sent) {
                    return bf::ready(sent.has_value());
                };
                sums sent{};
                for (int n = 1; n <= 1'000; ++n) {
                    const auto first = co_await bf::race(bf::and_then(a.send(n), tell), b.send(n));
                    sent[first.index()] += n;
                }
                co_return sent;
            };
            auto from_a = rt.spawn(model, sum_of, std::ref(a));
            auto from_b = rt.spawn(model, sum_of, std::ref(b));
            auto one = rt.spawn(model, send);
            auto two = rt.spawn(model, send);
            const sums first = one.join();
            const sums second = two.join();
            a.close();
            b.close();
            CHECK(from_a.join() == first[0] + second[0]);
            CHECK(from_b.join() == first[1] + second[1]);
        }
}

TEST_CASE("a_stop_that_races_the_end_of_a_wait_loses_nothing") {
    for (const bf::backend model : tests::both_backends) {
        bf::runtime rt{small_runtime(2)};
        int wrong = 0;
        for (int round = 1; round <= 200; ++round) {
            std::stop_source source;
            std::atomic<bool> go{false};
            bf::channel<int> in{1};
            bf::channel<int> out{1};
            (void)out.try_send(0);
            auto receives = rt.spawn(
                model,
                [](std::stop_token token, bf::channel<int>& from) -> bf::task<int> {
                    const auto got = co_await bf::stop_when(token, from.recv());
                    co_return got.has_value() ? got->value_or(-1) : 0;
                },
                source.get_token(), std::ref(in));
            auto sends = rt.spawn(
                model,
                [](std::stop_token token, bf::channel<int>& to) -> bf::task<bool> {
                    const auto sent = co_await bf::stop_when(token, to.send(1));
                    co_return sent.has_value();
                },
                source.get_token(), std::ref(out));
            std::thread stopper{[&] {
                while (!go) std::this_thread::yield();
                source.request_stop();
            }};
            go = true;
            (void)in.try_send(round);
            if (out.try_recv() != 0) ++wrong;
            stopper.join();
            // What was not received is still there; what was not sent is not.
            if (receives.join() + in.try_recv().value_or(0) != round) ++wrong;
            if (sends.join() != out.try_recv().has_value()) ++wrong;
        }
        CHECK(wrong == 0);
    }
}

TEST_CASE("code_with_a_stop_token_ends_by_itself_whether_a_stop_or_its_work_comes_first") {
    for (const bf::backend model : tests::both_backends) {
        bf::runtime rt{small_runtime(2)};
        int wrong = 0;
        for (int round = 0; round < 200; ++round) {
            std::stop_source source;
            std::atomic<bool> go{false};
            bf::event work;
            std::atomic<int> begun{0};
            std::atomic<int> ended{0};
            auto waits = rt.spawn(model, [&, outer = source.get_token()]() -> bf::task<> {
                auto body = [&work, &begun, &ended](std::stop_token token) -> bf::task<bool> {
                    ++begun;
                    const auto answer = co_await bf::stop_when(token, work.wait());
                    ++ended;
                    co_return answer.has_value();
                };
                (void)co_await bf::stop_when(outer, bf::with_stop_token(body));
            });
            const bool cancels = round % 2 == 0;
            std::thread stopper{[&] {
                while (!go) std::this_thread::yield();
                if (cancels)
                    waits.cancel();
                else
                    source.request_stop();
            }};
            go = true;
            work.set();
            stopper.join();
            const bool has_value = bf::block_on(waits.outcome()).has_value();
            if (begun != ended || (!cancels && (!has_value || begun != 1))) ++wrong;
        }
        CHECK(wrong == 0);
    }
}

TEST_CASE("a_set_that_outlives_a_wait_wakes_nobody_who_is_gone") {
    // Found by review: the set kept the address of the task whose wait for it had timed out.
    for (const bf::backend model : tests::both_backends) {
        bf::runtime rt{small_runtime(1)};
        rt.run([&] {
            bf::event event;
            bf::future_set<bf::event::wait_future> set;
            set.add(event.wait());
            bf::await(bf::spawn(
                model,
                [](bf::future_set<bf::event::wait_future>& from) -> bf::task<> {
                    (void)co_await bf::timeout(from.next(), 1ms);
                },
                std::ref(set)));
            event.set();
            CHECK(bf::await(set.next()).has_value());
        });
    }
}

TEST_CASE("a_future_that_is_added_while_another_part_of_the_task_waits_is_polled") {
    in_each_model([](model m, bf::runtime& rt) {
        bf::event never;
        bf::event open;
        open.set();
        bf::future_set<bf::event::wait_future> set;
        set.add(never.wait());
        const auto add = [&] { return bf::lazy([&] { return set.add(open.wait()); }); };
        auto both_parts = await_in(m, rt, [&] { return bf::join_all(set.next(), bf::and_then(bf::yield_now(), add)); });
        CHECK(std::get<0>(both_parts)->key() == 1);
    });
}

TEST_CASE("a_set_whose_futures_were_all_cancelled_may_be_used_again") {
    in_each_model([](model m, bf::runtime& rt) {
        bf::event never;
        bf::future_set<bf::event::wait_future> set;
        for (int times = 0; times < 3; ++times) {
            set.add(never.wait());
            CHECK_FALSE(await_in(m, rt, [&] { return bf::try_race(set.next()); }).has_value());
            // A wait for an event is at rest at once.
            CHECK(await_in(m, rt, [&] { return bf::try_race(set.cancel_all()); }).has_value());
            CHECK(set.empty());
        }
    });
}

TEST_CASE("a_set_may_be_destroyed_while_its_futures_are_woken_or_new") {
    bf::event open;
    const auto held = std::make_shared<int>(0);
    const auto wait = [&] { return bf::map(open.wait(), [held] { return *held; }); };
    {
        bf::future_set<decltype(wait())> set;
        set.add(wait());
        CHECK_FALSE(bf::block_on(bf::try_race(set.next())).has_value());
        open.set();
        set.add(wait());
        CHECK(held.use_count() == 3);
    }
    CHECK(held.use_count() == 1);
}

TEST_CASE("futures_that_wake_themselves_leave_turns_to_others") {
    tests::on_one_worker([](bf::backend model) {
        bool stop = false;
        auto busy = bf::spawn(
            model,
            [](bool& until) -> bf::task<> {
                std::vector<bf::task<>> all;
                for (int n = 0; n < 2; ++n)
                    all.push_back([](bool& over) -> bf::task<> {
                        while (!over) co_await bf::yield_now();
                    }(until));
                (void)co_await bf::join_all(std::move(all));
            },
            std::ref(stop));
        let_others_park();
        stop = true;
        bf::await(busy);
    });
}

TEST_CASE("what_has_not_begun_is_not_shielded") {
    in_each_model([](model m, bf::runtime& rt) {
        int begun = 0;
        const auto counted = [&begun]() -> bf::task<int> {
            ++begun;
            co_return 1;
        };
        for (int n = 0; n < 20; ++n) {
            begun = 0;
            auto first = await_in(m, rt, [&] { return bf::race(bf::ready(2), bf::shield(counted())); });
            CHECK(begun == static_cast<int>(first.index()));
        }
    });
}

TEST_CASE("a_thread_that_takes_turns_with_itself_serves_its_timers") {
    const auto spin = []() -> bf::task<> {
        for (;;) co_await bf::yield_now();
    };
    CHECK_FALSE(bf::block_on(bf::timeout(spin(), 2ms)).has_value());
}
