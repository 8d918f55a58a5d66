// The contract of event: set, reset, wait in every model, waits that are dropped, and many waiters at once.
#include "one_worker.hpp"
#include "seed.hpp"
#include <bifilar/base/detail/random.hpp>
#include <bifilar/base/detail/sanitizer.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

using namespace both;
using tests::let_others_park;
using namespace std::chrono_literals;

namespace {

bf::task<> wait_and_count(bf::event& event, std::atomic<int>& count) {
    co_await event.wait();
    ++count;
}

}  // namespace

TEST_CASE("an_event_is_unset_until_it_is_set_and_stays_set") {
    bf::event event;
    CHECK_FALSE(event.is_set());
    CHECK_FALSE(event.try_wait());
    event.set();
    event.set();
    CHECK(event.is_set());
    CHECK(event.try_wait());
    CHECK(event.try_wait());
    event.reset();
    event.reset();
    CHECK_FALSE(event.try_wait());
}

TEST_CASE("waiting_for_a_set_event_is_ready_at_once_any_number_of_times") {
    in_each_model([](model m, bf::runtime& rt) {
        bf::event event;
        event.set();
        // More often than one run's budget.
        const auto waits = [&event] { return bf::map(event.wait(), [] { return 1; }); };
        int ready = 0;
        for (int n = 0; n < 10; ++n) ready += await_in(m, rt, waits);
        CHECK(ready == 10);
    });
    bf::runtime rt{small_runtime(1)};
    bf::event event;
    event.set();
    for (const bf::backend on : tests::both_backends) {
        const int passed = rt.spawn(
                                 on,
                                 [](bf::event& e) -> bf::task<int> {
                                     int count = 0;
                                     for (; count < 10'000; ++count) co_await e.wait();
                                     co_return count;
                                 },
                                 std::ref(event))
                               .join();
        CHECK(passed == 10'000);
    }
}

TEST_CASE("what_was_written_before_set_is_seen_after_wait") {
    in_each_model([](model m, bf::runtime& rt) {
        int wrong = 0;
        for (int round = 0; round < 200; ++round) {
            bf::event event;
            int plain = 0;
            std::thread setter{[&] {
                plain = round + 1;
                event.set();
            }};
            await_in(m, rt, [&event] { return event.wait(); });
            if (plain != round + 1) ++wrong;
            setter.join();
        }
        CHECK(wrong == 0);
    });
}

TEST_CASE("set_wakes_all_waiters_of_all_kinds_in_portions") {
    // Around the number that is woken under one hold of the lock.
    for (const int waiters : {1, 63, 64, 65, 200, 1'000}) {
        bf::runtime rt{small_runtime(2)};
        bf::event event;
        std::atomic<int> begun{0};
        std::atomic<int> woken{0};
        const auto waits = [&]() -> bf::task<> {
            ++begun;
            co_await event.wait();
            ++woken;
        };
        std::vector<bf::join_handle<void>> handles;
        for (int n = 0; n < waiters; ++n) handles.push_back(rt.spawn(tests::both_backends[n % 2], waits));
        std::vector<std::thread> threads;
        for (int n = 0; n < 3; ++n)
            threads.emplace_back([&] {
                ++begun;
                bf::block_on(event.wait());
                ++woken;
            });
        while (begun != waiters + 3) std::this_thread::yield();
        std::this_thread::sleep_for(1ms);  // For the last of them to park; who comes after the set passes as well.
        const int too_early = woken;
        event.set();
        for (auto& handle : handles) handle.join();
        for (std::thread& thread : threads) thread.join();
        CHECK(too_early == 0);
        CHECK(woken == waiters + 3);
    }
}

TEST_CASE("waiters_that_a_set_has_woken_stay_woken_after_reset") {
    for (const bf::backend on : tests::both_backends) {
        bf::runtime rt{small_runtime(1)};
        rt.run(
            [](bf::backend model) {
                bf::event event;
                std::atomic<int> woken{0};
                auto before = bf::spawn(model, wait_and_count, std::ref(event), std::ref(woken));
                let_others_park();
                event.set();
                event.reset();
                auto after = bf::spawn(model, wait_and_count, std::ref(event), std::ref(woken));
                bf::await(before);
                let_others_park();
                CHECK(woken == 1);
                CHECK_FALSE(after.done());
                event.set();
                bf::await(after);
                CHECK(woken == 2);
            },
            on);
    }
}

TEST_CASE("a_cancelled_wait_leaves_the_others_waiting") {
    for (const bf::backend on : tests::both_backends) {
        bf::runtime rt{small_runtime(1)};
        rt.run(
            [](bf::backend model) {
                bf::event event;
                std::atomic<int> woken{0};
                std::vector<bf::join_handle<void>> handles;
                for (int n = 0; n < 5; ++n) {
                    handles.push_back(bf::spawn(model, wait_and_count, std::ref(event), std::ref(woken)));
                    let_others_park();
                }
                // The oldest, the newest and one between.
                for (const std::size_t n : {0U, 2U, 4U}) handles[n].cancel();
                int cancelled = 0;
                for (const std::size_t n : {0U, 2U, 4U}) {
                    const auto outcome = bf::await(handles[n].outcome());
                    cancelled += !outcome && outcome.error().is_cancelled() ? 1 : 0;
                }
                CHECK(cancelled == 3);
                CHECK(woken == 0);
                event.set();
                bf::await(handles[1]);
                bf::await(handles[3]);
                CHECK(woken == 2);
            },
            on);
    }
}

TEST_CASE("waits_may_be_dropped_before_between_and_after_polls") {
    bf::runtime rt{small_runtime(1)};
    const bool ended = rt.run([]() -> bf::task<bool> {
        bf::event event;
        {
            auto never_polled = event.wait();
        }
        {
            auto waiting = event.wait();
            auto turn = bf::yield_now();
            (void)co_await bf::select(waiting, turn);
        }
        {
            auto woken = event.wait();
            auto turn = bf::yield_now();
            (void)co_await bf::select(woken, turn);
            event.set();
        }
        co_await event.wait();
        co_return true;
    });
    CHECK(ended);
}

TEST_CASE("setters_waiters_and_cancellers_on_many_workers_end_every_wait_once") {
#if defined(BIFILAR_ASAN) || defined(BIFILAR_TSAN)
    constexpr int rounds = 200;
#else
    constexpr int rounds = 2'000;
#endif
    constexpr int waiters = 16;
    const std::uint64_t seed = tests::seed_of_this_run("event");
    INFO("seed: " << seed);
    bf::base::random random{seed};
    bf::runtime rt{small_runtime(4)};
    int cancelled = 0;
    std::atomic<int> woken{0};
    for (int round = 0; round < rounds; ++round) {
        bf::event event;
        std::vector<bf::join_handle<void>> handles;
        for (int n = 0; n < waiters; ++n)
            handles.push_back(
                rt.spawn(tests::both_backends[random.below(2)], wait_and_count, std::ref(event), std::ref(woken)));
        auto setter = rt.spawn([](bf::event& e) { e.set(); }, std::ref(event));
        for (auto& handle : handles)
            if (random.below(2) == 0) handle.cancel();
        for (auto& handle : handles) {
            const auto outcome = bf::block_on(handle.outcome());
            if (!outcome) ++cancelled;
        }
        setter.join();
    }
    CHECK(woken + cancelled == rounds * waiters);
    CHECK(woken > 0);
}

TEST_CASE("two_tasks_that_set_each_others_events_lose_no_wake") {
    for (const bf::backend first : tests::both_backends)
        for (const bf::backend second : tests::both_backends) {
            bf::runtime rt{small_runtime(2)};
            bf::event ping;
            bf::event pong;
            const auto plays = [](bf::event& mine, bf::event& theirs, bool serves) -> bf::task<int> {
                int turns = 0;
                for (; turns < 5'000; ++turns) {
                    if (serves) theirs.set();
                    co_await mine.wait();
                    mine.reset();
                    if (!serves) theirs.set();
                }
                co_return turns;
            };
            auto a = rt.spawn(first, plays, std::ref(ping), std::ref(pong), true);
            auto b = rt.spawn(second, plays, std::ref(pong), std::ref(ping), false);
            const int turns = a.join() + b.join();
            CHECK(turns == 10'000);
        }
}
