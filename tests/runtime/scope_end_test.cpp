// How a task_scope ends: cancelled by hand, with several errors, and with an error that nobody joined.
#include "last_words.hpp"
#include "one_worker.hpp"

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace both;
using tests::let_others_park;

namespace {

bf::task<> stay(std::atomic<int>& begun) {
    ++begun;
    co_await bf::pending();
}

bf::task<> fail(const char* what) {
    co_await bf::yield_now();
    throw std::runtime_error{what};
}

void fail_when_cancelled(const char* what, std::vector<std::string>& thrown) {
    try {
        bf::await(bf::pending());
    } catch (const bf::cancelled&) {
        thrown.emplace_back(what);
        throw std::runtime_error{what};
    }
}

template <class Handle>
bool ends_as_cancelled(Handle& child) {
    const auto outcome = bf::await(child.outcome());
    return !outcome.has_value() && outcome.error().is_cancelled();
}

// Runs `body(model)` as a fiber of a runtime with one worker, for both models of the children; what the runtime's
// handler of lost exceptions was told.
template <class Body>
std::vector<std::string> lost_in(Body body) {
    std::vector<std::string> lost;
    for (const bf::backend model : tests::both_backends) {
        bf::runtime_options options = small_runtime(1);
        options.on_detached_exception = [&lost](std::exception_ptr error) {
            try {
                std::rethrow_exception(std::move(error));
            } catch (const std::exception& what) {
                lost.emplace_back(what.what());
            }
        };
        bf::runtime rt{options};
        rt.run(body, model);
    }
    return lost;
}

}  // namespace

TEST_CASE("a_cancelled_scope_ends_its_children_without_an_error_and_starts_no_others") {
    tests::on_one_worker([](bf::backend model) {
        std::atomic<int> begun{0};
        bf::task_scope scope;
        auto parked = scope.spawn(model, stay, std::ref(begun));
        let_others_park();
        auto fresh = scope.spawn(model, stay, std::ref(begun));
        scope.cancel();
        scope.cancel();
        CHECK(scope.alive() == 2);  // It does not wait.
        bf::await(scope.join());
        CHECK(scope.alive() == 0);
        CHECK(ends_as_cancelled(parked));
        CHECK(ends_as_cancelled(fresh));
        auto late = scope.spawn(model, stay, std::ref(begun));
        CHECK(ends_as_cancelled(late));
        bf::await(scope.join());
        CHECK(begun == 1);
        CHECK(scope.take_other_errors().empty());
    });
}

TEST_CASE("a_scope_is_cancelled_by_one_of_its_children_or_by_any_thread") {
    for (const bf::backend model : tests::both_backends)
        for (const bool by_child : {true, false}) {
            INFO(bf::to_string(model) << (by_child ? ", by a child" : ", by a thread"));
            bf::runtime rt{small_runtime(4)};
            bf::task_scope scope{rt};
            std::atomic<int> begun{0};
            for (int n = 0; n < 100; ++n) scope.spawn(tests::both_backends[n % 2], stay, std::ref(begun));
            while (begun != 100) std::this_thread::yield();
            std::thread canceller;
            if (by_child)
                scope.spawn(model, [&scope]() -> bf::task<> {
                    scope.cancel();
                    co_await bf::pending();
                });
            else
                canceller = std::thread{[&scope] { scope.cancel(); }};
            CHECK_NOTHROW(bf::await(scope.join()));
            CHECK(scope.alive() == 0);
            if (canceller.joinable()) canceller.join();
        }
}

TEST_CASE("the_body_of_a_scope_that_it_cancels_goes_on_to_its_end") {
    tests::on_one_worker([](bf::backend model) {
        std::atomic<int> begun{0};
        auto body = [&begun](bf::task_scope& scope) -> bf::task<int> {
            for (const bf::backend on : tests::both_backends) scope.spawn(on, stay, std::ref(begun));
            while (begun != 2) co_await bf::yield_now();
            scope.cancel();
            co_await scope.join();
            co_return 5;
        };
        CHECK(bf::await(bf::spawn(model, bf::with_scope(body))) == 5);
    });
}

