// The contracts of mutex, shared_mutex and semaphore: exclusion, order, hand-over, both tiers, all three models at
// once.
#include "one_worker.hpp"
#include "time/sleeper_task.hpp"

#include "seed.hpp"
#include <bifilar/base/random.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

using namespace both;
using namespace std::chrono_literals;
using tests::let_others_park;

TEST_CASE("one_holder_at_a_time_among_coroutines_fibers_and_threads") {
    bf::runtime rt{small_runtime(4)};
    bf::mutex mutex;
    long plain = 0;  // Guarded by the mutex alone.
    constexpr int each = 2'000;
    // Suspends inside of the critical section now and then.
    const auto coroutine = [](bf::mutex& m, long& count) -> bf::task<> {
        for (int n = 0; n < each; ++n) {
            const auto held = co_await m.lock();
            const long before = count;
            if (n % 16 == 0) co_await bf::yield_now();
            count = before + 1;
        }
    };
    const auto fiber = [](bf::mutex& m, long& count) {
        for (int n = 0; n < each; ++n) {
            const auto held = bf::await(m.lock());
            const long before = count;
            if (n % 16 == 0) bf::this_fiber::yield();
            count = before + 1;
        }
    };
    std::vector<bf::join_handle<void>> handles;
    for (int n = 0; n < 4; ++n) {
        handles.push_back(rt.spawn(coroutine, std::ref(mutex), std::ref(plain)));
        handles.push_back(rt.spawn(bf::backend::stackful, fiber, std::ref(mutex), std::ref(plain)));
    }
    std::thread thread{[&] { fiber(mutex, plain); }};
    for (auto& handle : handles) handle.join();
    thread.join();
    CHECK(plain == 9L * each);
    CHECK_FALSE(mutex.is_locked());
}

TEST_CASE("waiters_get_the_mutex_in_the_order_of_arrival") {
    tests::on_one_worker([](bf::backend model) {
        bf::mutex mutex;
        std::vector<int> order;
        auto held = mutex.try_lock();
        CHECK(held);
        CHECK_FALSE(mutex.try_lock());
        std::vector<bf::join_handle<void>> handles;
        for (int n = 0; n < 5; ++n) {
            handles.push_back(bf::spawn(
                model,
                [](bf::mutex& m, std::vector<int>& into, int me) -> bf::task<> {
                    const auto mine = co_await m.lock();
                    into.push_back(me);
                },
                std::ref(mutex), std::ref(order), n));
            let_others_park();
        }
        held.unlock();
        for (auto& handle : handles) bf::await(handle);
        CHECK(order == std::vector<int>{0, 1, 2, 3, 4});
    });
}

TEST_CASE("a_waiter_is_overtaken_until_it_runs_and_comes_in_vain_once_at_most") {
    tests::on_one_worker([](bf::backend model) {
        bf::mutex mutex;
        auto held = mutex.try_lock();
        auto waiter = bf::spawn(model, [](bf::mutex& m) -> bf::task<> { (void)co_await m.lock(); }, std::ref(mutex));
        let_others_park();
        // Called, but it has not run: whoever runs may come first, any number of times.
        held.unlock();
        for (int n = 0; n < 3; ++n) {
            held = mutex.try_lock();
            CHECK(held);
            held.unlock();
        }
        held = mutex.try_lock();
        // It runs now, in vain; from here on the lock is its own as soon as it is free.
        let_others_park();
        held.unlock();
        const bool overtaken = static_cast<bool>(mutex.try_lock());
        CHECK_FALSE(overtaken);
        bf::await(waiter);
        const bool free = static_cast<bool>(mutex.try_lock());
        CHECK(free);
    });
}

