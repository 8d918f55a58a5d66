// A task that waits while it holds a std::mutex is told so, by name; debug builds know.
#include "both/in_each_model.hpp"
#include "last_words.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#if defined(BIFILAR_DEBUG) && !defined(BIFILAR_ASAN) && !defined(BIFILAR_TSAN)

using namespace std::chrono_literals;
using namespace both;
using Catch::Matchers::Contains;

namespace {

bf::task<> wait_with_a_lock(bool lets_go) {
    std::mutex mutex;
    std::unique_lock held{mutex};
    if (lets_go) held.unlock();
    co_await bf::sleep_for(1ms);
}

void wait_in_a_fiber_with_a_lock(bool lets_go) {
    std::recursive_mutex mutex;
    std::unique_lock held{mutex, std::try_to_lock};
    if (lets_go) held.unlock();
    bf::this_fiber::yield();
}

// Locks, and waits as threads wait; all is let go before the task waits.
bf::task<> wait_for_a_condition() {
    std::mutex mutex;
    std::condition_variable changed;
    {
        std::unique_lock held{mutex};
        (void)changed.wait_for(held, 1ms);
    }
    co_await bf::yield_now();
}

template <class Body, class... Args>
tests::last_words words_of(bf::backend on, Body body, Args... args) {
    return tests::dies([=] {
        bf::runtime rt{small_runtime(1)};
        bf::spawn_options options;
        options.on = on;
        options.name = "the careless";
        rt.spawn(options, body, args...).join();
    });
}

void check_told(const tests::last_words& said) {
    CHECK(said.signal == 0);
    CHECK_THAT(said.text, Contains("waits while it holds a std::mutex"));
    CHECK_THAT(said.text, Contains("task the careless"));
}

}  // namespace

TEST_CASE("a_task_that_waits_while_it_holds_a_mutex_of_the_system_is_named") {
    if (!tests::children_have_threads) return;
    check_told(words_of(bf::backend::stackless, wait_with_a_lock, false));
    check_told(words_of(bf::backend::stackful, wait_in_a_fiber_with_a_lock, false));
    CHECK(words_of(bf::backend::stackless, wait_with_a_lock, true).text.empty());
    CHECK(words_of(bf::backend::stackful, wait_in_a_fiber_with_a_lock, true).text.empty());
    CHECK(words_of(bf::backend::stackless, wait_for_a_condition).text.empty());
}

#endif
