// Runtimes without threads of their own: what runs when, who may end them, and that nothing is held up.
#include "both/in_each_model.hpp"
#include "bytes.hpp"
#include "io/processor_time.hpp"
#include "io/stream_pair.hpp"
#include "last_words.hpp"
#include "one_worker.hpp"
#include "uninterrupted.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace bf = bifilar;
using namespace std::chrono_literals;
using tests::bytes_of;

namespace {

bf::runtime_options on_this_thread() {
    bf::runtime_options options;
    options.on_calling_thread = true;
    options.stack_bytes = 64 * 1024;
    return options;
}

std::size_t threads_of_process() {
    const std::filesystem::directory_iterator all{"/proc/self/task"};
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

bf::task<std::size_t> echo_once() {
    tests::stream_pair streams = co_await tests::tcp_pair();
    auto echo = bf::spawn(
        [](bf::tcp_stream& far) -> bf::task<> {
            const auto got = co_await far.receive();
            (void)co_await far.write_all(got.value().bytes());
        },
        std::ref(streams.far));
    const std::string text = "there and back";
    (void)co_await streams.near.write_all(bytes_of(text));
    const auto back = co_await streams.near.receive();
    co_await echo;
    co_return back.value().size();
}

}  // namespace

TEST_CASE("a_runtime_on_its_calling_thread_has_no_other_and_runs_both_models") {
    const std::size_t before = threads_of_process();
    bf::runtime rt{on_this_thread()};
    CHECK(rt.workers() == 1);
    CHECK(threads_of_process() == before);
    const auto here = std::this_thread::get_id();
    CHECK(rt.run([] { return std::this_thread::get_id(); }) == here);
    CHECK(rt.run([]() -> bf::task<std::thread::id> { co_return std::this_thread::get_id(); }) == here);
    CHECK(rt.run(echo_once) == 14);
    CHECK_THROWS_WITH(rt.run([] { throw std::runtime_error{"of the body"}; }), "of the body");
    CHECK(threads_of_process() == before);
}

TEST_CASE("tasks_run_while_the_calling_thread_waits_and_stand_still_while_it_does_not") {
    for (const bf::backend on : tests::both_backends) {
        bf::runtime rt{on_this_thread()};
        bf::event go;
        int steps = 0;
        auto task = rt.spawn(on, [&]() -> bf::task<int> {
            ++steps;
            co_await go.wait();
            ++steps;
            co_await bf::sleep_for(1ms);
            co_return ++steps;
        });
        std::this_thread::sleep_for(5ms);
        CHECK(steps == 0);
        rt.run([] {});
        CHECK(steps == 1);
        go.set();
        CHECK(steps == 1);
        CHECK(task.join() == 3);
    }
}

TEST_CASE("block_on_of_anything_works_for_the_runtime_and_uses_its_driver") {
    bf::runtime rt{on_this_thread()};
    auto ends = tests::local_stream();
    bf::tcp_stream near{ends[0]};
    bf::tcp_stream far{ends[1]};
    // The task's answer and this thread's read come from one driver.
    rt.spawn(
          [](bf::tcp_stream& to) -> bf::task<> {
              co_await bf::sleep_for(2ms);
              const std::string text = "late";
              (void)co_await to.write_all(bytes_of(text));
          },
          std::ref(far))
        .detach();
    std::array<std::byte, 4> buffer{};
    const auto got = bf::block_on(near.read_exact(buffer));
    CHECK(got.value() == 4);
    bf::block_on(bf::sleep_for(1ms));
}

TEST_CASE("another_thread_wakes_the_calling_thread_from_its_sleep") {
    bf::runtime rt{on_this_thread()};
    for (int round = 0; round < 20; ++round) {
        bf::event told;
        const std::uint64_t sleeps = rt.stats().total().parked;
        std::thread other{[&] {
            while (rt.stats().total().parked == sleeps) std::this_thread::yield();
            told.set();
        }};
        bf::block_on(told.wait());
        other.join();
    }
}

TEST_CASE("a_calling_thread_that_only_yields_lets_tasks_run") {
    for (const bf::backend on : tests::both_backends) {
        bf::runtime rt{on_this_thread()};
        int steps = 0;
        rt.spawn(on, [&]() -> bf::task<> {
              for (; steps < 3; ++steps) co_await bf::yield_now();
          }).detach();
        for (int turn = 0; turn < 100 && steps < 3; ++turn) bf::block_on(bf::yield_now());
        CHECK(steps == 3);
    }
}

TEST_CASE("other_threads_spawn_wake_and_join_while_the_calling_thread_works") {
    bf::runtime rt{on_this_thread()};
    constexpr int threads = 4;
    constexpr int each = 500;
    std::atomic<int> ran{0};
    bf::event over;
    std::vector<std::thread> others;
    for (int n = 0; n < threads; ++n)
        others.emplace_back([&, n] {
            for (int task = 0; task < each; ++task) {
                const auto on = (n + task) % 2 == 0 ? bf::backend::stackless : bf::backend::stackful;
                auto handle = rt.spawn(on, [&ran]() -> bf::task<> {
                    co_await bf::yield_now();
                    ran.fetch_add(1);
                });
                if (task % 8 == 0)
                    handle.join();
                else
                    std::move(handle).detach();
            }
            if (n == 0) over.set();
        });
    rt.run([&]() -> bf::task<> {
        co_await over.wait();
        while (ran.load() != threads * each) co_await bf::sleep_for(1ms);
    });
    for (std::thread& other : others) other.join();
    CHECK(ran.load() == threads * each);
}

TEST_CASE("blocking_calls_have_threads_beside_the_calling_thread") {
    bf::runtime rt{on_this_thread()};
    const auto here = std::this_thread::get_id();
    const bool elsewhere = rt.run([here]() -> bf::task<bool> {
        co_return co_await bf::spawn_blocking([here] { return std::this_thread::get_id() != here; });
    });
    CHECK(elsewhere);
}

TEST_CASE("a_shutdown_on_the_calling_thread_cancels_and_tells_who_is_left") {
    bf::runtime rt{on_this_thread()};
    bool unwound = false;
    rt.spawn([&]() -> bf::task<> {
          struct witness {
              bool& told;
              ~witness() { told = true; }
          } at_end{unwound};
          co_await bf::sleep_for(1h);
      }).detach();
    bf::spawn_options stubborn;
    stubborn.name = "stubborn";
    stubborn.on = bf::backend::stackful;
    std::atomic<bool> enough{false};
    rt.spawn(stubborn, [&] {
          while (!enough) bf::await(bf::shield(bf::yield_now()));
      }).detach();
    rt.run([]() -> bf::task<> { co_await bf::yield_now(); });
    const auto report = rt.shutdown(std::chrono::steady_clock::now() + 20ms);
    CHECK(unwound);
    CHECK(report.tasks_alive() == 1);
    REQUIRE(report.tasks().size() == 1);
    CHECK(report.tasks()[0].name == "stubborn");
    enough = true;
    CHECK(rt.shutdown().clean());
    CHECK_THROWS_AS(rt.spawn([] {}), std::logic_error);
}

TEST_CASE("what_does_not_go_with_the_calling_thread_is_refused_by_name") {
    const auto refuses = [](auto change) {
        bf::runtime_options options = on_this_thread();
        change(options);
        CHECK_THROWS_AS(bf::runtime{options}, std::invalid_argument);
    };
    refuses([](bf::runtime_options& options) { options.workers = 2; });
    refuses([](bf::runtime_options& options) { options.pin = bf::pin::core; });
    bf::simulated_clock clock;
    refuses([&](bf::runtime_options& options) { options.clock = &clock; });

    bf::runtime rt{on_this_thread()};
    CHECK_THROWS_AS(bf::runtime{on_this_thread()}, std::logic_error);
    rt.run([] { CHECK_THROWS_AS(bf::runtime{on_this_thread()}, std::logic_error); });
    std::thread{[&] { CHECK_THROWS_AS(rt.shutdown(), std::logic_error); }}.join();
    CHECK(rt.run([] { return 1; }) == 1);
}

TEST_CASE("a_runtime_that_is_ended_by_another_thread_than_its_calling_thread_aborts_with_a_remedy") {
    if (!tests::children_have_threads) return;
    tests::check_aborts("a runtime on its calling thread was ended by another; end it where it was made", [] {
        auto rt = std::make_unique<bf::runtime>(on_this_thread());
        std::thread{[&] { rt.reset(); }}.join();
    });
}

TEST_CASE("a_thread_that_had_a_driver_gets_it_back_when_its_runtime_ends") {
    auto ends = tests::local_stream();
    bf::tcp_stream near{ends[0]};
    bf::tcp_stream far{ends[1]};
    const std::string text = "word";
    const auto one_way = [&] {
        std::array<std::byte, 4> buffer{};
        CHECK(bf::block_on(far.write_all(bytes_of(text))).value() == 4);
        CHECK(bf::block_on(near.read_exact(buffer)).value() == 4);
        // Waits in the driver.
        CHECK(bf::block_on(bf::timeout(near.read(buffer), 1ms)).has_value() == false);
    };
    one_way();
    for (int round = 0; round < 3; ++round) {
        bf::runtime rt{on_this_thread()};
        one_way();
        CHECK(rt.run(echo_once) == 14);
    }
    one_way();
}

TEST_CASE("a_forked_child_of_the_calling_thread_does_not_work_for_its_parent") {
    bf::runtime rt{on_this_thread()};
    int steps = 0;
    rt.spawn([&]() -> bf::task<> {
          for (;; ++steps) co_await bf::yield_now();
      }).detach();
    rt.run([]() -> bf::task<> { co_await bf::sleep_for(1ms); });
    CHECK(steps != 0);
    const pid_t child = ::fork();
    if (child == 0) {
        const int before = steps;
        bf::block_on(bf::sleep_for(2ms));
        bf::runtime own{on_this_thread()};
        const bool works = own.run(echo_once) == 14;
        ::_exit(works && steps == before ? 0 : 1);
    }
    int status = -1;
    CHECK(tests::uninterrupted([&] { return ::waitpid(child, &status, 0); }) == child);
    CHECK(status == 0);
    rt.run([]() -> bf::task<> { co_await bf::sleep_for(1ms); });
}

TEST_CASE("a_task_that_forks_in_run_and_goes_on_in_the_child_aborts_there") {
    if (!tests::children_have_threads) return;
    tests::check_aborts("a runtime was used in a forked child", [] {
        bf::runtime rt{on_this_thread()};
        const pid_t child = rt.run([] { return ::fork(); });
        if (child == 0) ::_exit(0);  // It has come out of run().
        int status = 0;
        while (::waitpid(child, &status, 0) < 0) continue;
        if (WIFSIGNALED(status)) std::abort();
    });
}

TEST_CASE("what_detached_tasks_have_sent_is_on_its_way_when_run_returns") {
    bf::runtime rt{on_this_thread()};
    std::vector<tests::bare_stream_pair> pairs(8);
    std::size_t answering = 0;
    for (tests::bare_stream_pair& pair : pairs)
        rt.spawn(
              [&answering](tests::bare_stream_pair& mine) -> bf::task<> {
                  (void)co_await mine.near.receive();
                  ++answering;
                  const std::string text = "answer";
                  (void)co_await mine.near.write_all(bytes_of(text));
              },
              std::ref(pair))
            .detach();
    rt.run([&] {
        tests::let_others_park();
        for (tests::bare_stream_pair& pair : pairs) CHECK(::send(pair.far, "?", 1, 0) == 1);
        while (answering != pairs.size()) bf::this_fiber::yield();
    });
    // A simulated kernel takes its time.
    if (rt.driver() != bf::driver_kind::simulated)
        for (tests::bare_stream_pair& pair : pairs) CHECK(tests::bare_stream_pair::drain(pair.far) == 6);
    rt.shutdown();
}

TEST_CASE("a_thread_whose_runtime_is_shut_down_waits_without_turning") {
    bf::runtime rt{on_this_thread()};
    rt.run([] {});
    CHECK(rt.shutdown().clean());
    const auto before = tests::processor_time(CLOCK_PROCESS_CPUTIME_ID);
    bf::block_on(bf::sleep_for(100ms));
    CHECK(tests::processor_time(CLOCK_PROCESS_CPUTIME_ID) - before < 50ms);
}

TEST_CASE("a_handler_of_exceptions_may_wait_on_the_calling_thread") {
    bf::runtime_options options = on_this_thread();
    int handled = 0;
    options.on_detached_exception = [&](std::exception_ptr) {
        bf::block_on(bf::sleep_for(1ms));
        ++handled;
    };
    bf::runtime rt{options};
    const int spawned = rt.run([]() -> bf::task<int> {
        for (int n = 0; n < 3; ++n) {
            bf::spawn([]() -> bf::task<> {
                co_await bf::yield_now();
                throw std::runtime_error{"nobody joins"};
            }).detach();
            co_await bf::sleep_for(2ms);
        }
        co_return 3;
    });
    CHECK(spawned == 3);
    CHECK(handled == 3);
}

namespace {

struct exceptions_seen {
    int uncaught = 0;
    bool handled = false;
    bool operator==(const exceptions_seen&) const = default;
};

exceptions_seen look() { return {std::uncaught_exceptions(), std::current_exception() != nullptr}; }

// Waits on its way out with an exception.
struct waits_at_the_end {
    bf::runtime* rt;
    bf::backend on;
    std::vector<exceptions_seen>* seen;
    ~waits_at_the_end() {
        seen->push_back(rt->spawn(on, look).join());
        seen->push_back(look());
    }
};

}  // namespace

TEST_CASE("tasks_do_not_see_the_exceptions_of_the_calling_thread") {
    for (const bf::backend on : tests::both_backends) {
        bf::runtime rt{on_this_thread()};
        std::vector<exceptions_seen> seen;
        try {
            const waits_at_the_end leaves{&rt, on, &seen};
            throw std::runtime_error{"of the caller"};
        } catch (const std::runtime_error&) {
            seen.push_back(rt.spawn(on, look).join());
            seen.push_back(look());
        }
        CHECK(seen == std::vector<exceptions_seen>{{0, false}, {1, false}, {0, false}, {0, true}});
    }
}
