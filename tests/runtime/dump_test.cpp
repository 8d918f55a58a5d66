// What a dump says of tasks of both models while workers run: each task once, its state, its waits and its lines.
#include "catch.hpp"
#include "last_words.hpp"
#include "one_worker.hpp"
#include "signals_come.hpp"
#include <bifilar/bifilar.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace bf = bifilar;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using state = bf::dumped_task::state;

namespace {

bf::spawn_options named(const char* name, bf::backend on = bf::backend::stackless) {
    bf::spawn_options options;
    options.on = on;
    options.name = name;
    return options;
}

const bf::dumped_task& task_of(const bf::runtime_dump& dump, std::string_view name) {
    INFO(dump.text());
    const auto found = std::ranges::find(dump.tasks(), name, &bf::dumped_task::name);
    REQUIRE(found != dump.tasks().end());
    return *found;
}

// Dumps until the task is in that state: others begin and park in their own time.
bf::runtime_dump dump_with(bf::runtime& of, std::initializer_list<std::string_view> names,
                           state wanted = state::parked) {
    for (;;) {
        bf::runtime_dump dump = of.dump();
        INFO(dump.problem());
        REQUIRE(dump.problem().empty());
        const bool all = std::ranges::all_of(names, [&](std::string_view name) {
            const auto found = std::ranges::find(dump.tasks(), name, &bf::dumped_task::name);
            return found != dump.tasks().end() && found->now == wanted &&
                   (wanted != state::parked || !found->waits.frames.empty());
        });
        if (all) return dump;
        std::this_thread::yield();
    }
}

// Frames of this file, as "function:line".
std::vector<unsigned> lines_here(const bf::dumped_wait& wait) {
    std::vector<unsigned> lines;
    for (const bf::dumped_frame& frame : wait.frames)
        if (frame.file.ends_with("dump_test.cpp")) lines.push_back(frame.line);
    return lines;
}

unsigned line_after(const std::source_location& place = std::source_location::current()) { return place.line() + 1; }

// Written by all tasks that come there.
std::atomic<unsigned> inner_line = 0, middle_line = 0, outer_line = 0;

bf::task<> inner(bf::event& e) {
    inner_line = line_after();
    co_await e.wait();
}
bf::task<> middle(bf::event& e) {
    middle_line = line_after();
    co_await inner(e);
}
bf::task<> outer(bf::event& e) {
    outer_line = line_after();
    co_await middle(e);
}

unsigned deepest_line = 0, step_line = 0;

[[gnu::noinline]] void descend(bf::event& e, int level) {
    if (level == 0) {
        deepest_line = line_after();
        bf::await(e.wait());
    } else {
        step_line = line_after();
        descend(e, level - 1);
    }
    asm("");  // So that the call above is not the last thing.
}

[[gnu::noinline]] void compute(const std::atomic<bool>& enough) {
    while (!enough.load()) tests::let_signals_come();
}

// A future of a program's own, whose wake is lost.
class lost_wake {
public:
    using output = void;
    bf::polled<void> poll(bf::context& cx) noexcept {
        cx.set_armed();
        return bf::not_ready;
    }
};

// Under ThreadSanitizer, which does not know calls into a ring, a worker that sleeps in one gets no signal.
bool can_dump() {
    bf::runtime rt{both::small_runtime(1)};
    return tests::signals_come_at_once || rt.driver() != bf::driver_kind::uring;
}

}  // namespace

