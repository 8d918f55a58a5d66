// Waiting allocates nothing, whatever is waited for: each primitive and channel, contended, in both models.
#include "steady_state.hpp"

#include <chrono>
#include <memory>
#include <optional>

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
            for (int n = 0; n < repetitions; ++n) co_await body(n);
            co_return repetitions;
        };
        auto a = rt.spawn(on, loop, std::ref(first));
        auto b = rt.spawn(on, loop, std::ref(second));
        return a.join() + b.join();
    });
}

// Both lock, and suspend while they have it.
template <class Lock>
void check_lock(const char* what, Lock lock) {
    const auto visit = [lock](int) -> bf::task<> {
        const auto held = co_await lock();
        co_await bf::yield_now();
    };
    check_pair(what, visit, visit);
}

}  // namespace

TEST_CASE("waiting_for_a_lock_calls_no_malloc") {
    bf::mutex mutex;
    check_lock("mutex", [&] { return mutex.lock(); });
    bf::shared_mutex shared;
    check_lock("shared_mutex, writers", [&] { return shared.lock(); });
    check_lock("shared_mutex, readers", [&] { return shared.lock_shared(); });
    bf::semaphore permits{1};
    check_lock("semaphore", [&] { return permits.acquire(); });
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
}