TEST_CASE("a_child_that_throws_because_its_scope_was_cancelled_fails_the_scope") {
    bf::runtime rt{small_runtime(1)};
    rt.run([] {
        std::vector<std::string> thrown;
        bf::task_scope scope;
        scope.spawn(bf::backend::stackful, fail_when_cancelled, "late", std::ref(thrown));
        let_others_park();
        scope.cancel();
        CHECK_THROWS_WITH(bf::await(scope.join()), "late");
        CHECK(scope.take_other_errors().empty());
    });
}

TEST_CASE("a_scope_keeps_the_errors_beside_the_first_in_the_order_in_which_they_came") {
    tests::on_one_worker([](bf::backend model) {
        std::vector<std::string> thrown;
        bf::task_scope scope;
        for (const char* const what : {"one", "two", "three"})
            scope.spawn(bf::backend::stackful, fail_when_cancelled, what, std::ref(thrown));
        let_others_park();
        scope.spawn(model, fail, "first");
        CHECK_THROWS_WITH(bf::await(scope.join()), "first");
        const auto others = scope.take_other_errors();
        REQUIRE(thrown.size() == 3);
        REQUIRE(others.size() == 3);
        for (std::size_t n = 0; n < 3; ++n) CHECK_THROWS_WITH(std::rethrow_exception(others[n]), thrown[n]);
        CHECK(scope.take_other_errors().empty());
        // The first was never among them, and comes out of every join.
        CHECK_THROWS_WITH(bf::await(scope.join()), "first");
    });
}

TEST_CASE("an_exception_that_no_join_rethrew_goes_to_the_handler_when_the_scope_ends") {
    int ended = 0;
    const auto lost = lost_in([&](bf::backend model) {
        {
            bf::task_scope scope;
            scope.spawn(model, fail, "child");
        }
        ++ended;
    });
    CHECK(lost == std::vector<std::string>{"child", "child"});
    CHECK(ended == 2);
}

TEST_CASE("an_exception_that_a_join_rethrew_is_not_told_to_the_handler") {
    const auto lost = lost_in([](bf::backend model) {
        bf::task_scope scope;
        scope.spawn(model, fail, "child");
        CHECK_THROWS_WITH(bf::await(scope.join()), "child");
    });
    CHECK(lost.empty());
}

TEST_CASE("an_exception_of_a_child_is_dropped_where_another_is_on_its_way_out") {
    const auto lost = lost_in([](bf::backend model) {
        const auto unwinds = [model] {
            bf::task_scope scope;
            auto child = scope.spawn(model, fail, "child");
            CHECK(ends_as_cancelled(child));
            throw std::runtime_error{"out"};
        };
        CHECK_THROWS_WITH(unwinds(), "out");
        // The cancellation of the fiber is such an exception.
        auto parked = bf::spawn(bf::backend::stackful, [model] {
            bf::task_scope scope;
            auto child = scope.spawn(model, fail, "child");
            CHECK(ends_as_cancelled(child));
            bf::await(bf::pending());
        });
        let_others_park();
        parked.cancel();
        CHECK(ends_as_cancelled(parked));
    });
    CHECK(lost.empty());
    bf::runtime rt{small_runtime(2)};
    const auto unwinds_a_thread = [&rt] {
        bf::task_scope scope{rt};
        auto child = scope.spawn(fail, "child");
        CHECK(ends_as_cancelled(child));
        throw std::runtime_error{"out"};
    };
    CHECK_THROWS_WITH(unwinds_a_thread(), "out");
}

TEST_CASE("an_exception_that_no_join_rethrew_aborts_on_a_plain_thread") {
    if (!tests::children_have_threads) return;
    tests::check_aborts("a task_scope ended with an exception of a child; join() it", [] {
        bf::runtime rt{small_runtime(1)};
        bf::task_scope scope{rt};
        scope.spawn(fail, "child");
    });
}