TEST_CASE("a_dump_has_the_lines_of_a_chain_of_coroutines_and_of_a_fibers_stack") {
    if (!can_dump()) return;
    bf::event e;
    bf::runtime rt{both::small_runtime(2)};
    auto chain = rt.spawn(named("chain"), outer, std::ref(e));
    auto deep = rt.spawn(named("deep", bf::backend::stackful), [&] { descend(e, 3); });
    const bf::runtime_dump dump = dump_with(rt, {"chain", "deep"});
    const bf::dumped_task& coroutine = task_of(dump, "chain");
    CHECK(coroutine.model == "coroutine");
    CHECK_THAT(std::string{coroutine.waits.type}, Contains("event"));
    CHECK(lines_here(coroutine.waits) == std::vector<unsigned>{inner_line, middle_line, outer_line});
    CHECK_THAT(coroutine.waits.frames.front().function, Contains("inner"));
    CHECK_THAT(coroutine.spawned_at.file_name(), Contains("dump_test.cpp"));
    const bf::dumped_task& fiber = task_of(dump, "deep");
    CHECK(fiber.model == "fiber");
    INFO(dump.text());
    const std::vector<unsigned> lines = lines_here(fiber.waits);
    REQUIRE(lines.size() >= 4);
    CHECK(std::vector(lines.begin(), lines.begin() + 4) == std::vector{deepest_line, step_line, step_line, step_line});
    CHECK(fiber.stack_used > 100);
    CHECK(fiber.stack_used < fiber.stack_bytes);
    e.set();
    chain.join();
    deep.join();
}

TEST_CASE("a_task_that_computes_is_shown_where_it_is") {
    if (!can_dump()) return;
    std::atomic<bool> enough = false;
    bf::runtime rt{both::small_runtime(2)};
    for (const bf::backend on : tests::both_backends) {
        enough = false;
        auto spinner = rt.spawn(
            named("spinner", on),
            [](const std::atomic<bool>& until) -> bf::task<> {
                compute(until);
                co_return;
            },
            std::cref(enough));
        const bf::runtime_dump dump = dump_with(rt, {"spinner"}, state::running);
        const bf::dumped_task& found = task_of(dump, "spinner");
        INFO(dump.text());
        CHECK(std::ranges::any_of(found.waits.frames, [](const bf::dumped_frame& frame) {
            return frame.function.find("compute") != std::string::npos;
        }));
        CHECK(found.worker < 2);
        enough = true;
        spinner.join();
    }
}

TEST_CASE("a_deadlock_of_two_locks_across_models_is_found_and_named") {
    if (!can_dump()) return;
    bf::mutex left, right;
    bf::barrier both_have{2};
    bf::runtime rt{both::small_runtime(2)};
    auto one = rt.spawn(named("one"), [&]() -> bf::task<> {
        const auto first = co_await left.lock();
        (void)co_await both_have.arrive_and_wait();
        const auto second = co_await right.lock();
    });
    auto two = rt.spawn(named("two", bf::backend::stackful), [&] {
        const auto first = bf::await(right.lock());
        (void)bf::await(both_have.arrive_and_wait());
        const auto second = bf::await(left.lock());
    });
    auto waits = rt.spawn(named("waits"), [&]() -> bf::task<> { (void)co_await left.lock(); });
    bf::runtime_dump dump;
    while (dump.deadlocks().empty()) dump = rt.dump();
    REQUIRE(dump.deadlocks().size() == 1);
    CHECK(dump.deadlocks()[0].certain);
    std::set<std::string> names;
    for (const std::size_t at : dump.deadlocks()[0].tasks) names.insert(dump.tasks()[at].name);
    CHECK(names == std::set<std::string>{"one", "two"});
    CHECK_THAT(dump.text(), Contains("deadlock: task 0x") && Contains("\"one\"") && Contains("\"two\""));
    one.cancel();
    two.cancel();
    (void)one.outcome();
    rt.shutdown();
}

