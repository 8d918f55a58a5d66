// Wrong use of tasks, handles and fibers ends with a sentence that names the remedy.
#include "last_words.hpp"
#include "one_worker.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

using namespace both;
using tests::both_backends;
using tests::check_aborts;

namespace {

bf::task<int> one() { co_return 1; }

bf::task<int> awaits_twice() {
    auto child = one();
    const int first = co_await std::move(child);
    const int second = co_await std::move(child);
    co_return first + second;
}

struct yields_when_destroyed {
    ~yields_when_destroyed() { bf::this_fiber::yield(); }
};

bf::task<> yields_at_its_end() {
    const yields_when_destroyed local;
    co_await bf::pending();
}

std::string fail() { throw std::runtime_error{"of the body"}; }

}  // namespace

TEST_CASE("a_task_that_was_moved_from_aborts_its_awaiter") {
    check_aborts("a task was awaited after it was ready, awaited or moved from", [] { (void)bf::run(awaits_twice); });
}

TEST_CASE("joining_again_aborts_whatever_came_out") {
    for (const bf::backend on : both_backends) {
        check_aborts("a join_handle was awaited again after its outcome had come out; await it once", [on] {
            bf::runtime rt{small_runtime(1)};
            auto failed = rt.spawn(on, fail);
            CHECK_THROWS_WITH(failed.join(), "of the body");
            (void)failed.join();
        });
        check_aborts("a join_handle was awaited again after its outcome had come out; await it once", [on] {
            bf::runtime rt{small_runtime(1)};
            auto done = rt.spawn(on, [] { return std::string(100, 'v'); });
            CHECK(done.join() == std::string(100, 'v'));
            (void)done.join();
        });
    }
}

TEST_CASE("a_handle_that_was_waited_for_lets_go_of_its_task") {
    bf::runtime rt{small_runtime(1)};
    for (const bf::backend on : both_backends) {
        const auto kept = std::make_shared<int>(7);
        auto handle = rt.spawn(on, [kept] { return kept; });
        CHECK(handle.join() == kept);
        CHECK(kept.use_count() == 1);
        // What may be asked before its end may be asked after it.
        CHECK(handle.done());
        handle.cancel();
        auto moved = std::move(handle);
        CHECK(moved.done());
        moved.cancel();
        moved.detach();
        moved = rt.spawn(on, [kept] { return kept; });
        CHECK(moved.join() == kept);
        check_aborts("cancel_handle() on a join_handle that was detached, moved from or waited for; ask before", [on] {
            bf::runtime other{small_runtime(1)};
            auto done = other.spawn(on, [] {});
            done.join();
            (void)done.cancel_handle();
        });
    }
}

TEST_CASE("an_exception_that_outlives_its_runtime_is_not_told_to_another") {
    for (const bf::backend on : both_backends)
        check_aborts("outlived its runtime; join the handle first", [on] {
            std::optional<bf::join_handle<std::string>> failed;
            bf::runtime_options options = small_runtime(1);
            options.on_detached_exception = [](std::exception_ptr) {};
            {
                bf::runtime ends{options};
                failed.emplace(ends.spawn(on, fail));
                while (!failed->done()) std::this_thread::yield();
            }
            const bf::runtime next{options};
            failed.reset();
        });
}

TEST_CASE("an_exception_that_outlives_its_runtime_is_not_told_to_one_in_its_place") {
    constexpr int places = 4'094;
    for (const bf::backend on : both_backends)
        check_aborts("outlived its runtime; join the handle first", [on] {
            std::optional<bf::join_handle<std::string>> failed;
            bf::runtime_options options = small_runtime(1);
            options.on_detached_exception = [](std::exception_ptr) {};
            {
                bf::runtime ends{options};
                failed.emplace(ends.spawn(on, fail));
                while (!failed->done()) std::this_thread::yield();
            }
            for (int n = 1; n < places; ++n) const bf::runtime between{options};
            const bf::runtime in_its_place{options};
            failed.reset();
        });
}

TEST_CASE("a_fiber_that_would_leave_in_the_middle_of_a_poll_aborts") {
    check_aborts("a fiber would yield inside a future's poll; co_await yield_now() there", [] {
        bf::runtime rt{small_runtime(1)};
        rt.run([] { bf::await(bf::lazy([] { bf::this_fiber::yield(); })); });
    });
    // Bringing a future to rest is such a poll: destructors of coroutines run there.
    check_aborts("a fiber would yield inside a future's poll; co_await yield_now() there", [] {
        bf::runtime rt{small_runtime(1)};
        rt.run([] {
            auto waits = bf::spawn(bf::backend::stackful, [] { bf::await(yields_at_its_end()); });
            tests::let_others_park();
            waits.cancel();
            (void)bf::await(waits.outcome());
        });
    });
    check_aborts("a fiber would wait inside a future's poll; co_await there", [] {
        bf::runtime rt{small_runtime(1)};
        rt.run([] {
            auto scope = std::make_unique<bf::task_scope>();
            bf::await(bf::lazy([&scope] { scope.reset(); }));
        });
    });
}

