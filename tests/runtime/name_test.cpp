// Names of tasks, and what a shutdown says about those that do not end.
#include "catch.hpp"
#include "last_words.hpp"
#include <bifilar/base/detail/sanitizer.hpp>
#include <bifilar/bifilar.hpp>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace bf = bifilar;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

bf::spawn_options named(bf::backend on, const char* name) {
    bf::spawn_options options;
    options.on = on;
    options.name = name;
    return options;
}

// Ends when it is told, and not because it was cancelled. Counts those that have begun.
class stubborn {
public:
    using output = void;
    stubborn(bf::event& until, std::atomic<int>& begun) : wait_{until.wait()}, begun_{&begun} {}
    bf::polled<void> poll(bf::context& cx) {
        if (begun_ != nullptr) ++*std::exchange(begun_, nullptr);
        return wait_.poll(cx);
    }
    bf::polled<void> poll_cancel(bf::context& cx) { return wait_.poll(cx); }

private:
    bf::event::wait_future wait_;
    std::atomic<int>* begun_;  // Null after the first poll.
};

const bf::task_description* find(const bf::shutdown_report& report, std::string_view name) {
    const auto at = std::find_if(report.tasks().begin(), report.tasks().end(),
                                 [&](const bf::task_description& one) { return one.name == name; });
    return at != report.tasks().end() ? &*at : nullptr;
}

bool tells_of_parked(const bf::shutdown_report& report, std::size_t count) {
    return report.tasks().size() == count && std::all_of(report.tasks().begin(), report.tasks().end(),
                                                         [](const bf::task_description& one) { return one.parked; });
}

}  // namespace

