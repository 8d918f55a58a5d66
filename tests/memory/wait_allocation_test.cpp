// Waiting allocates nothing, whatever is waited for: each primitive and channel, contended, in both models.
#include "steady_state.hpp"

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

using namespace both;
using namespace tests;
using namespace std::chrono_literals;

namespace {

// Two tasks that run first(n) and second(n) for each n, in step.
template <class First, class Second>
void check_pair(const char* what, First first, Second second) {
    INFO(what);
    check_waits([&](bf::runtime& rt, bf::backend on) {
        const auto loop = [](auto& body) -> bf::task<long> {
            for (int n = 0; n < repetitions; ++n) (void)co_await body(n);
            co_return repetitions;
        };
        auto a = rt.spawn(on, loop, std::ref(first));
        auto b = rt.spawn(on, loop, std::ref(second));
        return a.join() + b.join();
    });
}

// Locks, and suspends with the lock in hand.
template <class Lock>
auto visitor(Lock lock) {
    return [lock](int) -> bf::task<> {
        const auto held = co_await lock();
        co_await bf::yield_now();
    };
}

template <class Lock>
void check_lock(const char* what, Lock lock) {
    check_pair(what, visitor(lock), visitor(lock));
}

bf::task<long> tick_often(int times) {
    bf::interval ticks{20us, bf::missed_tick::delay};
    for (int n = 0; n < times; ++n) (void)co_await ticks.tick();
    co_return times;
}

}  // namespace

TEST_CASE("waiting_for_a_lock_calls_no_malloc") {
    bf::mutex mutex;
    check_lock("mutex", [&] { return mutex.lock(); });
    bf::shared_mutex shared;
    check_lock("shared_mutex, writers", [&] { return shared.lock(); });
    check_lock("shared_mutex, readers", [&] { return shared.lock_shared(); });
    check_pair("shared_mutex, a reader behind a writer", visitor([&] { return shared.lock(); }),
               visitor([&] { return shared.lock_shared(); }));
    bf::semaphore permits{1};
    check_lock("semaphore", [&] { return permits.acquire(); });
    bf::byte_budget budget{1};
    check_lock("byte_budget", [&] { return budget.take(1); });
}

TEST_CASE("waiting_for_each_other_calls_no_malloc") {
    bf::notify ping;
    bf::notify pong;
    check_pair(
        "notify",
        [&](int) {
            pong.notify_one();
            return ping.wait();
        },
        [&](int) -> bf::task<> {
            co_await pong.wait();
            ping.notify_one();
        });
    bf::barrier barrier{2};
    check_pair(
        "barrier", [&](int) { return barrier.arrive_and_wait(); }, [&](int) { return barrier.arrive_and_wait(); });
    bf::mutex mutex;
    bf::condition changed;
    int turn = 0;  // Guarded by the mutex.
    const auto take_turns = [&](int me) {
        return [&, me](int) -> bf::task<> {
            auto held = co_await mutex.lock();
            auto mine = [&turn, me] { return turn == me; };
            co_await changed.wait(held, mine);
            turn = 1 - me;
            changed.notify_one();
        };
    };
    check_pair("condition", take_turns(0), take_turns(1));
}

TEST_CASE("waiting_for_what_is_made_once_calls_no_malloc") {
    // Made anew for each round; the barrier keeps the two in step.
    bf::barrier step{2};
    std::optional<bf::latch> latch;
    std::optional<bf::once_cell<int>> cell;
    const auto round = [&](bool leads) {
        return [&, leads](int) -> bf::task<> {
            if (leads) {
                latch.emplace(2);
                cell.emplace();
            }
            co_await step.arrive_and_wait();
            co_await latch->arrive_and_wait();
            auto make = [] { return bf::map(bf::yield_now(), [] { return 1; }); };
            (void)co_await cell->get_or_init(make);
            co_await step.arrive_and_wait();
        };
    };
    check_pair("latch and once_cell", round(true), round(false));
}

TEST_CASE("waiting_for_any_channel_calls_no_malloc") {
    bf::channel<int> desk{0};
    check_pair("rendezvous", [&](int n) { return desk.send(n); }, [&](int) { return desk.recv(); });
    bf::unbounded_channel<int> there;
    bf::unbounded_channel<int> back;
    check_pair(
        "unbounded_channel",
        [&](int n) {
            (void)there.send(n);
            return back.recv();
        },
        [&](int n) {
            (void)back.send(n);
            return there.recv();
        });
    std::vector<int> batch;
    batch.reserve(16);
    bf::channel<int> small{2};
    check_waits([&](bf::runtime& rt, bf::backend on) {
        auto sender = rt.spawn(on, [&]() -> bf::task<long> {
            for (int n = 0; n < repetitions; ++n) (void)co_await small.send(n);
            co_return repetitions;
        });
        auto receiver = rt.spawn(on, [&]() -> bf::task<long> {
            for (long got = 0; got < repetitions;) {
                batch.clear();
                got += static_cast<long>(co_await small.recv_many(batch, 16));
            }
            co_return repetitions;
        });
        return sender.join() + receiver.join();
    });
    bf::broadcast<int> news{4};
    auto first = news.subscribe();
    auto second = news.subscribe();
    bf::watch<int> value{0};
    bf::barrier step{2};
    // In step, because a subscriber that lags misses values.
    check_pair(
        "broadcast",
        [&](int n) -> bf::task<> {
            (void)news.send(n);
            (void)co_await first.recv();
            co_await step.arrive_and_wait();
        },
        [&](int) -> bf::task<> {
            (void)co_await second.recv();
            co_await step.arrive_and_wait();
        });
    auto watcher = value.subscribe();
    check_pair(
        "watch",
        [&](int n) {
            (void)value.send(n);
            return step.arrive_and_wait();
        },
        [&](int) -> bf::task<> {
            (void)co_await watcher.changed();
            (void)watcher.get();
            co_await step.arrive_and_wait();
        });
    std::optional<bf::oneshot<int>> shot;
    check_pair(
        "oneshot",
        [&](int n) -> bf::task<> {
            shot.emplace();
            co_await step.arrive_and_wait();
            co_await bf::yield_now();
            (void)shot->send(n);
            co_await step.arrive_and_wait();
        },
        [&](int) -> bf::task<> {
            co_await step.arrive_and_wait();
            (void)co_await shot->recv();
            co_await step.arrive_and_wait();
        });
}

