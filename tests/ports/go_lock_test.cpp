// What Go promises of locks and conditions: the tests of its package sync.
#include "port.hpp"

#include <stdexcept>
#include <vector>

using namespace ports;

PORT("Go sync TestMutex: a try on a held lock fails, on a free one succeeds") {
    bf::mutex m;
    {
        const auto held = AWAIT(m.lock());
        CHECK_FALSE(static_cast<bool>(m.try_lock()));
    }
    CHECK(static_cast<bool>(m.try_lock()));
    RETURN;
}

PORT("Go sync TestMutex: ten tasks that hammer one lock never hold it together") {
    bf::mutex m;
    int value = 0;
    std::vector<bf::join_handle<void>> all;
    for (int n = 0; n < 10; ++n)
        all.push_back(go(
            [](bf::mutex& lock, int& counter) -> task_of<> {
                for (int round = 0; round < 500; ++round) {
                    if (round % 3 == 0) {
                        const auto tried = lock.try_lock();
                        if (tried) ++counter;
                        if (tried) continue;
                    }
                    const auto held = AWAIT(lock.lock());
                    ++counter;
                }
                RETURN;
            },
            std::ref(m), std::ref(value)));
    for (auto& one : all) AWAIT(one);
    CHECK(value == 10 * 500);
    RETURN;
}

PORT("Go sync TestMutexFairness: a task that locks again and again does not keep another out") {
    bf::mutex m;
    bool stop = false;
    auto greedy = go(
        [](bf::mutex& lock, const bool& over) -> task_of<> {
            for (;;) {
                const auto held = AWAIT(lock.lock());
                if (over) break;
                AWAIT(bf::yield_now());
            }
            RETURN;
        },
        std::ref(m), std::cref(stop));
    for (int n = 0; n < 10; ++n) {
        AWAIT(bf::yield_now());
        const auto held = AWAIT(m.lock());
        if (n == 9) stop = true;
    }
    AWAIT(greedy);
    RETURN;
}

PORT("Go sync TestParallelReaders: readers hold a lock together") {
    for (const int readers : {1, 3, 4}) {
        bf::shared_mutex m;
        bf::barrier all_inside{static_cast<std::uint32_t>(readers)};
        std::vector<bf::join_handle<void>> all;
        for (int n = 0; n < readers; ++n)
            all.push_back(go(
                [](bf::shared_mutex& lock, bf::barrier& inside) -> task_of<> {
                    const auto held = AWAIT(lock.lock_shared());
                    (void)AWAIT(inside.arrive_and_wait());
                    RETURN;
                },
                std::ref(m), std::ref(all_inside)));
        for (auto& one : all) AWAIT(one);
    }
    RETURN;
}

PORT("Go sync TestRWMutex: a writer is alone, readers see no half-made change") {
    bf::shared_mutex m;
    int left = 0;
    int right = 0;
    int torn = 0;
    std::vector<bf::join_handle<void>> all;
    for (int n = 0; n < 3; ++n)
        all.push_back(go([&]() -> task_of<> {
            for (int round = 0; round < 100; ++round) {
                const auto held = AWAIT(m.lock());
                ++left;
                AWAIT(bf::yield_now());
                ++right;
            }
            RETURN;
        }));
    std::vector<bf::join_handle<int>> readers;
    for (int n = 0; n < 5; ++n)
        readers.push_back(go([&]() -> task_of<int> {
            int wrong = 0;
            for (int round = 0; round < 100; ++round) {
                const auto held = AWAIT(m.lock_shared());
                if (left != right) ++wrong;
            }
            RETURN wrong;
        }));
    for (auto& one : all) AWAIT(one);
    for (auto& one : readers) {
        const int wrong = AWAIT(one);
        torn += wrong;
    }
    CHECK(torn == 0);
    CHECK(left == 300);
    RETURN;
}

