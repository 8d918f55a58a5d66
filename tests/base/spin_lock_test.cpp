// Mutual exclusion with more threads than processors, and try_lock.
#include "catch.hpp"
#include <bifilar/base/detail/spin_lock.hpp>

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

using bifilar::base::spin_lock;

TEST_CASE("try_lock_takes_a_free_lock_only") {
    spin_lock lock;
    CHECK(lock.try_lock());
    CHECK_FALSE(lock.try_lock());
    bool other = true;
    std::thread{[&] { other = lock.try_lock(); }}.join();
    CHECK_FALSE(other);
    lock.unlock();
    std::thread{[&] {
        other = lock.try_lock();
        if (other) lock.unlock();
    }}.join();
    CHECK(other);
    lock.lock();
    CHECK_FALSE(lock.try_lock());
    lock.unlock();
    CHECK(sizeof(spin_lock) == 1);
}

TEST_CASE("one_thread_at_a_time_is_inside") {
    constexpr int threads = 8;
    constexpr int turns = 20'000;
    spin_lock lock;
    long count = 0;  // Plain on purpose: the lock alone guards it.
    int inside = 0;
    std::atomic<int> intruders{0};
    std::vector<std::thread> all;
    for (int t = 0; t < threads; ++t)
        all.emplace_back([&, t] {
            for (int n = 0; n < turns; ++n) {
                if (t % 2 == 0)
                    lock.lock();
                else
                    while (!lock.try_lock()) bifilar::base::yield_thread();
                if (++inside != 1) ++intruders;
                ++count;
                --inside;
                lock.unlock();
            }
        });
    for (std::thread& thread : all) thread.join();
    CHECK(intruders == 0);
    CHECK(count == static_cast<long>(threads) * turns);
}

TEST_CASE("a_waiter_gets_the_lock_of_a_holder_that_sleeps") {
    spin_lock lock;
    std::atomic<bool> held{false};
    std::atomic<bool> released{false};
    std::thread holder{[&] {
        const std::lock_guard guard{lock};
        held = true;
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
        released = true;
    }};
    while (!held) std::this_thread::yield();
    bool after = false;
    {
        const std::lock_guard guard{lock};
        after = released;
    }
    holder.join();
    CHECK(after);
}