TEST_CASE("arms_and_joins_are_told_and_a_sleep_beside_a_lock_is_no_deadlock") {
    if (!can_dump()) return;
    bf::event e;
    bf::mutex held;
    bf::runtime rt{both::small_runtime(2)};
    auto child = rt.spawn(named("child"), outer, std::ref(e));
    auto holder = rt.spawn(named("holder"), [&]() -> bf::task<> {
        const auto guard = co_await held.lock();
        co_await std::move(child);
    });
    const bf::runtime_dump dump = dump_with(rt, {"child", "holder"});
    const bf::dumped_task& joins = task_of(dump, "holder");
    const auto joined = std::ranges::find(joins.waits.facts, bf::wait_fact::kind::task, &bf::wait_fact::what);
    REQUIRE(joined != joins.waits.facts.end());
    CHECK(joined->value() == task_of(dump, "child").address);
    CHECK(dump.deadlocks().empty());
    // Not before the lock is held.
    auto timed =
        rt.spawn(named("timed"), [&]() -> bf::task<> { (void)co_await bf::race(held.lock(), bf::sleep_for(1h)); });
    const bf::runtime_dump later = dump_with(rt, {"timed"});
    CHECK(task_of(later, "timed").waits.arms.size() == 2);
    CHECK_THAT(std::string{task_of(later, "timed").waits.type}, Contains("race"));
    CHECK_THAT(later.text(), Contains("due in 3") && Contains("dump_test.cpp:"));
    CHECK(later.deadlocks().empty());
    e.set();
    holder.join();
    timed.join();
}

TEST_CASE("a_lost_wake_a_rendezvous_and_a_leak_are_seen_in_the_text") {
    if (!can_dump()) return;
    bf::channel<int> meets{0};
    bf::event never;
    bf::runtime rt{both::small_runtime(2)};
    auto lost = rt.spawn(named("lost"), []() -> bf::task<> { co_await lost_wake{}; });
    auto sends = rt.spawn(named("sends"), [&]() -> bf::task<> { (void)co_await meets.send(1); });
    std::vector<bf::join_handle<void>> leaked;
    for (int count = 0; count < 100; ++count) leaked.push_back(rt.spawn(outer, std::ref(never)));
    bf::runtime_dump dump = dump_with(rt, {"lost", "sends"});
    while (dump.text().find("100 tasks like this") == std::string::npos) dump = rt.dump();
    CHECK_THAT(dump.text(), Contains("lost_wake") && Contains("fill 0, capacity 0, senders 1, receivers 0"));
    CHECK_THAT(dump.text(1), Contains("100 tasks like this") && Contains("other groups"));
    rt.shutdown();
}

TEST_CASE("a_task_with_a_large_frame_is_in_a_dump_once") {
    if (!can_dump()) return;
    bf::event e;
    bf::runtime rt{both::small_runtime(2)};
    auto large = rt.spawn(
        named("large"),
        [](bf::event& until) -> bf::task<> {
            std::array<char, 20'000> kept{};
            co_await until.wait();
            asm volatile("" : : "r"(kept.data()) : "memory");
        },
        std::ref(e));
    const bf::runtime_dump dump = dump_with(rt, {"large"});
    CHECK(std::ranges::count(dump.tasks(), "large", &bf::dumped_task::name) == 1);
    e.set();
    large.join();
}