TEST_CASE("a_wait_may_end_whatever_became_of_it") {
    // Called, in vain, handed; and then destroyed instead of polled.
    for (const int last : {0, 1, 2, 3}) {
        INFO("ends after step " << last);
        bf::semaphore permits{1};
        tests::sleeper_task nobody;
        bf::context cx{nobody};
        auto held = permits.try_acquire();
        std::optional<bf::semaphore::acquire_future> wait{permits.acquire()};
        CHECK_FALSE(wait->poll(cx).is_ready());
        for (int step = 1; step <= last; ++step) {
            if (step == 1) held.release();  // Called.
            if (step == 2) {
                held = permits.try_acquire();
                CHECK(held);
                CHECK_FALSE(wait->poll(cx).is_ready());  // In vain.
            }
            if (step == 3) {
                held.release();  // Handed.
                CHECK_FALSE(permits.try_acquire());
            }
        }
        wait.reset();
        held.release();
        CHECK(permits.available() == 1);
        CHECK(permits.try_acquire());
    }
}

TEST_CASE("releases_that_wake_many_sizes_leave_nobody_and_nothing_behind") {
    bf::base::random random{tests::seed_of_this_run("permits of many sizes")};
    for (int round = 0; round < 300; ++round) {
        bf::semaphore permits{5};
        tests::sleeper_task nobody;
        bf::context cx{nobody};
        std::vector<bf::semaphore::permit> held;
        std::vector<std::unique_ptr<bf::semaphore::acquire_future>> waits;
        for (int step = 0; step < 200; ++step) {
            const std::uint64_t what = random.below(4);
            if (what == 0) {
                waits.push_back(std::make_unique<bf::semaphore::acquire_future>(permits.acquire(1 + random.below(3))));
            } else if (what == 1 && !held.empty()) {
                held.erase(held.begin() + random.below(static_cast<std::uint32_t>(held.size())));
            } else if (what == 2) {
                if (auto got = permits.try_acquire(1 + random.below(2))) held.push_back(std::move(got));
            } else if (!waits.empty() && random.below(10) == 0) {
                waits.erase(waits.begin() + random.below(static_cast<std::uint32_t>(waits.size())));
            }
            for (std::size_t at = 0; at < waits.size();) {
                auto got =
                    random.below(2) == 0 ? waits[at]->poll(cx) : bf::polled<bf::semaphore::permit>{bf::not_ready};
                if (got) {
                    held.push_back(got.take());
                    waits.erase(waits.begin() + static_cast<std::ptrdiff_t>(at));
                } else {
                    ++at;
                }
            }
            std::uint32_t taken = 0;
            for (const auto& each : held) taken += each.count();
            CHECK(taken + permits.available() <= 5);
        }
        // Everybody comes in when the others leave.
        held.clear();
        for (int turn = 0; turn < 1'000 && !waits.empty(); ++turn) {
            for (std::size_t at = 0; at < waits.size();) {
                if (waits[at]->poll(cx))
                    waits.erase(waits.begin() + static_cast<std::ptrdiff_t>(at));
                else
                    ++at;
            }
        }
        CHECK(waits.empty());
        CHECK(permits.available() == 5);
    }
}

TEST_CASE("a_called_waiter_that_leaves_passes_the_call_on") {
    tests::on_one_worker([](bf::backend model) {
        bf::semaphore permits{0, 4};
        tests::sleeper_task nobody;
        bf::context cx{nobody};
        std::optional<bf::semaphore::acquire_future> first{permits.acquire()};
        std::optional<bf::semaphore::acquire_future> large{permits.acquire(3)};
        CHECK_FALSE(first->poll(cx).is_ready());
        CHECK_FALSE(large->poll(cx).is_ready());
        auto waiter = bf::spawn(
            model, [](bf::semaphore& of) -> bf::task<std::uint32_t> { co_return (co_await of.acquire()).forget(); },
            std::ref(permits));
        let_others_park();
        permits.release();
        // The first was called and is never polled again; the large one behind it cannot be served.
        let_others_park();
        CHECK(permits.available() == 1);
        first.reset();
        let_others_park();
        CHECK_FALSE(permits.try_acquire());
        large.reset();
        CHECK(bf::await(waiter) == 1);
        CHECK(permits.available() == 0);
    });
}

TEST_CASE("guards_move_release_and_take_over") {
    bf::mutex mutex;
    auto held = mutex.try_lock();
    auto moved = std::move(held);
    CHECK_FALSE(held);
    CHECK(moved.held() == &mutex);
    held = std::move(moved);
    CHECK(mutex.is_locked());
    bf::mutex* const bare = held.release();
    CHECK(bare == &mutex);
    CHECK(mutex.is_locked());
    bf::mutex::guard again{*bare};
    again.unlock();
    again.unlock();
    CHECK_FALSE(mutex.is_locked());
}

