// Ends that come while others wait for them or for what ends, at random on four workers: closed() of oneshots, close()
// of semaphores. And the pair of fences that such paths rest on. A lost wake-up hangs, which the time limit reports.
#include "effort.hpp"
#include "one_worker.hpp"
#include "seed.hpp"
#include <bifilar/base/detail/asymmetric_fence.hpp>
#include <bifilar/base/detail/random.hpp>
#include <bifilar/base/detail/sanitizer.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

using namespace both;

namespace {

#if defined(BIFILAR_ASAN) || defined(BIFILAR_TSAN)
constexpr int usual_rounds = 300;
#else
constexpr int usual_rounds = 3'000;
#endif
const int rounds = tests::rounds_of(usual_rounds);

// Lets others go first, or not.
bf::task<> linger(bf::base::random random) {
    for (std::uint32_t turns = random.below(4); turns != 0; --turns) co_await bf::yield_now();
}

// Waits for the receiver's end, or sends without having waited. How many values were taken by the receiver.
bf::task<int> send_or_wait(bf::oneshot_sender<int> sender, bf::base::random random) {
    co_await linger(random);
    if (random.below(3) == 0) co_return sender.send(1).has_value() ? 1 : 0;
    const std::uint32_t patience = random.below(3);
    if (patience == 0) {
        co_await sender.closed();
        co_return sender.send(1).has_value() ? 1 : 0;
    }
    auto waited = bf::timeout(sender.closed(), std::chrono::microseconds{random.below(50)});
    (void)co_await waited;
    co_return sender.send(1).has_value() ? 1 : 0;
}

bf::task<int> receive_or_leave(bf::oneshot_receiver<int> receiver, bf::base::random random) {
    co_await linger(random);
    // Those who wait for the end want one.
    auto waited = bf::timeout(receiver.recv(), std::chrono::microseconds{random.below(50)});
    const auto got = co_await waited;
    if (got && *got) co_return **got;
    if (random.below(2) == 0) receiver.close();
    co_return receiver.try_recv().value_or(0);
}

bf::task<> take_permits(bf::semaphore& of, bf::base::random random, std::atomic<int>& out, std::atomic<int>& wrong) {
    for (;;) {
        auto permit = co_await of.acquire(1 + random.below(2));
        if (permit.count() == 0) co_return;
        if (out.fetch_add(static_cast<int>(permit.count())) + static_cast<int>(permit.count()) > 3) ++wrong;
        co_await linger(random);
        out.fetch_sub(static_cast<int>(permit.count()));
    }
}

}  // namespace

TEST_CASE("a_oneshot_that_ends_from_either_side_wakes_the_other_and_loses_no_value") {
    const std::uint64_t seed = tests::seed_of_this_run("oneshot ends");
    INFO("seed: " << seed);
    bf::base::random random{seed};
    bf::runtime rt{small_runtime(4)};
    for (int round = 0; round < rounds; ++round) {
        auto [sender, receiver] = bf::make_oneshot<int>();
        const auto model = [&] { return tests::both_backends[random.below(2)]; };
        auto sends = rt.spawn(model(), send_or_wait, std::move(sender), bf::base::random{random.next()});
        auto receives = rt.spawn(model(), receive_or_leave, std::move(receiver), bf::base::random{random.next()});
        const int sent = sends.join();
        const int received = receives.join();
        // What was sent after the last look of the receiver ended with it.
        REQUIRE(received <= sent);
    }
}

TEST_CASE("a_semaphore_that_closes_ends_every_wait_and_keeps_its_count") {
    const std::uint64_t seed = tests::seed_of_this_run("semaphore closes");
    INFO("seed: " << seed);
    bf::base::random random{seed};
    bf::runtime rt{small_runtime(4)};
    for (int round = 0; round < rounds / 30; ++round) {
        bf::semaphore permits{3};
        std::atomic<int> out = 0;
        std::atomic<int> wrong = 0;
        std::vector<bf::join_handle<void>> all;
        for (std::size_t n = 0; n < 12; ++n)
            all.push_back(rt.spawn(tests::both_backends[n % 2], take_permits, std::ref(permits),
                                   bf::base::random{random.next()}, std::ref(out), std::ref(wrong)));
        for (std::uint32_t turns = random.below(200); turns != 0; --turns) std::this_thread::yield();
        permits.close();
        for (auto& each : all) each.join();
        REQUIRE(wrong == 0);
        REQUIRE(out == 0);
        REQUIRE(permits.available() == 3);
        REQUIRE(permits.try_acquire().count() == 0);
    }
}

TEST_CASE("of_a_light_and_a_heavy_fence_one_side_sees_the_other") {
    if (!bf::base::heavy_fence()) return;  // The kernel has none.
    std::atomic<int> light_stored = 0;
    std::atomic<int> heavy_stored = 0;
    std::atomic<int> light_saw = -1;
    std::atomic<int> turn = 0;
    std::thread light{[&] {
        for (int round = 1; round <= rounds; ++round) {
            while (turn.load(std::memory_order_acquire) < round) {
            }
            light_stored.store(round, std::memory_order_relaxed);
            bf::base::light_fence();
            light_saw.store(heavy_stored.load(std::memory_order_relaxed), std::memory_order_release);
        }
    }};
    int missed = 0;
    for (int round = 1; round <= rounds; ++round) {
        light_saw.store(-1, std::memory_order_relaxed);
        turn.store(round, std::memory_order_release);
        heavy_stored.store(round, std::memory_order_relaxed);
        if (!bf::base::heavy_fence()) break;
        const int seen = light_stored.load(std::memory_order_relaxed);
        int other = -1;
        while ((other = light_saw.load(std::memory_order_acquire)) == -1) std::this_thread::yield();
        missed += seen != round && other != round;
    }
    turn = rounds + 1;
    CHECK(missed == 0);
    light.join();
}