namespace {

constexpr const char* two_waiters = "two tasks wait for one join_handle at once";

using handle = bf::join_handle<std::string>;
using outcome = bf::outcome_future<std::string>;

template <class Wait>
bf::task<> waits_for(Wait& awaited) {
    (void)co_await awaited;
}
template <class Wait>
void waits_for_in_a_fiber(Wait& awaited) {
    (void)bf::await(awaited);
}
template <class Wait>
bf::task<> selects(Wait& awaited) {
    auto never = bf::pending();
    (void)co_await bf::select(awaited, never);
}

template <class Wait>
bf::join_handle<void> spawn_waiter(bf::backend on, Wait& awaited) {
    if (on == bf::backend::stackless) return bf::spawn(on, waits_for<Wait>, std::ref(awaited));
    return bf::spawn(on, waits_for_in_a_fiber<Wait>, std::ref(awaited));
}

bf::task<std::string> says_when(bf::event& go) {
    co_await go.wait();
    co_return "ready";
}

// Two tasks wait for the same; the second is awaited last.
template <class Begin>
void check_second_waiter_aborts(bf::backend second, Begin begin) {
    check_aborts(two_waiters, [=] {
        bf::runtime rt{small_runtime(1)};
        rt.run([=] {
            bf::event go;
            handle awaited = bf::spawn(says_when, std::ref(go));
            begin(awaited, second);
            go.set();
            bf::await(bf::pending());
        });
    });
}

template <class Wait>
void two_wait(bf::backend first, bf::backend second, Wait& awaited) {
    auto one = spawn_waiter(first, awaited);
    tests::let_others_park();
    auto other = spawn_waiter(second, awaited);
    tests::let_others_park();
    // Woken, the first would have been left asleep.
    bf::await(one);
}

}  // namespace

TEST_CASE("two_tasks_that_wait_for_one_handle_abort") {
    for (const bf::backend first : both_backends)
        for (const bf::backend second : both_backends) {
            check_second_waiter_aborts(second,
                                       [first](handle& awaited, bf::backend on) { two_wait(first, on, awaited); });
            check_second_waiter_aborts(second, [first](handle& awaited, bf::backend on) {
                outcome whole = awaited.outcome();
                two_wait(first, on, whole);
            });
        }
}

TEST_CASE("a_task_that_waits_for_a_handle_of_a_select_of_another_aborts") {
    for (const bf::backend second : both_backends)
        check_second_waiter_aborts(second, [](handle& awaited, bf::backend on) {
            auto one = bf::spawn(selects<handle>, std::ref(awaited));
            tests::let_others_park();
            auto other = spawn_waiter(on, awaited);
            bf::await(other);
        });
}

TEST_CASE("a_wait_for_a_handle_that_was_given_up_may_be_followed_by_another") {
    for (const bf::backend first : both_backends)
        tests::on_one_worker([first](bf::backend second) {
            bf::event go;
            handle awaited = bf::spawn(says_when, std::ref(go));
            const auto give_up = [](bf::join_handle<void> waiter) {
                tests::let_others_park();
                waiter.cancel();
                CHECK(bf::await(waiter.outcome()).error().is_cancelled());
            };
            give_up(spawn_waiter(first, awaited));
            give_up(bf::spawn(selects<handle>, std::ref(awaited)));
            // A look without a wait is none.
            CHECK(!bf::await(bf::spawn([&awaited]() -> bf::task<bool> {
                auto now = bf::ready(1);
                const auto first_of_two = co_await bf::select(now, awaited);
                co_return first_of_two.index() == 1;
            })));
            auto waits = spawn_waiter(second, awaited);
            tests::let_others_park();
            go.set();
            bf::await(waits);
        });
}

TEST_CASE("a_coroutine_that_waits_for_a_handle_may_be_polled_by_another_task") {
    tests::on_one_worker([](bf::backend second) {
        bf::event go;
        handle awaited = bf::spawn(says_when, std::ref(go));
        bf::task<> waits = waits_for(awaited);
        auto now = bf::ready(1);
        CHECK(bf::await(bf::select(waits, now)).index() == 1);
        auto taken_over = bf::spawn(second, std::move(waits));
        tests::let_others_park();
        go.set();
        bf::await(taken_over);
    });
}