TEST_CASE("readers_share_writers_do_not") {
    in_each_model([](model m, bf::runtime& rt) {
        bf::shared_mutex mutex;
        auto first = await_in(m, rt, [&] { return mutex.lock_shared(); });
        auto second = await_in(m, rt, [&] { return mutex.lock_shared(); });
        CHECK_FALSE(mutex.try_lock());
        first.unlock();
        CHECK_FALSE(mutex.try_lock());
        second.unlock();
        auto writer = await_in(m, rt, [&] { return mutex.lock(); });
        CHECK_FALSE(mutex.try_lock());
        CHECK_FALSE(mutex.try_lock_shared());
        auto reader = bf::shared_mutex::downgrade(std::move(writer));
        CHECK(mutex.try_lock_shared());
        CHECK_FALSE(mutex.try_lock());
        reader.unlock();
        CHECK(mutex.try_lock());
    });
}

TEST_CASE("a_waiting_writer_is_not_starved_and_readers_behind_it_enter_together") {
    tests::on_one_worker([](bf::backend model) {
        bf::shared_mutex mutex;
        std::vector<int> order;
        int inside = 0;
        int most_inside = 0;
        auto held = mutex.try_lock_shared();
        const auto read = [](bf::shared_mutex& of, std::vector<int>& into, int& now, int& most) -> bf::task<> {
            const auto mine = co_await of.lock_shared();
            into.push_back(1);
            most = std::max(most, ++now);
            co_await bf::yield_now();
            --now;
        };
        const auto write = [](bf::shared_mutex& of, std::vector<int>& into) -> bf::task<> {
            const auto mine = co_await of.lock();
            into.push_back(2);
            co_await bf::yield_now();
        };
        auto writer = bf::spawn(model, write, std::ref(mutex), std::ref(order));
        let_others_park();
        // A reader is inside; one that comes now queues behind the writer.
        CHECK_FALSE(mutex.try_lock_shared());
        std::vector<bf::join_handle<void>> readers;
        for (int n = 0; n < 3; ++n) {
            readers.push_back(
                bf::spawn(model, read, std::ref(mutex), std::ref(order), std::ref(inside), std::ref(most_inside)));
            let_others_park();
        }
        CHECK(order.empty());
        held.unlock();
        bf::await(writer);
        for (auto& reader : readers) bf::await(reader);
        CHECK(order == std::vector<int>{2, 1, 1, 1});
        CHECK(most_inside == 3);
    });
}

TEST_CASE("a_writer_that_gives_up_lets_the_readers_behind_it_in") {
    tests::on_one_worker([](bf::backend model) {
        bf::shared_mutex mutex;
        auto held = mutex.try_lock_shared();
        auto writer =
            bf::spawn(model, [](bf::shared_mutex& of) -> bf::task<> { (void)co_await of.lock(); }, std::ref(mutex));
        let_others_park();
        auto reader = bf::spawn(
            model, [](bf::shared_mutex& of) -> bf::task<> { (void)co_await of.lock_shared(); }, std::ref(mutex));
        let_others_park();
        CHECK_FALSE(reader.done());
        writer.cancel();
        (void)bf::await(writer.outcome());
        bf::await(reader);
    });
}

TEST_CASE("readers_and_writers_on_many_workers_never_meet") {
    bf::runtime rt{small_runtime(4)};
    bf::shared_mutex mutex;
    std::atomic<int> readers{0};
    std::atomic<int> writers{0};
    std::atomic<int> meetings{0};
    const auto body = [&](bool writes) -> bf::task<> {
        for (int n = 0; n < 2'000; ++n) {
            if (writes) {
                const auto held = co_await mutex.lock();
                if (writers.fetch_add(1) != 0 || readers != 0) ++meetings;
                if (n % 16 == 0) co_await bf::yield_now();
                --writers;
            } else {
                const auto held = co_await mutex.lock_shared();
                ++readers;
                if (writers != 0) ++meetings;
                if (n % 16 == 0) co_await bf::yield_now();
                --readers;
            }
        }
    };
    std::vector<bf::join_handle<void>> handles;
    for (int n = 0; n < 12; ++n) handles.push_back(rt.spawn(tests::both_backends[n % 2], body, n % 3 == 0));
    for (auto& handle : handles) handle.join();
    CHECK(meetings == 0);
    CHECK(mutex.try_lock());
}

