// Scopes: children end first, the first error cancels the rest, in both models and in both forms.
#include "last_words.hpp"
#include "one_worker.hpp"

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace both;
using Catch::Matchers::Contains;
using tests::let_others_park;

namespace {

bf::task<> count_later(std::atomic<int>& count) {
    for (int n = 0; n < 5; ++n) co_await bf::yield_now();
    ++count;
}

void count_on_a_fiber(std::atomic<int>& count) {
    for (int n = 0; n < 5; ++n) bf::this_fiber::yield();
    ++count;
}

bf::task<> fail_later(const char* what) {
    co_await bf::yield_now();
    throw std::runtime_error{what};
}

// How many bodies have begun, and how many were unwound. One that is cancelled before it begins counts nowhere.
struct tally {
    std::atomic<int> begun{0};
    std::atomic<int> ended{0};
};

// Notes that its body has begun, and that it was unwound.
class witness {
public:
    explicit witness(tally& seen) noexcept : seen_{&seen} { ++seen_->begun; }
    witness(const witness&) = delete;
    witness& operator=(const witness&) = delete;
    ~witness() { ++seen_->ended; }

private:
    tally* seen_;
};

bf::task<> wait_for_ever(tally& seen) {
    const witness here{seen};
    co_await bf::pending();
}

void wait_for_ever_on_a_fiber(tally& seen) {
    const witness here{seen};
    bf::await(bf::pending());
}

}  // namespace

TEST_CASE("a_scope_ends_after_its_children_of_both_models") {
    for (const bf::backend model : tests::both_backends) {
        bf::runtime rt{small_runtime(4)};
        std::atomic<int> count{0};
        const int value = rt.spawn(model, [&]() -> bf::task<int> {
                                const auto body = [&](bf::task_scope& scope) -> bf::task<int> {
                                    for (int n = 0; n < 100; ++n) {
                                        scope.spawn(count_later, std::ref(count));
                                        scope.spawn(bf::backend::stackful, count_on_a_fiber, std::ref(count));
                                    }
                                    // Children have children.
                                    scope.spawn([&scope, &count] { scope.spawn(count_later, std::ref(count)); });
                                    auto seven = scope.spawn([] { return 7; });
                                    co_return co_await seven;
                                };
                                const int got = co_await bf::with_scope(body);
                                co_return got + count;
                            }).join();
        CHECK(value == 208);
    }
}

TEST_CASE("a_scope_in_a_fiber_and_on_a_thread_waits_in_its_destructor") {
    bf::runtime rt{small_runtime(2)};
    std::atomic<int> count{0};
    rt.run([&] {
        bf::task_scope scope;
        for (int n = 0; n < 10; ++n) scope.spawn(tests::both_backends[n % 2], count_later, std::ref(count));
    });
    CHECK(count == 10);
    {
        bf::task_scope scope{rt};
        for (int n = 0; n < 10; ++n) scope.spawn(tests::both_backends[n % 2], count_later, std::ref(count));
        bf::await(scope.join());
        CHECK(count == 20);
        CHECK(scope.alive() == 0);
        scope.spawn(count_later, std::ref(count));
    }
    CHECK(count == 21);
}

TEST_CASE("the_first_error_cancels_children_and_body_and_comes_out_when_all_have_ended") {
    for (const bf::backend model : tests::both_backends) {
        bf::runtime rt{small_runtime(2)};
        tally seen;
        auto handle = rt.spawn(model, [&]() -> bf::task<> {
            const auto body = [&](bf::task_scope& scope) -> bf::task<> {
                for (int n = 0; n < 20; ++n) {
                    scope.spawn(wait_for_ever, std::ref(seen));
                    scope.spawn(bf::backend::stackful, wait_for_ever_on_a_fiber, std::ref(seen));
                }
                // All of them run before the one that fails.
                while (seen.begun != 40) co_await bf::yield_now();
                scope.spawn(fail_later, "child");
                const witness here{seen};
                co_await bf::pending();
            };
            co_await bf::with_scope(body);
        });
        CHECK_THROWS_WITH(handle.join(), "child");
        CHECK(seen.ended == 41);
    }
}

TEST_CASE("an_error_of_the_body_cancels_the_children_and_other_errors_are_kept") {
    for (const bf::backend model : tests::both_backends) {
        bf::runtime rt{small_runtime(1)};
        std::vector<std::exception_ptr> others;
        tally seen;
        auto handle = rt.spawn(model, [&]() -> bf::task<> {
            const auto body = [&](bf::task_scope& scope) -> bf::task<> {
                scope.spawn(wait_for_ever, std::ref(seen));
                scope.spawn([]() -> bf::task<> {
                    const auto clean_up = [] { throw std::runtime_error{"clean-up"}; };
                    try {
                        co_await bf::finally(bf::pending(), clean_up);
                    } catch (...) {
                    }
                });
                scope.spawn(bf::backend::stackful, [] {
                    try {
                        bf::await(bf::pending());
                    } catch (const bf::cancelled&) {
                        throw std::runtime_error{"late"};
                    }
                });
                for (int n = 0; n < 50; ++n) co_await bf::yield_now();
                throw std::runtime_error{"body"};
            };
            co_await bf::with_scope(body, &others);
        });
        CHECK_THROWS_WITH(handle.join(), "body");
        CHECK(seen.ended == 1);
        REQUIRE(others.size() == 1);
        CHECK_THROWS_WITH(std::rethrow_exception(others[0]), "late");
    }
}

