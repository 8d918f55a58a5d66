// spawn, join, cancel, detach and shutdown: the same on both backends.
#include "in_each_model.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace both;

namespace {

constexpr bf::backend backends[] = {bf::backend::stackless, bf::backend::stackful};

bf::task<int> add(int a, int b) { co_return a + b; }

// Counts its living copies.
class counted {
public:
    explicit counted(std::atomic<int>& alive) : alive_{&alive} { ++*alive_; }
    counted(const counted& other) : alive_{other.alive_} { ++*alive_; }
    ~counted() { --*alive_; }

private:
    std::atomic<int>* alive_;
};

}  // namespace

TEST_CASE("spawn_takes_callables_coroutines_and_futures_on_both_backends") {
    for (const bf::backend on : backends) {
        bf::runtime rt{small_runtime()};
        CHECK(rt.spawn(
                    on, [](int a, int b) { return a * b; }, 6, 7)
                  .join() == 42);
        CHECK(rt.spawn(on, add, 40, 2).join() == 42);
        CHECK(rt.spawn(on, bf::ready(42)).join() == 42);
        CHECK(rt.spawn(on, add(1, 2)).join() == 3);
        int target = 0;
        rt.spawn(
              on, [](int& out) { out = 5; }, std::ref(target))
            .join();
        CHECK(target == 5);
        rt.spawn(on, [] {}).join();
    }
}

TEST_CASE("a_coroutine_lambda_keeps_its_captures_alive") {
    for (const bf::backend on : backends) {
        bf::runtime rt{small_runtime()};
        auto text = std::make_shared<std::string>("still here");
        auto handle = rt.spawn(on, [text]() -> bf::task<std::string> {
            co_await bf::yield_now();
            co_return *text;
        });
        text.reset();
        CHECK(handle.join() == "still here");
    }
}

TEST_CASE("an_exception_travels_to_the_joiner") {
    for (const bf::backend on : backends) {
        bf::runtime rt{small_runtime()};
        CHECK_THROWS_WITH(rt.spawn(on, []() -> int { throw std::runtime_error{"body"}; }).join(), "body");
        auto outcome = bf::block_on(rt.spawn(on, []() -> int { throw std::runtime_error{"body"}; }).outcome());
        REQUIRE_FALSE(outcome.has_value());
        CHECK_FALSE(outcome.error().is_cancelled());
        CHECK(outcome.error().exception() != nullptr);
    }
}

TEST_CASE("cancel_unwinds_a_parked_task_and_runs_its_destructors") {
    for (const bf::backend on : backends) {
        bf::runtime rt{small_runtime()};
        std::atomic<int> alive{0};
        bf::event never;
        bf::event parked;
        bf::join_handle<void> handle = on == bf::backend::stackless
                                           ? rt.spawn(
                                                 [](bf::event& e, bf::event& p, std::atomic<int>& n) -> bf::task<> {
                                                     const counted one{n};
                                                     p.set();
                                                     co_await e.wait();
                                                 },
                                                 std::ref(never), std::ref(parked), std::ref(alive))
                                           : rt.spawn(
                                                 on,
                                                 [](bf::event& e, bf::event& p, std::atomic<int>& n) {
                                                     const counted one{n};
                                                     p.set();
                                                     bf::await(e.wait());
                                                 },
                                                 std::ref(never), std::ref(parked), std::ref(alive));
        bf::block_on(parked.wait());
        CHECK(alive == 1);
        handle.cancel();
        auto outcome = bf::block_on(handle.outcome());
        REQUIRE_FALSE(outcome.has_value());
        CHECK(outcome.error().is_cancelled());
        CHECK(alive == 0);
    }
}

TEST_CASE("cancel_before_the_start_never_runs_the_body") {
    for (const bf::backend on : backends) {
        bf::runtime rt{small_runtime(1)};
        const bool ran = rt.run(
            [](bf::backend model) -> bf::task<bool> {
                bool touched = false;
                auto handle = bf::spawn(
                    model, [](bool& flag) { flag = true; }, std::ref(touched));
                handle.cancel();
                auto outcome = co_await handle.outcome();
                co_return touched || outcome.has_value();
            },
            on);
        CHECK_FALSE(ran);
    }
}

TEST_CASE("joining_a_cancelled_task_throws_task_cancelled") {
    bf::runtime rt{small_runtime()};
    auto handle = rt.spawn([]() -> bf::task<> { co_await bf::pending<>(); });
    handle.cancel();
    CHECK_THROWS_AS(handle.join(), bf::task_cancelled);
}