PORT("Go sync TestRWMutex TryLock: a writer's try fails beside a reader, a reader's beside a writer") {
    bf::shared_mutex m;
    {
        const auto reads = AWAIT(m.lock_shared());
        CHECK_FALSE(static_cast<bool>(m.try_lock()));
        CHECK(static_cast<bool>(m.try_lock_shared()));
    }
    {
        const auto writes = AWAIT(m.lock());
        CHECK_FALSE(static_cast<bool>(m.try_lock()));
        CHECK_FALSE(static_cast<bool>(m.try_lock_shared()));
    }
    CHECK(static_cast<bool>(m.try_lock()));
    RETURN;
}

PORT("Go sync RWMutex: a waiting writer keeps new readers out") {
    bf::shared_mutex m;
    auto reads = AWAIT(m.lock_shared());
    auto writer = go(
        [](bf::shared_mutex& lock) -> task_of<> {
            const auto held = AWAIT(lock.lock());
            RETURN;
        },
        std::ref(m));
    AWAIT(all_wait());
    CHECK_FALSE(writer.done());
    auto late = go(
        [](bf::shared_mutex& lock) -> task_of<> {
            const auto held = AWAIT(lock.lock_shared());
            RETURN;
        },
        std::ref(m));
    AWAIT(all_wait());
    CHECK_FALSE(late.done());
    reads = {};
    AWAIT(writer);
    AWAIT(late);
    RETURN;
}

PORT("Go sync TestCondSignal: each signal ends one wait") {
    bf::mutex m;
    bf::condition changed;
    int awake = 0;
    std::vector<bf::join_handle<void>> all;
    for (int n = 0; n < 2; ++n)
        all.push_back(go(
            [](bf::mutex& lock, bf::condition& of, int& count) -> task_of<> {
                auto held = AWAIT(lock.lock());
                AWAIT(of.wait(held));
                ++count;
                RETURN;
            },
            std::ref(m), std::ref(changed), std::ref(awake)));
    AWAIT(all_wait());
    for (int n = 1; n <= 2; ++n) {
        changed.notify_one();
        AWAIT(all_wait());
        CHECK(awake == n);
    }
    changed.notify_one();
    for (auto& one : all) AWAIT(one);
    CHECK(awake == 2);
    RETURN;
}

PORT("Go sync TestCondSignalGenerations: signals reach the waits in the order in which they began") {
    bf::mutex m;
    bf::condition changed;
    std::vector<int> order;
    std::vector<bf::join_handle<void>> all;
    for (int n = 0; n < 20; ++n) {
        all.push_back(go(
            [](bf::mutex& lock, bf::condition& of, std::vector<int>& into, int mine) -> task_of<> {
                auto held = AWAIT(lock.lock());
                AWAIT(of.wait(held));
                into.push_back(mine);
                RETURN;
            },
            std::ref(m), std::ref(changed), std::ref(order), n));
        AWAIT(all_wait());
    }
    for (int n = 0; n < 20; ++n) {
        changed.notify_one();
        AWAIT(all_wait());
    }
    for (auto& one : all) AWAIT(one);
    for (int n = 0; n < 20; ++n) CHECK(order[static_cast<std::size_t>(n)] == n);
    RETURN;
}

PORT("Go sync TestCondBroadcast: a broadcast ends all waits, and not those that begin later") {
    bf::mutex m;
    bf::condition changed;
    int awake = 0;
    std::vector<bf::join_handle<void>> all;
    const auto waits = [](bf::mutex& lock, bf::condition& of, int& count) -> task_of<> {
        auto held = AWAIT(lock.lock());
        AWAIT(of.wait(held));
        ++count;
        RETURN;
    };
    for (int n = 0; n < 200; ++n) all.push_back(go(waits, std::ref(m), std::ref(changed), std::ref(awake)));
    AWAIT(all_wait());
    changed.notify_all();
    for (auto& one : all) AWAIT(one);
    CHECK(awake == 200);
    auto late = go(waits, std::ref(m), std::ref(changed), std::ref(awake));
    AWAIT(all_wait());
    CHECK_FALSE(late.done());
    changed.notify_all();
    AWAIT(late);
    RETURN;
}