TEST_CASE("each_task_that_lives_through_a_dump_is_in_it_once_while_others_come_and_go") {
    if (!can_dump()) return;
    bf::event e;
    std::atomic<bool> enough = false;
    bf::runtime rt{both::small_runtime(3)};
    constexpr int parked = 1'000;
    std::vector<bf::join_handle<void>> handles;
    for (int count = 0; count < parked; ++count) {
        const auto wait = [](bf::event& until) -> bf::task<> { co_await until.wait(); };
        handles.push_back(rt.spawn(count % 2 == 0 ? bf::backend::stackless : bf::backend::stackful, wait, std::ref(e)));
    }
    const auto churn = [](const std::atomic<bool>& until) -> bf::task<> {
        while (!until.load()) {
            tests::let_signals_come();
            auto child = bf::spawn([]() -> bf::task<> { co_await bf::yield_now(); });
            auto fiber = bf::spawn(bf::backend::stackful, [] { bf::this_fiber::yield(); });
            co_await std::move(child);
            co_await std::move(fiber);
        }
    };
    for (int count = 0; count < 4; ++count) handles.push_back(rt.spawn(churn, std::cref(enough)));
    bf::runtime_dump first = rt.dump();
    const auto waiting = [](const bf::runtime_dump& dump) {
        std::set<std::uint64_t> found;
        for (const bf::dumped_task& task : dump.tasks())
            if (task.now == state::parked && task.waits.type.find("event") != std::string_view::npos)
                found.insert(task.address);
        return found;
    };
    while (waiting(first).size() != parked) first = rt.dump();
    for (int round = 0; round < 20; ++round) {
        const bf::runtime_dump dump = rt.dump();
        CHECK(dump.problem().empty());
        CHECK(waiting(dump) == waiting(first));
        std::set<std::uint64_t> all;
        for (const bf::dumped_task& task : dump.tasks()) all.insert(task.address);
        CHECK(all.size() == dump.tasks().size());
    }
    enough = true;
    e.set();
    for (auto& handle : handles) handle.join();
}

TEST_CASE("a_signal_brings_a_dump_on_stderr_and_goes_back_to_its_former_owner") {
    if (!can_dump() || !tests::children_have_threads) return;
    const auto body = [] {
        {
            bf::runtime_options options = both::small_runtime(2);
            options.dump_on_signal = SIGUSR1;
            bf::runtime rt{options};
            auto napper = rt.spawn(named("napper"), []() -> bf::task<> { co_await bf::sleep_for(1h); });
            (void)dump_with(rt, {"napper"});
            ::raise(SIGUSR1);
        }
        struct sigaction after {};
        if (::sigaction(SIGUSR1, nullptr, &after) == 0 && after.sa_handler == SIG_IGN) std::fputs("given back", stderr);
    };
    struct sigaction ignores {};
    struct sigaction before {};
    ignores.sa_handler = SIG_IGN;
    REQUIRE(::sigaction(SIGUSR1, &ignores, &before) == 0);
    const std::string text = tests::dies(body).text;
    REQUIRE(::sigaction(SIGUSR1, &before, nullptr) == 0);
    CHECK_THAT(text, Contains("2 workers") && Contains("\"napper\"") && Contains("bifilar::sleep"));
    CHECK_THAT(text, Contains("given back"));
    bf::runtime_options wrong = both::small_runtime(1);
    wrong.dump_on_signal = SIGKILL;
    CHECK_THROWS_AS(bf::runtime{wrong}, std::invalid_argument);
}

TEST_CASE("tasks_and_several_threads_dump_at_once") {
    if (!can_dump()) return;
    bf::runtime rt{both::small_runtime(2)};
    std::vector<std::thread> threads;
    for (int count = 0; count < 3; ++count)
        threads.emplace_back([&rt] {
            for (int round = 0; round < 10; ++round) (void)rt.dump();
        });
    for (const bf::backend on : tests::both_backends) {
        const auto look = [](bf::runtime& of) -> bf::task<std::size_t> { co_return of.dump().tasks().size(); };
        CHECK(rt.spawn(on, look, std::ref(rt)).join() >= 1);
    }
    for (std::thread& thread : threads) thread.join();
}

TEST_CASE("a_runtime_on_its_calling_thread_is_dumped_by_its_task_and_by_another_thread") {
    if (!can_dump()) return;
    bf::runtime_options options;
    options.on_calling_thread = true;
    bf::runtime rt{options};
    const auto look = [](bf::runtime& of) -> bf::task<std::size_t> { co_return of.dump().tasks().size(); };
    CHECK(rt.run(look, std::ref(rt)) == 1);
    std::size_t seen = 0;
    std::thread other;
    rt.run([&]() -> bf::task<> {
        other = std::thread{[&] { seen = rt.dump().tasks().size(); }};
        co_await bf::sleep_for(20ms);
    });
    other.join();
    CHECK(seen <= 1);
}
