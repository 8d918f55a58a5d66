// spawn_options::worker: where a task runs first.
#include "one_worker.hpp"
#include <bifilar/sched/detail/worker.hpp>
#include <bifilar/task/detail/thread_state.hpp>

#include <atomic>
#include <stdexcept>
#include <vector>

namespace bf = bifilar;
using Catch::Matchers::Contains;

namespace {

constexpr std::uint32_t workers = 3;

std::uint32_t worker_here() { return bf::detail::this_thread().worker->index(); }

bf::spawn_options placed(bf::backend on, std::uint32_t worker) {
    bf::spawn_options options;
    options.on = on;
    options.worker = worker;
    return options;
}

}  // namespace

TEST_CASE("a_task_runs_first_where_it_is_told_to") {
    for (const bf::backend on : tests::both_backends) {
        bf::runtime rt{both::small_runtime(workers)};
        for (std::uint32_t n = 0; n < 100 * workers; ++n)
            CHECK(rt.spawn(placed(on, n % workers), worker_here).join() == n % workers);
        const auto from_inside = [on] {
            std::vector<bf::join_handle<std::uint32_t>> all;
            for (std::uint32_t n = 0; n < 100 * workers; ++n)
                all.push_back(bf::spawn(placed(on, n % workers), worker_here));
            std::uint32_t right = 0;
            for (std::uint32_t n = 0; n < all.size(); ++n) right += bf::await(all[n]) == n % workers ? 1 : 0;
            return right;
        };
        CHECK(rt.run(from_inside) == 100 * workers);
    }
}

TEST_CASE("a_placed_task_waits_for_its_worker_though_others_are_idle") {
    for (const bf::backend on : tests::both_backends) {
        bf::runtime rt{both::small_runtime(2)};
        std::atomic<bool> busy{false};
        std::atomic<bool> over{false};
        auto first = rt.spawn(placed(on, 0), [&] {
            busy = true;
            while (!over) bf::base::spin_pause();
        });
        while (!busy) bf::base::spin_pause();
        auto second = rt.spawn(placed(on, 0), [&] { return over.load(); });
        rt.spawn(placed(on, 1), [&] { over = true; }).join();
        first.join();
        CHECK(second.join());
    }
}

TEST_CASE("a_fiber_stays_where_it_was_placed") {
    bf::runtime rt{both::small_runtime(workers)};
    std::vector<bf::join_handle<bool>> all;
    for (std::uint32_t n = 0; n < 10 * workers; ++n)
        all.push_back(rt.spawn(placed(bf::backend::stackful, n % workers), [n] {
            bool stays = true;
            for (int turn = 0; turn < 100; ++turn) {
                bf::this_fiber::yield();
                stays = stays && worker_here() == n % workers;
            }
            return stays;
        }));
    for (auto& one : all) CHECK(one.join());
}

TEST_CASE("a_worker_that_there_is_not_is_refused_and_nothing_is_started") {
    for (const bf::backend on : tests::both_backends) {
        bf::runtime rt{both::small_runtime(workers)};
        bool ran = false;
        CHECK_THROWS_WITH(rt.spawn(placed(on, workers), [&ran] { ran = true; }),
                          Contains("spawn_options::worker is 3") && Contains("give 0 to 2"));
        CHECK_THROWS_AS(rt.spawn(placed(on, workers), [&ran] { ran = true; }), std::invalid_argument);
        rt.run([on] {
            auto scope_body = [on](bf::task_scope& scope) -> bf::task<> {
                bool thrown = false;
                try {
                    (void)scope.spawn(placed(on, workers), [] {});
                } catch (const std::invalid_argument&) {
                    thrown = true;
                }
                CHECK(thrown);
                co_return;
            };
            bf::await(bf::with_scope(scope_body));
        });
        CHECK(rt.shutdown().tasks().empty());
        CHECK_FALSE(ran);
    }
}