TEST_CASE("a_detached_exception_goes_to_the_handler") {
    for (const bf::backend on : backends) {
        std::atomic<int> seen{0};
        std::atomic<bool> begun{false};
        bf::runtime_options options = small_runtime();
        options.on_detached_exception = [&](std::exception_ptr) { ++seen; };
        {
            bf::runtime rt{options};
            rt.spawn(on, [&begun] {
                  begun = true;
                  throw std::runtime_error{"nobody looks"};
              }).detach();
            // Cancelled before it begins it would throw nothing.
            while (!begun) std::this_thread::yield();
            (void)rt.shutdown();
        }
        CHECK(seen == 1);
    }
}

TEST_CASE("shutdown_runs_the_destructors_of_parked_tasks") {
    for (const bf::backend on : backends) {
        std::atomic<int> alive{0};
        bf::event never;
        {
            bf::runtime rt{small_runtime()};
            std::atomic<int> parked{0};
            for (int n = 0; n < 100; ++n) {
                if (on == bf::backend::stackless)
                    rt.spawn(
                          [](bf::event& e, std::atomic<int>& a, std::atomic<int>& p) -> bf::task<> {
                              const counted one{a};
                              ++p;
                              co_await e.wait();
                          },
                          std::ref(never), std::ref(alive), std::ref(parked))
                        .detach();
                else
                    rt.spawn(
                          on,
                          [](bf::event& e, std::atomic<int>& a, std::atomic<int>& p) {
                              const counted one{a};
                              ++p;
                              bf::await(e.wait());
                          },
                          std::ref(never), std::ref(alive), std::ref(parked))
                        .detach();
            }
            while (parked != 100) std::this_thread::yield();
            CHECK(alive == 100);
            CHECK(rt.shutdown().clean());
            CHECK(alive == 0);
            CHECK_THROWS_AS(rt.spawn([] {}), std::logic_error);
        }
        CHECK(alive == 0);
    }
}

TEST_CASE("a_handle_may_outlive_its_runtime") {
    for (const bf::backend on : backends) {
        std::unique_ptr<bf::join_handle<int>> handle;
        {
            bf::runtime rt{small_runtime()};
            handle = std::make_unique<bf::join_handle<int>>(rt.spawn(on, [] { return 9; }));
            while (!handle->done()) std::this_thread::yield();
        }
        CHECK(handle->join() == 9);
    }
}

TEST_CASE("a_handle_that_outlives_its_runtime_is_dropped_in_a_task_of_the_next") {
    for (const bf::backend on : backends)
        for (int round = 0; round < 3; ++round) {
            std::optional<bf::join_handle<int>> handle;
            {
                bf::runtime ends{small_runtime(1)};
                handle.emplace(ends.spawn(on, [] { return 9; }));
                while (!handle->done()) std::this_thread::yield();
            }
            bf::runtime next{small_runtime(1)};
            next.run([&handle] { handle.reset(); });
            // What was given back serves again.
            CHECK(next.spawn(on, [] { return 7; }).join() == 7);
        }
}

TEST_CASE("several_runtimes_live_in_one_process_and_wake_each_other") {
    for (const bf::backend on : backends) {
        bf::runtime first{small_runtime(1)};
        bf::runtime second{small_runtime(1)};
        bf::channel<int> channel{1};
        auto consumer = first.spawn(
            on,
            [](bf::channel<int>& c) { return bf::map(c.recv(), [](std::optional<int> v) { return v.value_or(-1); }); },
            std::ref(channel));
        second
            .spawn(
                on, [](bf::channel<int>& c) { return bf::map(c.send(4), [](auto) { return 0; }); }, std::ref(channel))
            .join();
        CHECK(consumer.join() == 4);
    }
}

TEST_CASE("await_inside_a_stackless_task_is_refused_with_a_remedy") {
    bf::runtime rt{small_runtime()};
    CHECK_THROWS_AS(rt.spawn([] { bf::await(bf::ready(1)); }).join(), std::logic_error);
    CHECK_THROWS_AS(rt.spawn([] { bf::block_on(bf::ready(1)); }).join(), std::logic_error);
}