TEST_CASE("a_fiber_joins_its_scope_and_gets_the_first_error") {
    bf::runtime rt{small_runtime(2)};
    tally seen;
    rt.run([&] {
        bf::task_scope scope;
        scope.spawn(wait_for_ever, std::ref(seen));
        while (seen.begun != 1) bf::this_fiber::yield();
        auto failing = scope.spawn(fail_later, "one");
        const auto outcome = bf::await(failing.outcome());
        CHECK_FALSE(outcome.has_value());
        CHECK(outcome.error().is_cancelled());
        CHECK_THROWS_WITH(bf::await(scope.join()), "one");
        CHECK(seen.ended == 1);
        // A scope that has failed starts nobody.
        auto late = scope.spawn([] { return 1; });
        CHECK_FALSE(bf::await(late.outcome()).has_value());
    });
}

TEST_CASE("an_exception_on_its_way_out_of_a_fiber_cancels_the_scope") {
    bf::runtime rt{small_runtime(2)};
    tally seen;
    CHECK_THROWS_WITH(rt.run([&] {
        bf::task_scope scope;
        scope.spawn(wait_for_ever, std::ref(seen));
        scope.spawn(bf::backend::stackful, wait_for_ever_on_a_fiber, std::ref(seen));
        while (seen.begun != 2) bf::this_fiber::yield();
        throw std::runtime_error{"out"};
    }),
                      "out");
    CHECK(seen.ended == 2);
}

TEST_CASE("cancelling_a_task_with_a_scope_cancels_the_children_first") {
    for (const bf::backend model : tests::both_backends) {
        bf::runtime rt{small_runtime(2)};
        tally seen;
        bool before = false;
        auto handle = rt.spawn(model, [&]() -> bf::task<> {
            const witness here{seen};
            const auto body = [&](bf::task_scope& scope) -> bf::task<> {
                for (int n = 0; n < 10; ++n) scope.spawn(tests::both_backends[n % 2], wait_for_ever, std::ref(seen));
                co_await bf::pending();
            };
            co_await bf::with_scope(body);
        });
        while (seen.begun != 11) std::this_thread::yield();
        handle.cancel();
        before = bf::block_on(handle.outcome()).has_value();
        CHECK_FALSE(before);
        CHECK(seen.ended == 11);
    }
    bf::runtime rt{small_runtime(2)};
    tally seen;
    auto fiber = rt.spawn(bf::backend::stackful, [&] {
        bf::task_scope scope;
        scope.spawn(wait_for_ever, std::ref(seen));
        bf::await(scope.join());
    });
    while (seen.begun != 1) std::this_thread::yield();
    fiber.cancel();
    CHECK_FALSE(bf::block_on(fiber.outcome()).has_value());
    CHECK(seen.ended == 1);
}

TEST_CASE("a_scope_is_refused_where_it_could_not_wait") {
    CHECK_THROWS_WITH(bf::task_scope{}, Contains("outside"));
    bf::runtime rt{small_runtime(1)};
    CHECK_THROWS_WITH(rt.spawn([]() -> bf::task<> {
                            bf::task_scope scope;
                            co_return;
                        }).join(),
                      Contains("with_scope"));
    // Nor could a coroutine that a fiber awaits: it would leave its poll.
    const auto makes_one = [&rt](bool of_runtime) -> bf::task<> {
        if (of_runtime)
            const bf::task_scope scope{rt};
        else
            const bf::task_scope scope;
        co_return;
    };
    rt.run([&] {
        for (const bool of_runtime : {false, true})
            CHECK_THROWS_WITH(bf::await(makes_one(of_runtime)), Contains("with_scope"));
    });
    if (!tests::children_have_threads) return;
    tests::check_aborts("a scope was destroyed while its children live", [] {
        bf::runtime inside{small_runtime(1)};
        inside.run([]() -> bf::task<> {
            const auto body = [](bf::task_scope& scope) -> bf::task<> {
                scope.spawn([]() -> bf::task<> { co_await bf::pending(); });
                co_await bf::pending();
            };
            auto scope = bf::with_scope(body);
            auto turn = bf::yield_now();
            (void)co_await bf::select(scope, turn);
        });
    });
}

TEST_CASE("a_body_that_joins_its_own_scope_does_not_swallow_the_error") {
    for (const bf::backend model : tests::both_backends) {
        bf::runtime rt{small_runtime(1)};
        std::vector<std::exception_ptr> others;
        auto joins = rt.spawn(model, [&]() -> bf::task<int> {
            const auto body = [](bf::task_scope& scope) -> bf::task<int> {
                scope.spawn(fail_later, "child");
                co_await scope.join();
                co_return 1;
            };
            co_return co_await bf::with_scope(body, &others);
        });
        CHECK_THROWS_WITH(joins.join(), "child");
        CHECK(others.empty());
    }
}

TEST_CASE("a_fiber_that_is_cancelled_in_the_destructor_of_its_scope_cancels_the_children") {
    bf::runtime rt{small_runtime(2)};
    tally seen;
    auto fiber = rt.spawn(bf::backend::stackful, [&] {
        bf::task_scope scope;
        scope.spawn(wait_for_ever, std::ref(seen));
    });
    while (seen.begun != 1) std::this_thread::yield();
    fiber.cancel();
    (void)bf::block_on(fiber.outcome());
    CHECK(seen.ended == 1);
}
