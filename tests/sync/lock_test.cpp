// The contracts of mutex, shared_mutex and semaphore: exclusion, both tiers, all three models at once.
#include "one_worker.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
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
        int max_inside = 0;
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
                bf::spawn(model, read, std::ref(mutex), std::ref(order), std::ref(inside), std::ref(max_inside)));
            let_others_park();
        }
        CHECK(order.empty());
        held.unlock();
        bf::await(writer);
        for (auto& reader : readers) bf::await(reader);
        CHECK(order == std::vector<int>{2, 1, 1, 1});
        CHECK(max_inside == 3);
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
        std::atomic<int> begun{0};
        const auto read = [&]() -> bf::task<> {
            ++begun;
            (void)co_await mutex.lock_shared();
        };
        std::vector<bf::join_handle<void>> handles;
        for (int n = 0; n < readers; ++n) handles.push_back(rt.spawn(tests::both_backends[n % 2], read));
        while (begun != readers) std::this_thread::yield();
        std::this_thread::sleep_for(1ms);  // For the last of them to park; who comes after the unlock enters as well.
        held.unlock();
        for (auto& handle : handles) handle.join();
        const bool free = static_cast<bool>(mutex.try_lock());
        CHECK(free);
    }
}