TEST_CASE("a_semaphore_bounds_how_many_are_inside") {
    bf::runtime rt{small_runtime(4)};
    bf::semaphore permits{3};
    std::atomic<int> inside{0};
    std::atomic<int> most{0};
    const auto body = [&]() -> bf::task<> {
        for (int n = 0; n < 1'000; ++n) {
            const auto permit = co_await permits.acquire();
            const int now = ++inside;
            int seen = most;
            while (now > seen && !most.compare_exchange_weak(seen, now)) {
            }
            if (n % 8 == 0) co_await bf::yield_now();
            --inside;
        }
    };
    std::vector<bf::join_handle<void>> handles;
    for (int n = 0; n < 10; ++n) handles.push_back(rt.spawn(tests::both_backends[n % 2], body));
    for (auto& handle : handles) handle.join();
    CHECK(most <= 3);
    CHECK(permits.available() == 3);
}

TEST_CASE("permits_are_served_in_order_also_when_a_later_one_wants_fewer") {
    tests::on_one_worker([](bf::backend model) {
        bf::semaphore permits{0, 10};
        std::vector<std::uint32_t> order;
        std::vector<bf::join_handle<void>> handles;
        for (const std::uint32_t count : {4U, 1U, 2U}) {
            handles.push_back(bf::spawn(
                model,
                [](bf::semaphore& of, std::vector<std::uint32_t>& into, std::uint32_t wanted) -> bf::task<> {
                    auto mine = co_await of.acquire(wanted);
                    into.push_back(mine.count());
                    mine.forget();
                },
                std::ref(permits), std::ref(order), count));
            let_others_park();
        }
        permits.release(3);
        let_others_park();
        CHECK(order.empty());
        CHECK_FALSE(permits.try_acquire());
        permits.release(2);
        let_others_park();
        // Granted in order; which of the two runs first is the scheduler's choice.
        std::sort(order.begin(), order.end());
        CHECK(order == std::vector<std::uint32_t>{1, 4});
        permits.release(2);
        for (auto& handle : handles) bf::await(handle);
        CHECK(order == std::vector<std::uint32_t>{1, 4, 2});
        CHECK(permits.available() == 0);
    });
}

TEST_CASE("permits_can_be_forgotten_released_and_moved") {
    bf::semaphore permits{2, 5};
    {
        auto one = permits.try_acquire();
        auto moved = std::move(one);
        CHECK_FALSE(one);
        CHECK(moved.count() == 1);
        one = std::move(moved);
        CHECK(permits.available() == 1);
    }
    CHECK(permits.available() == 2);
    CHECK(permits.try_acquire(2).forget() == 2);
    CHECK(permits.available() == 0);
    permits.release(5);
    CHECK(permits.available() == 5);
    CHECK_THROWS_AS(bf::semaphore(2, 1), std::invalid_argument);
    CHECK_THROWS_AS(bf::semaphore(1U << 31), std::invalid_argument);
}

TEST_CASE("a_release_that_serves_very_many_serves_all") {
    // Around the number that is woken under one hold of the lock.
    for (const int readers : {63, 64, 65, 500}) {
        bf::runtime rt{small_runtime(2)};
        bf::shared_mutex mutex;
        auto held = mutex.try_lock();
        std::vector<bf::join_handle<void>> handles;
        for (int n = 0; n < readers; ++n)
            handles.push_back(rt.spawn(
                tests::both_backends[n % 2],
                [](bf::shared_mutex& of) -> bf::task<> { (void)co_await of.lock_shared(); }, std::ref(mutex)));
        std::this_thread::sleep_for(1ms);
        held.unlock();
        for (auto& handle : handles) handle.join();
        const bool free = static_cast<bool>(mutex.try_lock());
        CHECK(free);
    }
}
