// Everything that can be waited for, at random, on four workers, with timeouts and cancellations in between: permits,
// locks, notices and messages are counted at the end. Prints its seed.
#include "effort.hpp"
#include "one_worker.hpp"
#include "seed.hpp"
#include <bifilar/base/detail/random.hpp>
#include <bifilar/base/detail/sanitizer.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

using namespace both;
using namespace std::chrono_literals;

namespace {

#if defined(BIFILAR_ASAN) || defined(BIFILAR_TSAN)
constexpr int usual_lives = 400;
#else
constexpr int usual_lives = 4'000;
#endif
const int lives = tests::rounds_of(usual_lives);
constexpr int steps = 40;
constexpr std::uint32_t all_permits = 5;

// What the tasks share. Plain members are guarded by the lock named beside them.
struct arena {
    bf::mutex mutex;
    long in_mutex = 0;  // mutex
    std::atomic<long> mutex_entries{0};
    bf::shared_mutex shared;
    long in_shared = 0;  // shared
    std::atomic<long> shared_entries{0};
    std::atomic<int> readers{0};
    std::atomic<int> mistakes{0};
    bf::semaphore permits{all_permits};
    std::atomic<long> permits_out{0};
    bf::notify notice;
    bf::event event;
    std::array<bf::channel<std::unique_ptr<long>>, 3> channels{bf::channel<std::unique_ptr<long>>{0U},
                                                               bf::channel<std::unique_ptr<long>>{1U},
                                                               bf::channel<std::unique_ptr<long>>{16U}};
    bf::unbounded_channel<std::unique_ptr<long>> unbounded;
    std::atomic<long> sent{0};        // Said to be sent.
    std::atomic<long> maybe_sent{0};  // Given up.
    std::atomic<long> received{0};
    bf::broadcast<long> news{8};
    bf::watch<long> value{0};
    bf::barrier barrier{2};
};

bf::task<> use_locks(arena& a, std::uint32_t what) {
    if (what % 3 == 0) {
        const auto held = co_await a.mutex.lock();
        ++a.mutex_entries;
        const long before = a.in_mutex;
        if (what % 2 == 0) co_await bf::yield_now();
        a.in_mutex = before + 1;
    } else if (what % 3 == 1) {
        const auto held = co_await a.shared.lock();
        ++a.shared_entries;
        if (a.readers != 0) ++a.mistakes;
        const long before = a.in_shared;
        if (what % 2 == 0) co_await bf::yield_now();
        a.in_shared = before + 1;
    } else {
        const auto held = co_await a.shared.lock_shared();
        ++a.readers;
        // Also when the task is cancelled here.
        const auto leave = std::shared_ptr<void>(nullptr, [&a](void*) { --a.readers; });
        co_await bf::yield_now();
    }
}

bf::task<> use_permits(arena& a, std::uint32_t what) {
    const auto held = co_await a.permits.acquire(1 + what % all_permits);
    const long out = a.permits_out += held.count();
    if (out > all_permits) ++a.mistakes;
    const auto leave = std::shared_ptr<void>(nullptr, [&a, count = held.count()](void*) { a.permits_out -= count; });
    co_await bf::yield_now();
}

bf::task<> send_somewhere(arena& a, std::uint32_t what) {
    auto value = std::make_unique<long>(1);
    if (what % 4 == 3) {
        ++a.sent;
        (void)a.unbounded.send(std::move(value));
        co_return;
    }
    ++a.maybe_sent;
    auto sent = co_await a.channels[what % 4].send(std::move(value));
    if (sent) {
        --a.maybe_sent;
        ++a.sent;
    }
}

// The count is made in the poll that takes the message, so that a cancellation cannot come between.
template <class Receive>
auto count_in(arena& a, Receive receive) {
    return bf::map(std::move(receive), [&a](std::optional<std::unique_ptr<long>> value) {
        if (value) ++a.received;
    });
}

bf::task<> receive_somewhere(arena& a, std::uint32_t what) {
    if (what % 2 == 0) {
        (void)co_await bf::race(count_in(a, a.channels[what % 3].recv()), count_in(a, a.unbounded.recv()));
    } else {
        co_await count_in(a, a.channels[what % 3].recv());
    }
}

bf::task<> meet(arena& a, std::uint32_t what) {
    switch (what % 6) {
        case 0:
            a.notice.notify_one();
            break;
        case 1:
            co_await a.notice.wait();
            break;
        case 2:
            (void)co_await a.barrier.arrive_and_wait();
            break;
        case 3:
            (void)a.value.send(what);
            (void)a.news.send(what);
            a.event.set();
            break;
        case 4: {
            auto from = a.news.subscribe();
            auto watcher = a.value.subscribe();
            auto value = from.recv();
            auto changed = watcher.changed();
            auto set = a.event.wait();
            (void)co_await bf::select(value, changed, set);
            a.event.reset();
            break;
        }
        default:
            a.notice.notify_all();
            break;
    }
}

bf::task<> live(arena& a, std::uint64_t seed) {
    bf::base::random random{seed};
    for (int n = 0; n < steps; ++n) {
        const std::uint32_t what = random.below(1'000'000);
        const auto limit = std::chrono::microseconds{random.below(300)};
        switch (random.below(5)) {
            case 0:
                (void)co_await bf::timeout(use_locks(a, what), limit);
                break;
            case 1:
                (void)co_await bf::timeout(use_permits(a, what), limit);
                break;
            case 2:
                (void)co_await bf::timeout(send_somewhere(a, what), limit);
                break;
            case 3:
                (void)co_await bf::timeout(receive_somewhere(a, what), limit);
                break;
            default:
                (void)co_await bf::timeout(meet(a, what), limit);
                break;
        }
    }
}

bf::task<bool> wait_unless_stopped(std::stop_token token, bf::event& event) {
    const auto answer = co_await bf::stop_when(std::move(token), event.wait());
    co_return answer.has_value();
}

// Waits that end, are stopped by another thread, or either, and some that are cancelled. How many answers are wrong.
int race_stops(bf::runtime& rt, bf::base::random& random) {
    enum class what : unsigned char { ends, is_stopped, either };
    constexpr std::size_t waits = 64;
    std::vector<bf::event> events(waits);
    std::vector<std::stop_source> sources(waits);
    std::vector<what> fate;
    std::vector<bf::join_handle<bool>> all;
    for (std::size_t n = 0; n < waits; ++n) {
        fate.push_back(static_cast<what>(random.below(3)));
        all.push_back(
            rt.spawn(tests::both_backends[n % 2], wait_unless_stopped, sources[n].get_token(), std::ref(events[n])));
    }
    std::atomic<bool> runs{false};
    std::thread stopper{[&] {
        runs = true;
        for (std::size_t n = 0; n < waits; ++n)
            if (fate[n] != what::ends) sources[n].request_stop();
    }};
    while (!runs) std::this_thread::yield();
    for (std::size_t n = 0; n < waits; ++n) {
        if (fate[n] != what::is_stopped) events[n].set();
        if (random.below(16) == 0) all[n].cancel();
    }
    stopper.join();
    int wrong = 0;
    for (std::size_t n = 0; n < waits; ++n) {
        const auto ended = bf::block_on(all[n].outcome());
        if (ended && fate[n] != what::either && *ended != (fate[n] == what::ends)) ++wrong;
    }
    return wrong;
}

}  // namespace

