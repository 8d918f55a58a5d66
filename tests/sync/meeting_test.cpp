// The contracts of barrier, latch, wait_group, notify, auto_reset_event, once_cell and condition.
#include "one_worker.hpp"

#include <atomic>
#include <deque>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace both;
using tests::let_others_park;

TEST_CASE("a_barrier_has_one_leader_a_phase_and_holds_everybody_until_the_last") {
    constexpr int parties = 6;
    constexpr int phases = 200;
    bf::runtime rt{small_runtime(3)};
    bf::barrier barrier{parties};
    std::atomic<int> leaders{0};
    std::atomic<int> early{0};
    std::array<std::atomic<int>, phases> arrived{};
    const auto coroutine = [&]() -> bf::task<> {
        for (int phase = 0; phase < phases; ++phase) {
            ++arrived[phase];
            if (co_await barrier.arrive_and_wait()) ++leaders;
            if (arrived[phase] != parties) ++early;
        }
    };
    const auto plain = [&] {
        for (int phase = 0; phase < phases; ++phase) {
            ++arrived[phase];
            if (bf::await(barrier.arrive_and_wait())) ++leaders;
            if (arrived[phase] != parties) ++early;
        }
    };
    std::vector<bf::join_handle<void>> handles;
    for (int n = 0; n < 2; ++n) {
        handles.push_back(rt.spawn(coroutine));
        handles.push_back(rt.spawn(bf::backend::stackful, plain));
    }
    std::thread a{plain};
    std::thread b{plain};
    for (auto& handle : handles) handle.join();
    a.join();
    b.join();
    CHECK(leaders == phases);
    CHECK(early == 0);
    CHECK_THROWS_AS(bf::barrier(0), std::invalid_argument);
    bf::barrier alone{1};
    CHECK(alone.try_arrive());
    CHECK(bf::block_on(alone.arrive_and_wait()));
}

TEST_CASE("a_latch_opens_at_zero_and_stays_open") {
    in_each_model([](model m, bf::runtime& rt) {
        bf::latch latch{3};
        CHECK_FALSE(latch.try_wait());
        latch.count_down();
        std::thread other{[&] { latch.count_down(2); }};
        await_in(m, rt, [&] { return latch.wait(); });
        other.join();
        CHECK(latch.try_wait());
        await_in(m, rt, [&] { return latch.wait(); });
        bf::latch open{0};
        await_in(m, rt, [&] { return open.wait(); });
    });
}

TEST_CASE("a_wait_group_waits_for_all_that_were_added_and_may_be_used_again") {
    bf::runtime rt{small_runtime(4)};
    bf::wait_group group;
    std::atomic<int> ended{0};
    for (int round = 0; round < 20; ++round) {
        ended = 0;
        for (int n = 0; n < 50; ++n) {
            auto token = group.enter();
            rt.spawn(
                  tests::both_backends[n % 2],
                  [](bf::wait_group::token, std::atomic<int>& count) -> bf::task<> {
                      co_await bf::yield_now();
                      ++count;
                  },
                  std::move(token), std::ref(ended))
                .detach();
        }
        bf::block_on(group.wait());
        CHECK(ended == 50);
        CHECK(group.try_wait());
    }
}

TEST_CASE("a_notify_keeps_one_notice_and_serves_waiters_in_order") {
    tests::on_one_worker([](bf::backend model) {
        bf::notify notice;
        CHECK_FALSE(notice.try_wait());
        notice.notify_one();
        notice.notify_one();
        CHECK(notice.try_wait());
        CHECK_FALSE(notice.try_wait());
        std::vector<int> order;
        std::vector<bf::join_handle<void>> handles;
        for (int n = 0; n < 3; ++n) {
            handles.push_back(bf::spawn(
                model,
                [](bf::notify& from, std::vector<int>& into, int me) -> bf::task<> {
                    co_await from.wait();
                    into.push_back(me);
                },
                std::ref(notice), std::ref(order), n));
            let_others_park();
        }
        for (int n = 0; n < 3; ++n) {
            notice.notify_one();
            let_others_park();
        }
        CHECK(order == std::vector<int>{0, 1, 2});
        for (auto& handle : handles) bf::await(handle);
        notice.notify_one();
        notice.reset();
        CHECK_FALSE(notice.try_wait());
    });
}

