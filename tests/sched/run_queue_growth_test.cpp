// The ring of a worker, while it grows and shrinks under thieves: each task comes out once, and no thief reads a ring
// that is gone.
#include "catch.hpp"
#include <bifilar/sched/detail/run_queue.hpp>
#include <bifilar/task/detail/task_header.hpp>

#include <atomic>
#include <cstdint>
#include <deque>
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
    queue.shrink();
    CHECK(queue.capacity() == 4);
    CHECK(queue.push(tasks[32]));
    CHECK(queue.pop() == &tasks[32]);
}

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