TEST_CASE("ten_million_children_that_finish_at_once_do_not_grow_the_stack") {
    struct body {
        static bf::task<int> one() { co_return 1; }
        static bf::task<long> sum(long count) {
            long total = 0;
            for (long n = 0; n < count; ++n) total += co_await one();
            co_return total;
        }
    };
    bf::runtime rt{small_runtime(1)};
    CHECK(rt.run(body::sum, 10'000'000L) == 10'000'000L);
}

TEST_CASE("a_chain_100000_deep_runs_and_is_cancelled_without_recursion") {
    struct body {
        static bf::task<int> deep(int depth, bf::event& event, std::atomic<int>& waiting) {
            if (depth == 0) {
                ++waiting;
                co_await event.wait();
                co_return 0;
            }
            co_return co_await deep(depth - 1, event, waiting) + 1;
        }
    };
    bf::runtime rt{small_runtime(1)};
    bf::event event;
    std::atomic<int> waiting{0};
    auto ran = rt.spawn(body::deep, 100'000, std::ref(event), std::ref(waiting));
    auto cancelled = rt.spawn(body::deep, 100'000, std::ref(event), std::ref(waiting));
    while (waiting != 2) std::this_thread::yield();
    cancelled.cancel();
    CHECK_THROWS_AS(cancelled.join(), bf::task_cancelled);
    event.set();
    CHECK(ran.join() == 100'000);
}

TEST_CASE("bad_options_are_refused_with_the_value_and_the_remedy") {
    bf::runtime_options none;
    none.workers = 0;
    CHECK_THROWS_WITH(bf::runtime{none}, Catch::Contains("workers is 0"));
    bf::runtime_options small = small_runtime();
    small.stack_bytes = 100;
    CHECK_THROWS_AS(bf::runtime{small}, std::invalid_argument);
    bf::runtime rt{small_runtime()};
    bf::spawn_options huge;
    huge.on = bf::backend::stackful;
    huge.stack_bytes = std::size_t{1} << 50;
    CHECK_THROWS_AS(rt.spawn(huge, [] {}), std::invalid_argument);
    CHECK_THROWS_AS(bf::spawn([] {}), std::logic_error);
}

TEST_CASE("two_fibers_that_wake_each_other_for_ever_leave_others_their_turns") {
    bf::runtime rt{small_runtime(1)};
    std::atomic<bool> stop{false};
    bf::channel<int> there{1};
    bf::channel<int> back{1};
    const auto hit = [&stop](bf::channel<int>& from, bf::channel<int>& to) {
        while (bf::await(from.recv()) && !stop)
            if (!bf::await(to.send(0))) break;
        from.close();
        to.close();
    };
    // The coroutine is spawned and later woken by a fiber that goes on with its partner.
    bf::channel<int> wakes{1};
    const auto end = [&](bf::channel<int>& woken) -> bf::task<> {
        (void)co_await woken.recv();
        stop = true;
    };
    rt.run([&] {
        auto partner = bf::spawn(bf::backend::stackful, hit, std::ref(there), std::ref(back));
        for (int n = 0; n < 100; ++n) {
            (void)bf::await(there.send(0));
            (void)bf::await(back.recv());
        }
        auto ends = bf::spawn(end, std::ref(wakes));
        for (int n = 0; n < 100; ++n) {
            (void)bf::await(there.send(0));
            (void)bf::await(back.recv());
        }
        (void)bf::await(wakes.send(0));
        (void)bf::await(there.send(0));
        hit(back, there);
        bf::await(partner);
        bf::await(ends);
    });
    CHECK(stop);
}

TEST_CASE("what_a_coroutine_has_spawned_runs_before_it_comes_back_from_a_yield") {
    bf::runtime rt{small_runtime(1)};
    for (const int children : {1, 2, 3, 4, 10, 255, 256, 257, 1'000}) {
        std::vector<int> ran;
        int at_once = 0;
        rt.run([&]() -> bf::task<> {
            for (int round = 0; round < 3; ++round) {
                ran.clear();
                std::vector<bf::join_handle<void>> handles;
                for (int n = 0; n < children; ++n) handles.push_back(bf::spawn([&ran, n] { ran.push_back(n); }));
                co_await bf::yield_now();
                at_once = static_cast<int>(ran.size());
                for (auto& handle : handles) co_await handle;
            }
        });
        CHECK(at_once == children);
        // The newest is the first, and the others run in their order, as far as there was room for them all.
        CHECK(ran.front() == children - 1);
        if (children <= 256) CHECK(std::is_sorted(ran.begin() + 1, ran.end()));
    }
}