TEST_CASE("notify_all_ends_the_waits_that_were_made_before_it_and_no_others") {
    in_each_model([](model m, bf::runtime& rt) {
        bf::notify notice;
        {
            // Made, not yet polled.
            auto before = notice.wait();
            notice.notify_all();
            bf::notify* const of = &notice;
            await_in(m, rt, [&before] { return bf::map(std::move(before), [] { return 1; }); });
            CHECK_FALSE(of->try_wait());
        }
        auto after = notice.wait();
        const auto answer = await_in(m, rt, [&] { return bf::try_race(std::move(after)); });
        CHECK_FALSE(answer.has_value());
    });
}

TEST_CASE("a_wait_that_notify_all_has_ended_leaves_the_kept_notice_to_the_next") {
    in_each_model([](model m, bf::runtime& rt) {
        bf::notify notice;
        auto ended = notice.wait();
        notice.notify_all();
        notice.notify_one();
        await_in(m, rt, [&ended] { return bf::map(std::move(ended), [] { return 1; }); });
        const auto next = await_in(m, rt, [&notice] { return bf::try_race(notice.wait()); });
        CHECK(next.has_value());
        CHECK_FALSE(notice.try_wait());
    });
}

TEST_CASE("notices_between_two_tasks_are_never_lost") {
    for (const bf::backend first : tests::both_backends)
        for (const bf::backend second : tests::both_backends) {
            bf::runtime rt{small_runtime(2)};
            bf::notify ping;
            bf::auto_reset_event pong;
            auto a = rt.spawn(
                first,
                [](bf::notify& mine, bf::auto_reset_event& theirs) -> bf::task<int> {
                    int turns = 0;
                    for (; turns < 5'000; ++turns) {
                        theirs.set();
                        co_await mine.wait();
                    }
                    co_return turns;
                },
                std::ref(ping), std::ref(pong));
            auto b = rt.spawn(
                second,
                [](bf::auto_reset_event& mine, bf::notify& theirs) -> bf::task<int> {
                    int turns = 0;
                    for (; turns < 5'000; ++turns) {
                        co_await mine.wait();
                        theirs.notify_one();
                    }
                    co_return turns;
                },
                std::ref(pong), std::ref(ping));
            CHECK(a.join() + b.join() == 10'000);
        }
}

TEST_CASE("a_once_cell_is_filled_once_whoever_comes") {
    bf::runtime rt{small_runtime(4)};
    for (int round = 0; round < 200; ++round) {
        bf::once_cell<int> cell;
        std::atomic<int> made{0};
        const auto body = [&]() -> bf::task<int> {
            const auto make = [&made]() -> bf::task<int> {
                co_await bf::yield_now();
                co_return ++made;
            };
            co_return *co_await cell.get_or_init(make);
        };
        std::vector<bf::join_handle<int>> handles;
        for (int n = 0; n < 8; ++n) handles.push_back(rt.spawn(tests::both_backends[n % 2], body));
        int sum = 0;
        for (auto& handle : handles) sum += handle.join();
        CHECK(made == 1);
        CHECK(sum == 8);
        CHECK(*cell.get() == 1);
        CHECK_FALSE(cell.emplace(5));
    }
}

TEST_CASE("a_maker_that_fails_leaves_the_cell_to_the_next") {
    in_each_model([](model m, bf::runtime& rt) {
        bf::once_cell<std::string> cell;
        CHECK(cell.get() == nullptr);
        CHECK_THROWS_WITH(
            await_in(m, rt, [&] { return cell.get_or_init([]() -> std::string { throw std::runtime_error{"no"}; }); }),
            "no");
        CHECK_FALSE(cell.is_set());
        CHECK(*await_in(m, rt, [&] { return cell.get_or_init([] { return std::string{"yes"}; }); }) == "yes");
        CHECK(*await_in(m, rt, [&] { return cell.get_or_init([] { return std::string{"again"}; }); }) == "yes");
    });
    tests::on_one_worker([](bf::backend model) {
        bf::once_cell<int> cell;
        bf::event fail;
        const auto first = [](bf::once_cell<int>& of, bf::event& go) -> bf::task<> {
            auto make = [&go]() -> bf::task<int> {
                co_await go.wait();
                throw std::runtime_error{"failed"};
            };
            (void)co_await of.get_or_init(make);
        };
        auto failing = bf::spawn(model, first, std::ref(cell), std::ref(fail));
        let_others_park();
        auto waiting = bf::spawn(
            model,
            [](bf::once_cell<int>& of) -> bf::task<int> {
                auto make = [] { return 4; };
                co_return *co_await of.get_or_init(make);
            },
            std::ref(cell));
        let_others_park();
        fail.set();
        CHECK_THROWS_WITH(bf::await(failing), "failed");
        CHECK(bf::await(waiting) == 4);
    });
}

TEST_CASE("a_condition_connects_producers_and_consumers_of_all_models") {
    bf::runtime rt{small_runtime(4)};
    bf::mutex mutex;
    bf::condition filled;
    bf::condition emptied;
    std::deque<int> queue;  // Guarded by the mutex.
    constexpr std::size_t most = 3;
    constexpr int each = 1'000;
    std::atomic<long> sum{0};
    const auto produce = [&]() -> bf::task<> {
        for (int n = 1; n <= each; ++n) {
            auto held = co_await mutex.lock();
            auto room = [&queue] { return queue.size() < most; };
            co_await emptied.wait(held, room);
            queue.push_back(n);
            held.unlock();
            filled.notify_one();
        }
    };
    const auto consume = [&] {
        for (int n = 1; n <= each; ++n) {
            auto held = bf::await(mutex.lock());
            bf::await(filled.wait(held, [&queue] { return !queue.empty(); }));
            sum += queue.front();
            queue.pop_front();
            held.unlock();
            emptied.notify_one();
        }
    };
    std::vector<bf::join_handle<void>> handles;
    for (int n = 0; n < 3; ++n) handles.push_back(rt.spawn(tests::both_backends[n % 2], produce));
    handles.push_back(rt.spawn(bf::backend::stackful, consume));
    handles.push_back(rt.spawn(bf::backend::stackful, consume));
    std::thread consumer{consume};
    for (auto& handle : handles) handle.join();
    consumer.join();
    CHECK(sum == 3L * each * (each + 1) / 2);
}

TEST_CASE("notify_all_of_a_condition_wakes_everybody_with_the_lock_held_in_turn") {
    tests::on_one_worker([](bf::backend model) {
        bf::mutex mutex;
        bf::condition changed;
        int inside = 0;
        int passed = 0;
        std::vector<bf::join_handle<void>> handles;
        for (int n = 0; n < 5; ++n)
            handles.push_back(bf::spawn(
                model,
                [](bf::mutex& m, bf::condition& c, int& now, int& count) -> bf::task<> {
                    auto held = co_await m.lock();
                    co_await c.wait(held);
                    if (++now == 1 && held) ++count;
                    co_await bf::yield_now();
                    --now;
                },
                std::ref(mutex), std::ref(changed), std::ref(inside), std::ref(passed)));
        let_others_park();
        changed.notify_all();
        for (auto& handle : handles) bf::await(handle);
        CHECK(passed == 5);
        CHECK_FALSE(mutex.is_locked());
    });
}
