// Tasks that keep their worker for too long are told, with the place in the code, while they do; and nobody else is.
#include "catch.hpp"
#include "one_worker.hpp"
#include "resource_limits.hpp"
#include "signals_come.hpp"
#include <bifilar/bifilar.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <mutex>
#include <pthread.h>
#include <source_location>
#include <string>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace bf = bifilar;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using std::chrono::steady_clock;

namespace {

// What a handler was told. Outlives the runtime.
class told_stalls {
public:
    void add(const bf::task_stall& one) {
        const std::lock_guard guard{mutex_};
        all_.push_back(one);
        came_.notify_all();
    }
    // The first of a task with that name.
    bf::task_stall await(std::string_view name) {
        std::unique_lock lock{mutex_};
        const auto find = [&] { return std::ranges::find(all_, name, &bf::task_stall::name); };
        came_.wait(lock, [&] { return find() != all_.end(); });
        return *find();
    }
    std::vector<bf::task_stall> all() {
        const std::lock_guard guard{mutex_};
        return all_;
    }

private:
    std::mutex mutex_;
    std::condition_variable came_;
    std::vector<bf::task_stall> all_;
};

bf::runtime_options watched(told_stalls& into, std::chrono::nanoseconds limit, unsigned workers = 2) {
    bf::runtime_options options = both::small_runtime(workers);
    options.stall_limit = limit;
    options.on_stall = [&into](const bf::task_stall& one) { into.add(one); };
    return options;
}

bf::spawn_options named(const char* name, bf::backend on = bf::backend::stackless) {
    bf::spawn_options options;
    options.on = on;
    options.name = name;
    return options;
}

unsigned line_here(const std::source_location& place = std::source_location::current()) { return place.line(); }

std::atomic<unsigned> spins_from = 0, spins_to = 0, dozes_from = 0, dozes_to = 0;

// Builtins, which are on the lines where they are used: also where inlined functions have no names.
using flag = bool;
void set(flag& one, bool to) { __atomic_store_n(&one, to, __ATOMIC_RELEASE); }

[[gnu::noinline]] void spin(const flag& enough) {
    spins_from = line_here();
    while (!__atomic_load_n(&enough, __ATOMIC_ACQUIRE)) tests::let_signals_come();
    spins_to = line_here();
}

[[gnu::noinline]] void doze(const flag& enough) {
    dozes_from = line_here();
    while (!__atomic_load_n(&enough, __ATOMIC_ACQUIRE)) ::usleep(20'000);
    dozes_to = line_here();
}

using holdup = void (*)(const flag& enough);

bf::task<> hold_up(holdup how, const flag& enough) {
    how(enough);
    co_return;
}

bf::join_handle<void> spawn_holdup(bf::runtime& rt, const char* name, bf::backend on, holdup how, const flag& enough) {
    if (on == bf::backend::stackless) return rt.spawn(named(name), hold_up, how, std::cref(enough));
    return rt.spawn(named(name, on), [how, &enough] { how(enough); });
}

// A poll that goes on until so many were found.
bf::task<> stall_until(const bf::runtime& of, std::uint64_t count) {
    while (of.stats().stalls < count) tests::let_signals_come();
    co_return;
}

}  // namespace

TEST_CASE("a_task_that_spins_or_blocks_is_told_with_its_function_and_line_in_either_model") {
    for (const bf::backend on : tests::both_backends)
        for (const holdup how : {&spin, &doze}) {
            const bool spins = how == &spin;
            INFO((on == bf::backend::stackless ? "coroutine " : "fiber ") << (spins ? "spins" : "dozes"));
            told_stalls told;
            flag enough = false;
            bf::runtime rt{watched(told, 5ms)};
            auto task = spawn_holdup(rt, "holds up", on, how, enough);
            const bf::task_stall one = told.await("holds up");
            CHECK(rt.stats().stalls >= 1);
            CHECK(rt.stats().longest_stall >= 5ms);
            set(enough, true);
            task.join();
            INFO(one.text());
            CHECK(one.problem.empty());
            CHECK(one.worker < 2);
            CHECK(one.model == (on == bf::backend::stackless ? "coroutine" : "fiber"));
            CHECK(one.lasted - one.waited >= 5ms);
            CHECK(one.unreported == 0);
            CHECK_THAT(one.spawned_at.file_name(), Contains("stall_test.cpp"));
            const auto at = std::ranges::find_if(one.frames, [&](const bf::dumped_frame& frame) {
                return frame.function.find(spins ? "spin(" : "doze(") != std::string::npos;
            });
            REQUIRE(at != one.frames.end());
            // Where signals do not come at once, it spins in functions of others.
            if (!spins || tests::signals_come_at_once) {
                CHECK_THAT(at->file, Contains("stall_test.cpp"));
                CHECK(at->line >= (spins ? spins_from : dozes_from));
                CHECK(at->line <= (spins ? spins_to : dozes_to));
            }
            // Who has called it is there too, and the worker is not.
            CHECK(std::ranges::any_of(at, one.frames.end(), [](const bf::dumped_frame& frame) {
                return frame.function.find("hold_up") != std::string::npos ||
                       frame.function.find("spawn_holdup") != std::string::npos;
            }));
            CHECK_THAT(one.text(),
                       !Contains("sched::worker") && Contains("task \"holds up\"") && Contains("stall_test.cpp:"));
        }
}

TEST_CASE("only_polls_that_are_over_the_limit_are_counted") {
    constexpr auto limit = 30ms;
    told_stalls told;
    std::uint64_t over = 0;
    bf::runtime rt{watched(told, limit, 1)};
    rt.run([&]() -> bf::task<> {
        for (int turn = 0; turn < 40; ++turn) {
            const auto begin = steady_clock::now();
            while (steady_clock::now() - begin < 5ms) tests::let_signals_come();
            // With what lies around the body of a poll.
            if (steady_clock::now() - begin >= limit - 5ms) ++over;
            co_await bf::yield_now();
        }
    });
    CHECK(rt.stats().stalls <= over);
    CHECK(told.all().size() <= over);
}

TEST_CASE("whoever_waits_is_never_told") {
    told_stalls told;
    bf::event never;
    bf::runtime rt{watched(told, 200ms)};
    auto waits = rt.spawn(named("waits"), [&]() -> bf::task<> { co_await never.wait(); });
    auto sleeps = rt.spawn(named("sleeps", bf::backend::stackful), [] { bf::await(bf::sleep_for(700ms)); });
    sleeps.join();
    never.set();
    waits.join();
    CHECK(rt.stats().stalls == 0);
    CHECK(told.all().empty());
}

TEST_CASE("a_place_is_told_once_and_counted_each_time") {
    const auto begin = steady_clock::now();
    told_stalls told;
    bf::runtime rt{watched(told, 2ms, 1)};
    for (std::uint64_t count = 1; count <= 5; ++count) {
        flag enough = false;
        auto task = spawn_holdup(rt, "again", bf::backend::stackless, &doze, enough);
        while (rt.stats().stalls < count) std::this_thread::sleep_for(1ms);
        set(enough, true);
        task.join();
    }
    CHECK(rt.stats().stalls == 5);
    const std::vector<bf::task_stall> all = told.all();
    CHECK(all.size() >= 1);
    if (steady_clock::now() - begin < 10s) CHECK(all.size() == 1);
}

TEST_CASE("a_limit_below_a_millisecond_is_refused_and_zero_is_none") {
    bf::runtime_options options = both::small_runtime(1);
    for (const std::chrono::nanoseconds limit : {999'999ns, -1ns}) {
        options.stall_limit = limit;
        CHECK_THROWS_WITH(bf::runtime{options},
                          Contains("stall_limit is " + std::to_string(limit.count())) && Contains("at least 1 ms"));
    }
    options.stall_limit = 0ns;
    flag enough = false;
    bf::runtime rt{options};
    auto task = spawn_holdup(rt, "nobody looks", bf::backend::stackless, &spin, enough);
    std::this_thread::sleep_for(50ms);
    set(enough, true);
    task.join();
    CHECK(rt.stats().stalls == 0);
}

TEST_CASE("where_nothing_is_said_debug_builds_look") {
    bf::runtime_options options = both::small_runtime(1);
    std::atomic<int> told = 0;
    options.on_stall = [&told](const bf::task_stall&) { ++told; };
    bf::runtime rt{options};
#if defined(BIFILAR_DEBUG)
    rt.spawn(stall_until, std::cref(rt), 1).join();
    CHECK(rt.stats().longest_stall >= 10ms);
#else
    flag enough = false;
    auto task = spawn_holdup(rt, "nobody looks", bf::backend::stackful, &spin, enough);
    std::this_thread::sleep_for(50ms);
    set(enough, true);
    task.join();
    CHECK(rt.stats().stalls == 0);
    CHECK(told == 0);
#endif
}

TEST_CASE("each_of_two_runtimes_tells_of_its_own_tasks_and_its_handler_may_dump") {
    told_stalls first, second;
    flag enough = false;
    bf::runtime* dumps = nullptr;
    std::size_t dumped = 0;
    bf::runtime one{watched(first, 5ms)};
    bf::runtime_options options = watched(second, 5ms);
    std::atomic<bool> made = false;
    options.on_stall = [&](const bf::task_stall& stall) {
        while (!made) std::this_thread::yield();
        dumped = std::max(dumped, dumps->dump().tasks().size());
        second.add(stall);
    };
    bf::runtime two{options};
    dumps = &two;
    made = true;
    auto left = spawn_holdup(one, "left", bf::backend::stackless, &doze, enough);
    auto right = spawn_holdup(two, "right", bf::backend::stackful, &doze, enough);
    (void)first.await("left");
    (void)second.await("right");
    set(enough, true);
    left.join();
    right.join();
    CHECK(dumped >= 1);
    for (const bf::task_stall& stall : first.all()) CHECK(stall.name != "right");
    for (const bf::task_stall& stall : second.all()) CHECK(stall.name != "left");
}

TEST_CASE("a_task_on_the_calling_thread_is_told") {
    told_stalls told;
    bf::runtime_options options;
    options.on_calling_thread = true;
    options.stall_limit = 5ms;
    options.on_stall = [&told](const bf::task_stall& one) { told.add(one); };
    bf::runtime rt{options};
    rt.run([&]() -> bf::task<> { return stall_until(rt, 1); });
    // Outside of tasks the thread may do what it likes.
    const std::uint64_t stalls = rt.stats().stalls;
    std::this_thread::sleep_for(50ms);
    CHECK(rt.stats().stalls == stalls);
}

TEST_CASE("a_worker_that_cannot_be_stopped_is_told_without_frames") {
    told_stalls told;
    flag enough = false;
    bf::runtime rt{watched(told, 5ms, 1)};
    auto task = rt.spawn(named("deaf", bf::backend::stackful), [&] {
        sigset_t closed, before;
        sigemptyset(&closed);
        sigaddset(&closed, SIGURG);
        ::pthread_sigmask(SIG_BLOCK, &closed, &before);
        while (!__atomic_load_n(&enough, __ATOMIC_ACQUIRE)) ::usleep(100'000);
        ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    });
    const bf::task_stall one = told.await("deaf");
    set(enough, true);
    task.join();
    CHECK(one.frames.empty());
    CHECK_THAT(one.text(), Contains("task \"deaf\"") && Contains("blocks SIGURG"));
}

TEST_CASE("a_runtime_ends_at_once_although_its_looks_are_far_apart") {
    const auto begin = steady_clock::now();
    for (int count = 0; count < 20; ++count) {
        told_stalls told;
        bf::runtime rt{watched(told, 1h, 1)};
    }
    // The looks of each are a second apart.
    CHECK(steady_clock::now() - begin < 10s);
}

TEST_CASE("where_no_thread_can_be_had_the_constructor_says_what_for") {
    constexpr std::size_t large = std::size_t{1} << 30;
    if (!tests::address_space_is_known() || !tests::address_space_suffices(large)) return;
    bf::runtime_options options;
    options.on_calling_thread = true;
    options.stall_limit = 10ms;
    pthread_attr_t before, larger;
    REQUIRE(::pthread_getattr_default_np(&before) == 0);
    REQUIRE(::pthread_getattr_default_np(&larger) == 0);
    REQUIRE(::pthread_attr_setstacksize(&larger, large) == 0);
    REQUIRE(::pthread_setattr_default_np(&larger) == 0);
    {
        const tests::address_space_left little{large / 2};
        CHECK_THROWS_WITH(bf::runtime{options}, Contains("no thread to look for stalls"));
    }
    REQUIRE(::pthread_setattr_default_np(&before) == 0);
    bf::runtime rt{options};
    CHECK(rt.run([]() -> bf::task<int> { co_return 1; }) == 1);
}
