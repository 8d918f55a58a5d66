// Ends of runtimes, threads and owners at awkward moments.
#include "catch.hpp"
#include <bifilar/bifilar.hpp>

#include <array>
#include <atomic>
#include <optional>
#include <thread>
#include <vector>

namespace bf = bifilar;
using namespace std::chrono_literals;

// The setter may still be on its way out of the scheduler when the woken task, and with it the runtime, has ended.
TEST_CASE("a_runtime_ends_while_a_foreign_thread_wakes_its_last_task") {
    const auto on = GENERATE(bf::backend::stackless, bf::backend::stackful);
    for (int round = 0; round < 300; ++round) {
        bf::event go;
        std::atomic<bool> parked{false};
        std::thread setter{[&] {
            while (!parked.load()) std::this_thread::yield();
            go.set();
        }};
        {
            bf::runtime_options options;
            options.workers = 1;
            bf::runtime rt{options};
            auto waits = on == bf::backend::stackless ? rt.spawn(
                                                            [](bf::event& e, std::atomic<bool>& p) -> bf::task<> {
                                                                p = true;
                                                                co_await e.wait();
                                                            },
                                                            std::ref(go), std::ref(parked))
                                                      : rt.spawn(
                                                            on,
                                                            [](bf::event& e, std::atomic<bool>& p) {
                                                                p = true;
                                                                bf::await(e.wait());
                                                            },
                                                            std::ref(go), std::ref(parked));
            waits.join();
        }
        setter.join();
    }
}

// The task that lost interest may be gone by the time the other one completes.
TEST_CASE("a_handle_moved_out_of_a_finished_task_forgets_that_task") {
    bf::runtime rt;
    for (int round = 0; round < 200; ++round) {
        bf::event go;
        auto slow = rt.spawn(
            [](bf::event& until) -> bf::task<int> {
                co_await until.wait();
                co_return 7;
            },
            std::ref(go));
        auto kept = rt.spawn(
                          [](bf::join_handle<int> joined) -> bf::task<bf::join_handle<int>> {
                              // Polled once, so that the slow task knows this one as its joiner.
                              auto limit = bf::sleep_for(10us);
                              (void)co_await bf::select(joined, limit);
                              co_return joined;
                          },
                          std::move(slow))
                        .join();
        go.set();
        CHECK(kept.join() == 7);
    }
}

namespace {

// Joins when main's thread_locals are gone; fails as a crash or a hang of the whole program.
struct late_joiner {
    std::optional<bf::runtime> rt;
    std::optional<bf::join_handle<int>> handle;
    ~late_joiner() {
        if (!handle) return;
        (void)handle->join();
        bf::block_on(bf::sleep_for(1us));
    }
};
late_joiner late;

}  // namespace

TEST_CASE("a_static_joins_at_the_end_of_the_program") {
    bf::block_on(bf::sleep_for(1us));
    late.rt.emplace();
    late.handle.emplace(late.rt->spawn([]() -> bf::task<int> {
        co_await bf::sleep_for(20ms);
        co_return 3;
    }));
    SUCCEED();
}

// Frames of every small size with a result that needs a long prefix: their marks must stay apart.
namespace {

using big_result = std::array<char, 24>;

template <int Bytes>
bf::task<big_result> hold(bf::event& until) {
    std::array<char, static_cast<std::size_t>(Bytes)> kept{};
    kept[0] = 'k';
    co_await until.wait();
    big_result made{};
    made[0] = kept[0];
    co_return made;
}

bf::task<big_result> at_once() { co_return big_result{'a'}; }

}  // namespace

TEST_CASE("small_coroutines_with_large_results_are_all_found_at_shutdown") {
    for (int round = 0; round < 20; ++round) {
        bf::event never;
        bf::runtime rt;
        std::vector<bf::join_handle<big_result>> all;
        for (int n = 0; n < 500; ++n) {
            all.push_back(rt.spawn(hold<1>, std::ref(never)));
            all.push_back(rt.spawn(hold<16>, std::ref(never)));
            all.push_back(rt.spawn(at_once));
            if (n % 3 == 0) all.push_back(rt.spawn([]() -> bf::task<big_result> { co_return co_await at_once(); }));
        }
        const auto report = rt.shutdown();
        CHECK(report.clean());
    }
}

// A second shutdown that gives up used to take the first one's phase back: tasks that began then were not cancelled,
// and nobody told the first when all had ended.
TEST_CASE("a_shutdown_that_gives_up_leaves_another_one_as_it_was") {
    bf::runtime_options options;
    options.workers = 1;
    bf::runtime rt{options};
    std::atomic<bool> cancelled{false}, tried{false}, ended{false};
    std::atomic<int> born{0};
    rt.spawn(bf::backend::stackful, [&] {
          try {
              bf::await(bf::pending());
          } catch (const bf::cancelled&) {
              cancelled = true;
              while (!tried) std::this_thread::yield();
              bf::spawn(bf::backend::stackful, [&] {
                  ++born;
                  bf::await(bf::pending());
              }).detach();
              throw;
          }
      }).detach();
    rt.spawn([]() -> bf::task<> { co_return; }).join();
    std::thread first{[&] {
        CHECK(rt.shutdown().clean());
        ended = true;
    }};
    while (!cancelled) std::this_thread::yield();
    // The task runs on, so this one cannot halt its worker.
    CHECK_FALSE(rt.shutdown(std::chrono::steady_clock::now()).clean());
    tried = true;
    const auto patience = std::chrono::steady_clock::now() + 30s;
    while (!ended && std::chrono::steady_clock::now() < patience) std::this_thread::sleep_for(1ms);
    CHECK(ended);
    CHECK(born == 0);
    if (!ended) (void)rt.shutdown();
    first.join();
}
