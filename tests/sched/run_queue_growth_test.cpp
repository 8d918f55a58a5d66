// The ring of a worker, while it grows and shrinks under thieves: each task comes out once, and no thief reads a ring
// that is gone.
#include "catch.hpp"
#include "resource_limits.hpp"
#include <bifilar/base/detail/sanitizer.hpp>
#include <bifilar/sched/detail/run_queue.hpp>
#include <bifilar/task/detail/task_header.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <deque>
#include <new>
#include <thread>
#include <vector>

namespace bf = bifilar;
using bf::sched::run_queue;

namespace {

struct counted_task : bf::detail::task_header {
    static constexpr bf::detail::operations kind{nullptr, nullptr, nullptr};
    counted_task() noexcept : task_header{kind, 0} {}
    std::atomic<int> taken{0};
};

void take(bf::detail::task_header* task) { ++static_cast<counted_task*>(task)->taken; }

void empty(run_queue& queue) {
    while (bf::detail::task_header* const task = queue.pop()) take(task);
}

}  // namespace

TEST_CASE("a full ring grows up to its limit, and gives that back when it is empty") {
    std::deque<counted_task> tasks(33);
    run_queue queue{4, 0, 32};
    for (int n = 0; n < 32; ++n) {
        while (!queue.push(tasks[static_cast<std::size_t>(n)])) REQUIRE(queue.grow());
        CHECK(queue.size() == static_cast<std::uint32_t>(n) + 1);
    }
    CHECK(queue.capacity() == 32);
    CHECK_FALSE(queue.push(tasks[32]));
    CHECK_FALSE(queue.grow());
    queue.shrink();
    CHECK(queue.capacity() == 32);
    for (int n = 0; n < 32; ++n) CHECK(queue.pop() == &tasks[static_cast<std::size_t>(n)]);
    CHECK(queue.has_grown());
    queue.shrink();
    CHECK(queue.capacity() == 4);
    CHECK_FALSE(queue.has_grown());
    CHECK(queue.push(tasks[32]));
    CHECK(queue.pop() == &tasks[32]);
}

#if !defined(BIFILAR_ASAN) && !defined(BIFILAR_TSAN)  // Their memory has no room below any limit.
TEST_CASE("a ring that gets no memory does not grow, and keeps its tasks") {
    constexpr std::uint32_t slots = 1 << 13;
    std::deque<counted_task> tasks(slots);
    run_queue queue{slots, 0, 4 * slots};
    for (counted_task& each : tasks) REQUIRE(queue.push(each));
    bool grown = true;
    bool refused = false;
    {
        const tests::address_space_left none{0};
        grown = queue.grow();
        try {
            const run_queue another{slots};
        } catch (const std::bad_alloc&) {
            refused = true;
        }
    }
    CHECK_FALSE(grown);
    CHECK(refused);
    CHECK(queue.size() == slots);
    CHECK(queue.grow());
    empty(queue);
    CHECK(std::ranges::all_of(tasks, [](const counted_task& each) { return each.taken == 1; }));
}

TEST_CASE("rings give back all of their memory, however they have grown") {
    constexpr std::uint32_t slots = 1 << 13;
    constexpr std::size_t ring_bytes = slots * sizeof(void*);
    int grown = 0;
    const auto live = [&](int shrinks) {
        run_queue queue{slots, 0, 4 * slots};
        for (int n = 0; n < 2; ++n) {
            grown += queue.grow() && queue.grow();
            if (n < shrinks) queue.shrink();
        }
    };
    {
        // For one of them at a time. No assertions under the limit: they may allocate.
        const tests::address_space_left enough{16 * ring_bytes};
        for (int round = 0; round < 50; ++round) live(round % 3);
    }
    // One that has not shrunk has grown as far as it may.
    CHECK(grown == 17 + 2 * 33);
}
#endif

TEST_CASE("a ring gives a task to who asks for it when it is the oldest") {
    std::deque<counted_task> tasks(6);
    run_queue queue{4, 0, 8};
    for (const bool alone : {false, true}) {
        CHECK_FALSE(queue.pop(tasks[0], alone));
        for (int n = 0; n < 6; ++n)
            while (!queue.push(tasks[static_cast<std::size_t>(n)])) REQUIRE(queue.grow());
        CHECK_FALSE(queue.pop(tasks[1], alone));
        for (int n = 0; n < 6; ++n) {
            CHECK(queue.pop(tasks[static_cast<std::size_t>(n)], alone));
            CHECK_FALSE(queue.pop(tasks[static_cast<std::size_t>(n)], alone));
        }
        CHECK(queue.empty());
    }
}

TEST_CASE("a ring grows and shrinks under thieves and each task comes out once") {
    constexpr int rounds = 3'000;
    constexpr int max_at_once = 40;
    std::deque<counted_task> tasks(static_cast<std::size_t>(rounds) * max_at_once);
    run_queue queue{4, 0, 64};
    std::atomic<bool> over = false;
    std::vector<std::thread> thieves;
    for (int n = 0; n < 2; ++n)
        thieves.emplace_back([&] {
            run_queue own{4};
            while (!over) {
                std::uint32_t moved = 0;
                if (bf::detail::task_header* const task = queue.steal_into(own, moved)) take(task);
                empty(own);
            }
        });
    std::size_t next = 0;
    for (int round = 0; round < rounds; ++round) {
        for (int n = 0; n < round % max_at_once; ++n, ++next)
            while (!queue.push(tasks[next]))
                if (!queue.grow()) std::this_thread::yield();
        if (round % 3 == 0) {
            empty(queue);
            queue.shrink();
        }
    }
    empty(queue);
    over = true;
    for (std::thread& thief : thieves) thief.join();
    empty(queue);
    int wrong = 0;
    for (std::size_t n = 0; n < next; ++n) wrong += tasks[n].taken != 1;
    CHECK(wrong == 0);
}