TEST_CASE("a_shutdown_names_the_tasks_that_do_not_end_and_what_they_wait_on") {
    bf::event go;
    std::atomic<int> begun{0};
    bf::runtime rt;
    auto coroutine = rt.spawn(
        named(bf::backend::stackless, "a coroutine"),
        [](bf::event& e, std::atomic<int>& n) -> bf::task<> { co_await stubborn{e, n}; }, std::ref(go),
        std::ref(begun));
    auto lambda = rt.spawn(named(bf::backend::stackless, "a lambda"),
                           [&go, &begun]() -> bf::task<> { co_await stubborn{go, begun}; });
    auto fiber = rt.spawn(
        named(bf::backend::stackful, "a fiber"), [](bf::event& e, std::atomic<int>& n) { bf::await(stubborn{e, n}); },
        std::ref(go), std::ref(begun));
    auto future = rt.spawn(named(bf::backend::stackless, "a future"), stubborn{go, begun});
    auto nameless = rt.spawn(stubborn{go, begun});
    // Those that have not begun end when they are cancelled.
    while (begun != 5) std::this_thread::yield();

    bf::shutdown_report report{0, 0};
    for (int attempt = 0; attempt < 1'000 && !tells_of_parked(report, 5); ++attempt)  // A slow machine needs several.
        report = rt.shutdown(std::chrono::steady_clock::now() + 20ms);
    CHECK_FALSE(report.clean());
    CHECK(report.tasks_alive() == 5);
    CHECK(report.tasks().size() == 5);
    for (const std::string name : {"a coroutine", "a lambda", "a fiber", "a future"}) {
        INFO(name);
        const bf::task_description* const one = find(report, name);
        REQUIRE(one != nullptr);
        CHECK(one->parked);
        CHECK_THAT(std::string{one->waits_on}, Contains("stubborn"));
        CHECK_THAT(one->spawned_at.file_name(), Contains("name_test.cpp"));
        CHECK_THAT(bf::to_string(*one), Contains("task " + name) && Contains("name_test.cpp:") && Contains("waits on"));
    }
    CHECK(find(report, "a fiber")->model == "fiber");
    CHECK(find(report, "a coroutine")->model == "coroutine");
    CHECK(find(report, "a lambda")->model == "coroutine");
    CHECK(find(report, "a future")->model == "future");
    go.set();
    CHECK(rt.shutdown().clean());
}

TEST_CASE("a_shutdown_names_a_task_that_keeps_its_worker_busy") {
    std::atomic<bool> stop{false};
    std::atomic<bool> busy{false};
    bf::runtime_options options;
    options.workers = 1;
    bf::runtime rt{options};
    auto spins = rt.spawn(named(bf::backend::stackful, "spinner"), [&] {
        busy = true;
        while (!stop) std::this_thread::yield();
    });
    while (!busy) std::this_thread::yield();
    const auto report = rt.shutdown(std::chrono::steady_clock::now() + 20ms);
    const bool named_it = find(report, "spinner") != nullptr;
    stop = true;
    CHECK_FALSE(report.clean());
    CHECK(named_it);
    CHECK(rt.shutdown().clean());
}

TEST_CASE("a_shutdown_waits_for_blocking_calls_and_counts_those_that_are_left") {
    std::atomic<bool> stop{false};
    std::atomic<bool> busy{false};
    bf::runtime rt;
    std::optional<bf::join_handle<void>> call;
    rt.run([&] {
        call.emplace(bf::spawn_blocking([&] {
            busy = true;
            while (!stop) std::this_thread::yield();
        }));
    });
    while (!busy) std::this_thread::yield();
    const auto report = rt.shutdown(std::chrono::steady_clock::now() + 5ms);
    CHECK_FALSE(report.clean());
    CHECK(report.tasks_alive() == 0);
    CHECK(report.blocking_calls() == 1);
    std::thread later{[&] {
        std::this_thread::sleep_for(5ms);
        stop = true;
    }};
    CHECK(rt.shutdown().clean());
    CHECK(stop);
    later.join();
    call->join();
}

TEST_CASE("a_detached_exception_and_a_failed_check_name_the_task") {
    if (!tests::children_have_threads) return;
    const auto lose = []<class Error>(std::atomic<bool>& begins, Error error) -> bf::task<> {
        begins = true;
        throw error;
        co_return;
    };
    const auto last_words_of = [&lose](auto error) {
        return tests::dies([&] {
            std::atomic<bool> begun{false};
            bf::runtime rt;
            rt.spawn(named(bf::backend::stackless, "loser"), lose, std::ref(begun), error).detach();
            // Cancelled before it begins it would throw nothing.
            while (!begun) std::this_thread::yield();
            (void)rt.shutdown();
        });
    };
    const tests::last_words lost = last_words_of(std::runtime_error{"out of luck"});
    CHECK(lost.signal == SIGABRT);
    CHECK_THAT(lost.text, Contains("detached task loser ended with an exception: out of luck"));
    const tests::last_words unknown = last_words_of(13);
    CHECK(unknown.signal == SIGABRT);
    CHECK_THAT(unknown.text, Contains("detached task loser ended with an exception of unknown type"));
    for (const auto on : {bf::backend::stackless, bf::backend::stackful}) {
        const tests::last_words wrong = tests::dies([on] {
            bf::runtime rt;
            rt.spawn(named(on, "careless"), [] {
                  auto handle = bf::spawn([] {});
                  handle.detach();
                  handle.cancel();
              }).join();
        });
        CHECK_THAT(wrong.text, Contains("detached or moved from") && Contains("task careless"));
    }
}

// In a process of its own: the test framework takes the handler of the runtimes before away.
TEST_CASE("a_fiber_overflows", "[.]") {
    bf::runtime rt;
    bf::spawn_options options = named(bf::backend::stackful, "deep one");
    options.stack_bytes = 16 * 1024;
    rt.spawn(options, [] { (void)tests::descend(100); }).join();
}

TEST_CASE("an_overflow_names_the_fiber") {
    if (!tests::children_have_threads) return;
    const tests::last_words last = tests::dies(
        [] { ::execl("/proc/self/exe", "test_runtime", "a_fiber_overflows", static_cast<char*>(nullptr)); });
    CHECK_THAT(last.text, Contains("fiber stack overflow: task deep one, spawned at") && Contains("name_test.cpp"));
}
