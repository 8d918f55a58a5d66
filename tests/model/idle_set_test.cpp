// Work appears while workers go to sleep: no order ends with work left and every worker asleep.
// Builds on sched/idle_set.hpp; the worker's loop here is the protocol that its comment describes.
#include "engine.hpp"

#include <bifilar/base/detail/thread_gate.hpp>
#include <bifilar/sched/detail/idle_set.hpp>

#include <catch2/catch.hpp>

#include <array>
#include <string>
#include <utility>

using namespace bifilar;

namespace {

constexpr std::uint32_t max_workers = 3;

struct pool {
    explicit pool(std::uint32_t workers) : idle(workers) {}

    // Work is a number: what the queues do is not of interest here.
    bool take() noexcept {
        int seen = work.load(base::relaxed);
        while (seen > 0)
            if (work.compare_exchange_weak(seen, seen - 1, base::acq_rel, base::relaxed)) {
                ++taken;
                return true;
            }
        return false;
    }

    void wake_another() noexcept {
        base::fence_seq_cst();
        if (const auto worker = idle.claim()) gates[*worker].open();
    }

    void push() noexcept {
        work.fetch_add(1, base::release);
        wake_another();
    }

    // Pushers relied on the last searcher that finds work: it wakes another where there is more.
    void stop_searching() noexcept {
        if (!idle.end_search()) return;
        base::fence_seq_cst();
        if (work.load(base::relaxed) != 0) wake_another();
    }

    // Works until everything is done, then sleeps for good.
    void serve(std::uint32_t self) noexcept {
        bool searching = false;
        for (;;) {
            if (!searching) searching = idle.start_search();
            if (take()) {
                if (std::exchange(searching, false)) stop_searching();
                while (take()) {
                }
                continue;
            }
            idle.enter(self, searching);
            base::fence_seq_cst();
            if (work.load(base::relaxed) == 0) gates[self].wait();
            searching = idle.leave(self);
        }
    }

    sched::idle_set idle;
    std::array<base::thread_gate, max_workers> gates;
    base::atomic<int> work{0};
    int taken = 0;
};

void check_pool(std::uint32_t workers, int pushers, int pushes, unsigned preemptions, unsigned stale_reads,
                std::uint64_t random = 0) {
    const std::string name = "idle_set, " + std::to_string(workers) + " workers, " + std::to_string(pushers) + "x" +
                             std::to_string(pushes) + " pushes";
    model::check({.name = name, .preemptions = preemptions, .stale_reads = stale_reads, .random_executions = random},
                 [=](model::world& world) {
                     auto* const all = world.make<pool>(workers);
                     world.label(&all->work, "work");
                     for (std::uint32_t w = 0; w < workers; ++w)
                         world.sleeper("worker " + std::to_string(w), [=] { all->serve(w); });
                     for (int p = 0; p < pushers; ++p)
                         world.thread("pusher " + std::to_string(p), [=] {
                             for (int i = 0; i < pushes; ++i) all->push();
                         });
                     world.finally([=] {
                         model::require(all->work.load() == 0, "work is left and every worker sleeps");
                         model::require(all->taken == pushers * pushes, "work was taken twice");
                         model::require(all->idle.searching() == 0, "somebody counts as searching while all sleep");
                         model::require(all->idle.idle() == workers, "a sleeper is not counted as idle");
                     });
                 });
}

}  // namespace

TEST_CASE("idle_set_one_worker_sleeps_while_work_appears", "[idle_set]") {
    check_pool(1, 1, 1, 6, 2);
    check_pool(1, 1, 2, 4, 1);
}

TEST_CASE("idle_set_two_pushers_rely_on_each_other", "[idle_set]") { check_pool(1, 2, 1, 4, 1); }

TEST_CASE("idle_set_two_workers", "[idle_set]") {
    check_pool(2, 1, 1, 3, 1);
    check_pool(2, 1, 2, 2, 1);
    check_pool(2, 2, 1, 1, 1);
}

// A task that waits for another one needs a second worker; pushers that saw a searcher rely on it to call one.
TEST_CASE("last_searcher_that_finds_work_wakes_another", "[idle_set]") {
    struct pair : pool {
        pair() : pool(2) {}
        void serve(std::uint32_t self) noexcept {
            for (bool searching = false;;) {
                if (!searching) searching = idle.start_search();
                if (take()) {
                    const int number = taken;
                    if (std::exchange(searching, false)) stop_searching();
                    if (number == 1)
                        second_ran.wait();
                    else
                        second_ran.open();
                    continue;
                }
                idle.enter(self, searching);
                base::fence_seq_cst();
                if (work.load(base::relaxed) == 0) gates[self].wait();
                searching = idle.leave(self);
            }
        }
        base::thread_gate second_ran;
    };
    model::check({.name = "idle_set, a task waits for another", .preemptions = 2}, [](model::world& world) {
        auto* const all = world.make<pair>();
        for (std::uint32_t w = 0; w < 2; ++w) world.sleeper("worker " + std::to_string(w), [=] { all->serve(w); });
        world.thread("pusher", [=] {
            all->push();
            all->push();
        });
        world.finally([=] { model::require(all->taken == 2, "a task waits for one that nobody runs"); });
    });
}

// A searcher that is not the last leaves what it has moved to the last one to look at.
TEST_CASE("the_last_searcher_sees_what_another_has_moved", "[idle_set]") {
    model::check({.name = "idle_set, moved by one of two searchers", .preemptions = 3}, [](model::world& world) {
        auto* const all = world.make<pool>(max_workers + 1);
        (void)all->idle.start_search();
        (void)all->idle.start_search();
        all->idle.enter(0, false);
        world.sleeper("sleeper", [=] {
            all->gates[0].wait();
            (void)all->take();
        });
        world.thread("mover", [=] {
            all->work.store(1, base::release);
            all->stop_searching();
        });
        world.thread("other", [=] { all->stop_searching(); });
        world.finally([=] { model::require(all->taken == 1, "what was moved lies there, and nobody is woken"); });
    });
}

TEST_CASE("idle_set_random_mix", "[idle_set]") { check_pool(3, 2, 3, 0, 0, 30'000); }
