// What Go promises of groups, values that are made once, and semaphores: the tests of its packages sync, errgroup and
// semaphore.
#include "port.hpp"

#include <stdexcept>
#include <vector>

using namespace ports;

PORT("Go sync TestOnce: ten tasks get one value that was made once") {
    bf::once_cell<int> cell;
    int made = 0;
    std::vector<bf::join_handle<int>> all;
    for (int n = 0; n < 10; ++n)
        all.push_back(go(
            [](bf::once_cell<int>& of, int& count) -> task_of<int> {
                auto make = [&count] { return ++count; };
                const int* const value = AWAIT(of.get_or_init(make));
                RETURN* value;
            },
            std::ref(cell), std::ref(made)));
    for (auto& one : all) {
        const int value = AWAIT(one);
        CHECK(value == 1);
    }
    CHECK(made == 1);
    RETURN;
}

PORT("Go sync TestOncePanic: a maker that throws (Go counts it as done; here the next one makes the value)") {
    bf::once_cell<int> cell;
    auto fails = []() -> int { throw std::runtime_error{"failed"}; };
    bool threw = false;
    try {
        (void)AWAIT(cell.get_or_init(fails));
    } catch (const std::runtime_error&) {
        threw = true;
    }
    CHECK(threw);
    auto makes = [] { return 7; };
    const int* const value = AWAIT(cell.get_or_init(makes));
    CHECK(*value == 7);
    RETURN;
}

PORT("Go sync TestWaitGroup: waits end when the last one is done, again and again") {
    bf::wait_group group;
    for (int round = 0; round < 8; ++round) {
        int done = 0;
        group.add(16);
        std::vector<bf::join_handle<void>> all;
        for (int n = 0; n < 16; ++n)
            all.push_back(go(
                [](bf::wait_group& of, int& count, bf::mutex& lock) -> task_of<> {
                    {
                        const auto held = AWAIT(lock.lock());
                        ++count;
                    }
                    of.done();
                    RETURN;
                },
                std::ref(group), std::ref(done), std::ref(*[] {
                    static bf::mutex shared;
                    return &shared;
                }())));
        AWAIT(group.wait());
        CHECK(done == 16);
        for (auto& one : all) AWAIT(one);
    }
    RETURN;
}

PORT("Go errgroup TestZeroGroup, TestWithContext: the first error cancels the others and comes out") {
    auto body = [](bf::task_scope& scope) -> bf::task<> {
        scope.spawn(ports::on, []() -> task_of<> {
            AWAIT(bf::yield_now());
            throw std::runtime_error{"first"};
            RETURN;
        });
        scope.spawn(ports::on, []() -> task_of<> {
            AWAIT(bf::pending<void>());
            RETURN;
        });
        co_return;
    };
    bool told = false;
    try {
        AWAIT(bf::with_scope(body));
    } catch (const std::runtime_error& error) {
        told = std::string_view{error.what()} == "first";
    }
    CHECK(told);
    RETURN;
}

PORT("Go errgroup: without an error the wait ends when all have ended") {
    int ended = 0;
    auto body = [&ended](bf::task_scope& scope) -> bf::task<> {
        for (int n = 0; n < 5; ++n)
            scope.spawn(
                ports::on,
                [](int& count, bf::mutex& lock) -> task_of<> {
                    AWAIT(bf::sleep_for(1ms));
                    const auto held = AWAIT(lock.lock());
                    ++count;
                    RETURN;
                },
                std::ref(ended), std::ref(*[] {
                    static bf::mutex shared;
                    return &shared;
                }()));
        co_return;
    };
    AWAIT(bf::with_scope(body));
    CHECK(ended == 5);
    RETURN;
}

PORT("Go errgroup TestGoLimit: with a limit of permits no more run at a time") {
    bf::semaphore limit{2};
    int running = 0;
    int most = 0;
    bf::mutex guard;
    std::vector<bf::join_handle<void>> all;
    for (int n = 0; n < 20; ++n)
        all.push_back(go([&]() -> task_of<> {
            const auto permit = AWAIT(limit.acquire());
            {
                const auto held = AWAIT(guard.lock());
                most = std::max(most, ++running);
            }
            AWAIT(bf::yield_now());
            const auto held = AWAIT(guard.lock());
            --running;
            RETURN;
        }));
    for (auto& one : all) AWAIT(one);
    CHECK(most <= 2);
    RETURN;
}

PORT("Go semaphore TestWeightedTryAcquire: a try takes what there is, all of it or nothing") {
    bf::semaphore s{2};
    auto one = s.try_acquire();
    auto two = s.try_acquire();
    CHECK((one && two));
    CHECK_FALSE(static_cast<bool>(s.try_acquire()));
    one.release();
    two.release();
    CHECK(static_cast<bool>(s.try_acquire(2)));
    RETURN;
}

PORT("Go semaphore TestWeightedAcquire: a wait ends when enough is given back") {
    bf::semaphore s{2};
    auto both = AWAIT(s.acquire(2));
    auto waits = go(
        [](bf::semaphore& of) -> task_of<> {
            const auto one = AWAIT(of.acquire());
            RETURN;
        },
        std::ref(s));
    AWAIT(all_wait());
    CHECK_FALSE(waits.done());
    both.release();
    AWAIT(waits);
    CHECK(s.available() == 2);
    RETURN;
}

PORT("Go semaphore TestLargeAcquireDoesntStarve: many small takers do not keep a large one out") {
    constexpr std::uint32_t permits = 4;
    bf::semaphore s{permits};
    bool over = false;
    std::vector<bf::join_handle<void>> small;
    for (std::uint32_t n = 0; n < permits; ++n)
        small.push_back(go(
            [](bf::semaphore& of, const bool& stop) -> task_of<> {
                while (!stop) {
                    const auto one = AWAIT(of.acquire());
                    AWAIT(bf::yield_now());
                }
                RETURN;
            },
            std::ref(s), std::cref(over)));
    AWAIT(bf::yield_now());
    {
        const auto all = AWAIT(s.acquire(permits));
        over = true;
    }
    for (auto& one : small) AWAIT(one);
    RETURN;
}

PORT("Go semaphore TestAcquireContextCanceled: a wait that is given up leaves the next its turn") {
    bf::semaphore s{2};
    auto one = AWAIT(s.acquire());
    auto large = go(
        [](bf::semaphore& of) -> task_of<> {
            const auto both = AWAIT(of.acquire(2));
            RETURN;
        },
        std::ref(s));
    AWAIT(all_wait());
    auto next = go(
        [](bf::semaphore& of) -> task_of<> {
            const auto single = AWAIT(of.acquire());
            RETURN;
        },
        std::ref(s));
    AWAIT(all_wait());
    CHECK_FALSE(next.done());
    large.cancel();
    AWAIT(next);
    const auto outcome = AWAIT(std::move(large).outcome());
    CHECK_FALSE(outcome.has_value());
    RETURN;
}