TEST_CASE("whatever_is_waited_for_and_cancelled_nothing_is_lost") {
    const std::uint64_t seed = tests::seed_of_this_run("waits");
    INFO("seed: " << seed);
    bf::base::random random{seed};
    arena a;
    {
        bf::runtime rt{small_runtime(4)};
        constexpr std::size_t at_once = 48;
        std::vector<bf::join_handle<void>> living;
        for (int n = 0; n < lives; ++n) {
            living.push_back(rt.spawn(tests::both_backends[n % 2], live, std::ref(a), random.next()));
            if (living.size() < at_once) continue;
            const std::size_t at = random.below(at_once);
            if (random.below(3) == 0) living[at].cancel();
            (void)bf::block_on(living[at].outcome());
            std::swap(living[at], living.back());
            living.pop_back();
        }
        for (auto& handle : living) (void)bf::block_on(handle.outcome());
    }
    CHECK(a.mistakes == 0);
    CHECK(a.in_mutex <= a.mutex_entries);
    CHECK(a.in_shared <= a.shared_entries);
    CHECK(a.readers == 0);
    CHECK_FALSE(a.mutex.is_locked());
    CHECK(a.shared.try_lock());
    CHECK(a.permits.available() == all_permits);
    CHECK(a.permits_out == 0);
    long left = 0;
    for (auto& channel : a.channels)
        while (channel.try_recv()) ++left;
    while (a.unbounded.try_recv()) ++left;
    const long all = a.received + left;
    CHECK(all >= a.sent);
    CHECK(all <= a.sent + a.maybe_sent);
}

TEST_CASE("a_stop_from_another_thread_races_the_end_of_a_wait_and_one_of_them_comes_out") {
    const std::uint64_t seed = tests::seed_of_this_run("stops");
    INFO("seed: " << seed);
    bf::base::random random{seed};
    bf::runtime rt{small_runtime(4)};
    for (int round = 0; round < tests::rounds_of(20); ++round) CHECK(race_stops(rt, random) == 0);
}