TEST_CASE("waiting_for_several_things_calls_no_malloc") {
    bf::channel<int> a{1};
    bf::channel<int> b{1};
    check_pair(
        "race and timeout", [&](int n) -> bf::task<> { (void)co_await bf::timeout((n % 2 == 0 ? a : b).send(n), 1h); },
        [&](int) -> bf::task<> { (void)co_await bf::timeout(bf::race(a.recv(), b.recv()), 1h); });
    bf::barrier left{2};
    bf::barrier right{2};
    const auto both_sides = [&](int) { return bf::join_all(left.arrive_and_wait(), right.arrive_and_wait()); };
    check_pair("join_all", both_sides, both_sides);
    bf::channel<int> north{0};
    bf::channel<int> south{0};
    check_pair(
        "try_join_all", [&](int n) { return bf::try_join_all(north.send(n), south.send(n)); },
        [&](int) { return bf::join_all(south.recv(), north.recv()); });
}

TEST_CASE("waiting_for_a_notice_or_for_none_under_way_calls_no_malloc") {
    bf::auto_reset_event ping;
    bf::auto_reset_event pong;
    check_pair(
        "auto_reset_event",
        [&](int) {
            pong.set();
            return ping.wait();
        },
        [&](int) -> bf::task<> {
            co_await pong.wait();
            ping.set();
        });
    bf::barrier step{2};
    bf::notify news;
    // A wait counts from where it is made, so none is missed.
    check_pair(
        "notify_all",
        [&](int) -> bf::task<> {
            auto told = news.wait();
            co_await step.arrive_and_wait();
            co_await told;
        },
        [&](int) -> bf::task<> {
            co_await step.arrive_and_wait();
            co_await bf::yield_now();
            news.notify_all();
        });
    bf::wait_group group;
    check_pair(
        "wait_group",
        [&](int) -> bf::task<> {
            group.add();
            co_await step.arrive_and_wait();
            co_await bf::yield_now();
            group.done();
            co_await step.arrive_and_wait();
        },
        [&](int) -> bf::task<> {
            co_await step.arrive_and_wait();
            co_await group.wait();
            co_await step.arrive_and_wait();
        });
}

TEST_CASE("waiting_for_ticks_calls_no_malloc") {
    check_waits([](bf::runtime& rt, bf::backend on) {
        constexpr int tasks = 100;
        std::array<std::optional<bf::join_handle<long>>, tasks> handles;
        for (auto& handle : handles) handle.emplace(rt.spawn(on, tick_often, repetitions / tasks));
        long waits = 0;
        for (auto& handle : handles) waits += handle->join();
        return waits;
    });
}

TEST_CASE("waiting_for_batches_of_an_unbounded_channel_calls_no_malloc") {
    constexpr std::size_t at_once = 3;
    bf::unbounded_channel<int> queue;
    bf::barrier step{2};
    std::vector<int> batch;
    batch.reserve(16);
    // In step, so that the second run's queue is no longer than the first's.
    check_pair(
        "recv_many",
        [&](int n) -> bf::task<> {
            for (std::size_t sent = 0; sent < at_once; ++sent) (void)queue.send(n);
            co_await step.arrive_and_wait();
        },
        [&](int) -> bf::task<> {
            for (std::size_t got = 0; got < at_once;) {
                batch.clear();
                got += co_await queue.recv_many(batch, 16);
            }
            co_await step.arrive_and_wait();
        });
}

TEST_CASE("waiting_for_one_of_several_things_calls_no_malloc") {
    bf::channel<int> a{1};
    bf::channel<int> b{1};
    const auto send_to_either = [&](int n) { return (n % 2 == 0 ? a : b).send(n); };
    check_pair("select", send_to_either, [&](int) -> bf::task<> {
        auto from_a = a.recv();
        auto from_b = b.recv();
        (void)co_await bf::select(from_a, from_b);
    });
    check_pair("when", send_to_either,
               [&](int n) { return bf::race(bf::when(n % 2 == 0, a.recv()), bf::when(n % 2 != 0, b.recv())); });
    check_pair("try_race", send_to_either, [&](int) -> bf::task<> {
        for (bool received = false; !received;) {
            const auto first = co_await bf::try_race(a.recv(), b.recv());
            received = first.has_value();
            if (!received) co_await bf::yield_now();
        }
    });
}

TEST_CASE("waiting_under_a_shield_or_a_stop_token_calls_no_malloc") {
    bf::channel<int> there{1};
    bf::channel<int> back{1};
    const std::stop_source never;
    check_pair(
        "shield and stop_when",
        [&](int n) -> bf::task<> {
            (void)co_await there.send(n);
            (void)co_await bf::shield(back.recv());
        },
        [&](int n) -> bf::task<> {
            (void)co_await bf::stop_when(never.get_token(), there.recv());
            (void)co_await back.send(n);
        });
}
