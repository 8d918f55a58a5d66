// Traces of programs whose course is known.
#include "catch.hpp"
#include "compute_for.hpp"
#include <bifilar/bifilar.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace bf = bifilar;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using tests::compute_for;
using kind = bf::trace_event::kind;

namespace {

bf::runtime_options traced(std::uint32_t workers, std::size_t bytes = 1 << 20) {
    bf::runtime_options made;
    made.workers = workers;
    made.trace_bytes = bytes;
    return made;
}

bf::spawn_options named(const char* name, bf::backend on = bf::backend::stackless) {
    bf::spawn_options made;
    made.name = name;
    made.on = on;
    return made;
}

const bf::trace_event* first_of(const bf::runtime_trace& trace, std::string_view name) {
    const auto at = std::ranges::find_if(
        trace.events(), [&](const bf::trace_event& one) { return one.what == kind::first_poll && one.text == name; });
    return at != trace.events().end() ? &*at : nullptr;
}

std::vector<bf::trace_event> turns_of(const bf::runtime_trace& trace, std::uint64_t task) {
    std::vector<bf::trace_event> found;
    for (const bf::trace_event& one : trace.events())
        if (one.what == kind::poll && one.task == task) found.push_back(one);
    return found;
}

}  // namespace

TEST_CASE("nothing_is_traced_unless_asked") {
    bf::runtime_options options;
    options.workers = 1;
    bf::runtime made{options};
    made.run([]() -> bf::task<> {
        const bf::trace_span span{"unseen"};
        co_await bf::yield_now();
    });
    CHECK(made.trace().events().empty());
    CHECK(made.trace().workers() == 1);
}

// On one worker, so that the order is known.
TEST_CASE("a_trace_has_each_turn_who_woke_it_and_who_has_spawned_it") {
    for (const bf::backend on : {bf::backend::stackless, bf::backend::stackful}) {
        bf::runtime made{traced(1)};
        made.run([on]() -> bf::task<> {
            bf::event go;
            auto wait_in_fiber = [&go] { bf::await(go.wait()); };
            auto wait_in_coroutine = [](bf::event& until) -> bf::task<> { co_await until.wait(); };
            bf::join_handle<void> child = on == bf::backend::stackful
                                              ? bf::spawn(named("child", on), wait_in_fiber)
                                              : bf::spawn(named("child", on), wait_in_coroutine, std::ref(go));
            co_await bf::sleep_for(2ms);
            go.set();
            compute_for(3ms);  // The child is ready, and waits for the worker.
            co_await std::move(child);
        });
        const bf::runtime_trace trace = made.trace();
        CHECK(std::ranges::is_sorted(trace.events(), {}, &bf::trace_event::to));
        const bf::trace_event* const first = first_of(trace, "child");
        REQUIRE(first != nullptr);
        CHECK(first->model == (on == bf::backend::stackful ? "fiber" : "coroutine"));
        const std::vector<bf::trace_event> turns = turns_of(trace, first->task);
        REQUIRE(turns.size() == 2);
        CHECK_FALSE(turns[0].last);
        CHECK(turns[1].last);
        CHECK(turns[0].woken_by == first->parent);  // Its spawner has queued it.
        CHECK(turns[1].woken_by == first->parent);
        CHECK(turns[1].from - turns[1].woken >= 3ms);
        // The parent was woken by a timer. It runs a stackless child inside of its own turn, because it waits for it.
        const std::vector<bf::trace_event> parents = turns_of(trace, first->parent);
        const bool nested = on == bf::backend::stackless;
        REQUIRE(parents.size() == (nested ? 2 : 3));
        CHECK(parents[1].woken_by == 0);
        CHECK(parents.back().last);
        CHECK(parents.back().to >= turns[1].to);
        if (nested)
            CHECK(parents[1].from <= turns[1].from);
        else
            CHECK(parents[2].woken_by == first->task);
        CHECK(std::ranges::any_of(trace.events(), [](const bf::trace_event& one) { return one.what == kind::sleep; }));
    }
}

TEST_CASE("a_span_follows_its_task_over_waits") {
    bf::runtime made{traced(1)};
    made.run([]() -> bf::task<> {
        const bf::trace_span whole{"a name of more than twenty-four bytes"};
        {
            const bf::trace_span part{"naps"};
            co_await bf::sleep_for(2ms);
        }
        co_await bf::yield_now();
    });
    std::map<std::string, bf::trace_event> spans;
    const bf::runtime_trace trace = made.trace();
    for (const bf::trace_event& one : trace.events())
        if (one.what == kind::span) spans[one.text] = one;
    REQUIRE(spans.size() == 2);
    const bf::trace_event& part = spans.at("naps");
    const bf::trace_event& whole = spans.at("a name of more than twen");
    CHECK(part.to - part.from >= 2ms);
    CHECK(whole.from <= part.from);
    CHECK(whole.to >= part.to);
    CHECK(part.task == whole.task);
    CHECK(part.task != 0);
}

TEST_CASE("tasks_with_locals_and_deadlines_are_traced_to_their_ends") {
    static bf::task_local<int> number{bf::inherit::yes};
    bf::runtime made{traced(2)};
    std::atomic<int> sum = 0;
    made.run([&]() -> bf::task<> {
        number.emplace(7);
        std::vector<bf::join_handle<void>> all;
        for (int n = 0; n < 100; ++n)
            all.push_back(bf::spawn(n % 2 == 0 ? bf::backend::stackful : bf::backend::stackless,
                                    [&] { sum += number.get_or(0); }));
        for (auto& one : all) co_await std::move(one);
    });
    CHECK(sum == 700);
    const bf::runtime_trace trace = made.trace();
    std::set<std::uint64_t> begun, ended;
    for (const bf::trace_event& one : trace.events()) {
        if (one.what == kind::first_poll) begun.insert(one.task);
        if (one.last) ended.insert(one.task);
    }
    CHECK(begun.size() == 101);
    CHECK(begun == ended);
}

TEST_CASE("a_trace_is_taken_while_workers_write_it") {
    bf::runtime made{traced(2, 4096)};
    std::atomic<bool> enough = false;
    std::vector<bf::join_handle<void>> tasks;
    for (int n = 0; n < 4; ++n)
        tasks.push_back(made.spawn(named("busy"), [&]() -> bf::task<> {
            while (!enough) co_await bf::yield_now();
        }));
    for (int n = 0; n < 200; ++n) {
        const bf::runtime_trace trace = made.trace();
        for (const bf::trace_event& one : trace.events()) {
            REQUIRE(one.to >= one.from);
            REQUIRE((one.what == kind::sleep || one.task != 0));
        }
    }
    enough = true;
    for (auto& one : tasks) one.join();
}

TEST_CASE("a_bad_size_of_traces_is_refused") {
    for (const std::size_t bytes : {std::size_t{1}, std::size_t{4095}, (std::size_t{1} << 30) + 1})
        CHECK_THROWS_WITH(bf::runtime{traced(1, bytes)}, Contains("trace_bytes is " + std::to_string(bytes)));
}

TEST_CASE("a_ring_keeps_the_latest_events") {
    bf::runtime made{traced(1, 4096)};
    made.run([]() -> bf::task<> {
        for (int n = 0; n < 1'000; ++n) co_await bf::yield_now();
    });
    const bf::runtime_trace trace = made.trace();
    CHECK(trace.events().size() == 64);
    CHECK(std::ranges::is_sorted(trace.events(), {}, &bf::trace_event::to));
}
