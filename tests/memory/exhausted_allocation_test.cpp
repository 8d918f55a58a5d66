// Where there is no memory: std::bad_alloc where it is documented, and nothing worse anywhere else.
#include "counted_malloc.hpp"
#include "one_worker.hpp"
#include <bifilar/base/detail/baton.hpp>
#include <bifilar/memory/detail/frame_pool.hpp>

#include <new>
#include <thread>
#include <utility>
#include <vector>

using namespace both;
using tests::memory_is_exhausted;

TEST_CASE("a_thread_without_memory_for_a_frame_cache_does_without_and_ends_as_any_other") {
    if (!tests::counts_malloc) return;
    void* const frame_of_another = bf::detail::allocate_frame(100);  // So that the pool has room.
    bool had_one = true;
    std::thread{[&had_one] {
        memory_is_exhausted = true;
        try {
            bf::detail::release_frame(bf::detail::allocate_frame(100));
        } catch (const std::bad_alloc&) {
            had_one = false;
        }
        memory_is_exhausted = false;
    }}.join();
    CHECK(had_one);
    bf::detail::release_frame(frame_of_another);
}

TEST_CASE("a_frame_is_freed_without_memory_by_a_thread_that_had_none") {
    if (!tests::counts_malloc) return;
    void* const frame = bf::detail::allocate_frame(100);
    std::thread{[frame] {
        memory_is_exhausted = true;
        bf::detail::release_frame(frame);
        memory_is_exhausted = false;
    }}.join();
    SUCCEED();
}

TEST_CASE("who_is_woken_in_a_simulation_costs_no_memory") {
    if (!tests::counts_malloc) return;
    namespace base = bf::base;
    constexpr int threads = 5;
    base::decisions none{std::vector<base::decision>{}, {}};
    int woken = 0;
    std::thread{[&] {
        base::baton simulation{none, 100'000};
        std::vector<std::thread> all;
        const char apart[threads] = {};
        const int together = 0;
        for (const char& own : apart) {
            all.push_back(base::make_thread(base::baton::role::worker, [&] {
                simulation.wait(&own);
                simulation.wait(&together);
                ++woken;
            }));
            // One by one, so that never more than one of them could run.
            simulation.give_way();
            simulation.wake(&own);
            simulation.give_way();
        }
        memory_is_exhausted = true;
        simulation.wake(&together);
        memory_is_exhausted = false;
        simulation.await_others();
        for (std::thread& each : all) each.join();
    }}.join();
    CHECK(woken == threads);
}

TEST_CASE("a_scope_without_memory_for_another_error_has_the_first") {
    if (!tests::counts_malloc) return;
    bf::runtime_options options = small_runtime(1);
    options.on_calling_thread = true;
    bf::runtime rt{options};
    rt.run([] {
        bf::task_scope scope;
        scope.spawn(bf::backend::stackful, [] {
            try {
                bf::await(bf::pending());
            } catch (const bf::cancelled&) {
                memory_is_exhausted = true;
                throw 2;
            }
        });
        tests::let_others_park();
        scope.spawn([] { throw 1; });
        int first = 0;
        try {
            bf::await(scope.join());
        } catch (int error) {
            first = error;
        }
        const bool was_exhausted = std::exchange(memory_is_exhausted, false);
        CHECK(was_exhausted);
        CHECK(first == 1);
        CHECK(scope.take_other_errors().empty());
    });
}
